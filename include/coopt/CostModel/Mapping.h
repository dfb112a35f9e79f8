//===- Mapping.h - Loop nests of a convolution over a hierarchy of memories ===//
//
// A convolution is seven loops: images N, filters M, channels C, rows P and columns Q of the output, rows R and columns S of a
// filter. A mapping cuts each into factors and gives every factor to a level of memories: as a loop in time, or over the columns
// (X) or rows (Y) of the mesh behind the level. As text, in Timeloop's short form:
//
//   L2[WIO] P8 Q2 M4 - L1[IO] P14 Q4 Q14X C3Y S3Y - L0[WIO] R3 M8
//
// The outermost level comes first and has the highest number; brackets hold the tensors that the level keeps (Weights, Inputs,
// Outputs), others pass by it. Loops come from the outermost in; "K" is another name of M. Factors of 1 may be written.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_MAPPING_H
#define COOPT_COSTMODEL_MAPPING_H

#include "coopt/Machine/Npu.h"
#include "coopt/Support/Error.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace coopt::cost {

enum class LoopDimension { N, M, C, P, Q, R, S };
constexpr size_t kLoopDimensions = 7;
char name(LoopDimension dimension);

/// Where a loop runs: in time, or over a mesh.
enum class LoopAxis { Time, X, Y };

struct MappingLoop {
  LoopDimension dimension = LoopDimension::N;
  int64_t extent = 1;
  LoopAxis axis = LoopAxis::Time;
};

struct MappingLevel {
  std::vector<machine::NpuTensor> keeps; ///< each once
  std::vector<MappingLoop> loops;        ///< from the outermost in
};

struct Mapping {
  std::vector<MappingLevel> levels; ///< from the outermost in
};

/// Errors, with the level and the word: levels that are not numbered down to 0, letters that are no tensor or dimension, factors outside
/// 1 .. 2^20, more than 64 levels.
Expected<Mapping> parseMapping(std::string_view text);

/// Extents of the loops, by dimension.
using LoopExtents = std::array<int64_t, kLoopDimensions>;
inline int64_t &at(LoopExtents &extents, LoopDimension dimension) {
  return extents[static_cast<size_t>(dimension)];
}
inline int64_t at(const LoopExtents &extents, LoopDimension dimension) {
  return extents[static_cast<size_t>(dimension)];
}

/// Products of all factors of levels[first ..], by dimension: what these levels work on at a time.
LoopExtents extentsFrom(const Mapping &mapping, size_t first);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_MAPPING_H
