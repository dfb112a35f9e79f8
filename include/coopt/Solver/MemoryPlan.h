//===- MemoryPlan.h - Tensors of a graph in a small memory ----------------===//
//
// # Memory plans
//
// Ops of a graph run one behind the other, each with all tensors that it reads and writes in a memory of few bytes (a scratchpad); what is not
// there is in a memory without limit behind it. A plan says in which order they run, from which step to which each tensor stays, and
// at which offset. What it costs is traffic, in bytes:
//
//   an input     one load for each stay
//   a result     one store if the graph gives it away, or if it has more than one stay (the memory behind has it from then on);
//                one load for each stay but the first
//
// (the problem of COSMA, "Combining Scheduling, Memory Allocation and Tensor Replacement for Minimizing Off-Chip Data Accesses of DNN
// Accelerators", arXiv 2311.18246). `bound` is a number of bytes below which no plan is; a plan whose traffic it is, is optimal.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SOLVER_MEMORYPLAN_H
#define COOPT_SOLVER_MEMORYPLAN_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace coopt::solver {

struct PlanTensor {
  std::string name;
  int64_t bytes = 0;
  bool isOutput = false; ///< the graph gives it away
};

struct PlanOp {
  std::string name;
  std::vector<size_t> reads, writes; ///< tensors
};

/// Each tensor is written by at most one op; those that none writes are inputs, which the memory behind has. Ops stand in an order in which they
/// can run.
struct PlanGraph {
  std::vector<PlanTensor> tensors;
  std::vector<PlanOp> ops;
};

struct PlanLimits {
  int64_t bytes = 0;         ///< of the memory
  int64_t alignment = 1;     ///< of offsets
  bool isOrderFixed = false; ///< ops run as they stand
  bool maySpill = true;      ///< results that are not given away may leave the memory before their last use
  double seconds = 10;       ///< of wall time; the best plan until then is taken
};

/// A tensor in the memory, from the step of one op to that of another, both included.
struct Stay {
  size_t tensor = 0;
  size_t first = 0, last = 0;
  int64_t offset = 0;
};

struct MemoryPlan {
  std::vector<size_t> order; ///< ops
  std::vector<Stay> stays;   ///< by their first step
  int64_t traffic = 0, bound = 0;

  bool isOptimal() const { return traffic == bound; }
  /// (traffic - bound) / traffic
  double gap() const {
    return traffic == 0 ? 0 : static_cast<double>(traffic - bound) / static_cast<double>(traffic);
  }
};

/// The bytes that a plan moves, by the rules above. Errors: it is none of this graph and these limits (an order that can't run, a tensor
/// that is not there when it is needed, two at one place at a time).
Expected<int64_t> trafficOf(const PlanGraph &graph, const PlanLimits &limits, const MemoryPlan &plan);

/// What the op needs that needs most, of tensors that are each rounded up to the alignment: with less there is no plan.
int64_t bytesNeeded(const PlanGraph &graph, int64_t alignment = 1);

/// Errors: a graph that is none, with the op or tensor; tensors that don't fit together whatever the plan: "'scores', 'keys' and 'values' are there
/// together at 'attend' and need 626688 bytes, the memory has 524288"; no plan found in time.
Expected<MemoryPlan> planMemory(const PlanGraph &graph, const PlanLimits &limits);

/// Simple plans of the order as it stands, to begin with and to compare with. Their bound is what comes and goes at least once. Errors: a graph that is
/// none or does not fit, as those of planMemory.
///
/// All that is needed again stays, until there is no place for what an op needs: then what is used latest goes (Belady's eviction). What comes takes
/// the smallest gap that is large enough (of first fit and this one, this one moves less).
Expected<MemoryPlan> greedyPlan(const PlanGraph &graph, const PlanLimits &limits);
/// A tensor has one place from its first use to its last, those of the shortest lives first, or, where there is none, comes and goes with each op that
/// needs it.
Expected<MemoryPlan> liveRangePlan(const PlanGraph &graph, const PlanLimits &limits);

} // namespace coopt::solver

#endif // COOPT_SOLVER_MEMORYPLAN_H
