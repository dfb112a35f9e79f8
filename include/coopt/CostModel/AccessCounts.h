//===- AccessCounts.h - Accesses and energy of a mapping --------------------===//
//
// How often each memory of a machine's hierarchy is accessed when a convolution runs as a mapping says, and what energy that
// takes: the closed forms of Timeloop (Parashar et al., ISPASS 2019) and Accelergy (Wu et al., ICCAD 2019), in elements ("words"). Between memories
// there is no time here: cycles are steps of the loops in time.
//
// The tile of a tensor at a level is what the level's and all inner loops touch. Over the loops in time outside a level, from the
// outermost in and without those of one step, its tile is loaded
//   - once more in each step of a loop on which the tensor depends, and in each step of the loops outside that;
//   - only as far as it is new, where the innermost of all these loops steps, and windows overlap (sliding windows of inputs);
//   - not at all in steps of loops inside the innermost on which the tensor depends.
// Who keeps the tensor next outside reads a tile once for all places of a mesh that ask for the same (multicast); sums of several places
// are added up on their way (spatial reduction). Multipliers ask for their operands in every step.
//
// Outputs are updates of the level next outside. The first update of an output needs no read, later ones do; and a level need not
// be filled with outputs of which no sum was made before.
//
// Energy: reads are of the memory's read energy, fills and updates of its write energy, by lines of width_bits (words of a line share its
// energy); leaking is by cycle and used instance. A memory of several lanes is accessed once for all of its lanes that are used, which lie in
// as many memories as there are. A memory or multiplier without numbers in the machine's table is `unsourced` and in no
// total.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_ACCESSCOUNTS_H
#define COOPT_COSTMODEL_ACCESSCOUNTS_H

#include "coopt/CostModel/Mapping.h"

#include <optional>
#include <string>

namespace coopt::cost {

/// Row of an input = stride * P + dilation * R, columns with Q and S; padding is part of the input.
struct NestProblem {
  LoopExtents extents{};    ///< 1 .. 2^20 each
  int64_t strideHeight = 1; ///< 1 .. 2^20
  int64_t strideWidth = 1;
  int64_t dilationHeight = 1;
  int64_t dilationWidth = 1;
};
/// Elements of a tensor of these extents.
int64_t elements(const NestProblem &problem, machine::NpuTensor tensor, const LoopExtents &extents);

/// Of one tensor at one level, in words of all used instances.
struct TensorAccesses {
  machine::NpuTensor tensor = machine::NpuTensor::Weights;
  int64_t tile = 0; ///< words of one instance
  int64_t reads = 0, fills = 0, updates = 0;
  int64_t total() const { return reads + fills + updates; }
};

struct LevelAccesses {
  std::string name;
  int64_t instances = 0; ///< used
  std::vector<TensorAccesses> tensors;
  std::optional<double> picojoules; ///< absent: unsourced
  int64_t total() const;
};

struct AccessReport {
  int64_t cycles = 0;
  int64_t multiplications = 0;
  double utilization = 0;                     ///< of the multipliers
  std::vector<LevelAccesses> levels;          ///< as in the hierarchy
  std::optional<double> multiplierPicojoules; ///< absent: unsourced
  double picojoules = 0;                      ///< of all that is sourced
  std::vector<std::string> unsourced;         ///< names of levels, and "multiplier"
};

/// Errors, with their place: a machine without hierarchy; a mapping of another number of levels; factors whose product is not the extent of the
/// problem; a tensor in a level that does not keep it, or not in the first; meshes and memories that are too small; sizes out of range, more than
/// 2^61 accesses.
Expected<AccessReport> countAccesses(const machine::NpuMachine &machine, const NestProblem &problem,
                                     const Mapping &mapping);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_ACCESSCOUNTS_H
