//===- Placement.h - Offsets of tensors that live at times ----------------===//
#ifndef COOPT_SOLVER_PLACEMENT_H
#define COOPT_SOLVER_PLACEMENT_H

#include "coopt/Solver/MemoryPlan.h"

#include <optional>

namespace coopt::solver {

enum class Placed : uint8_t { Yes, No, Unknown };

/// What Z3 may spend on a placement: steps (its resource limit) give the same answer on any machine under any load, seconds do not. Without either
/// it is not asked.
struct PlacementEffort {
  double seconds = 0;
  unsigned steps = 0;
};

/// Gives stays offsets such that no two overlap in time and place. `sizes`: of each stay's tensor, multiples of the alignment; so are the offsets then.
/// The memory has `bytes`. First fit in several orders, that of the stays first; where these fail Z3 decides (integer differences: for two that
/// meet, one lies above the other). Unknown: not decided by that effort.
Placed place(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, int64_t bytes,
             PlacementEffort effort);

/// The first step at which the most bytes are there: no memory of less holds the stays.
struct Peak {
  size_t step = 0;
  int64_t bytes = 0;
};
Peak peakOf(const std::vector<Stay> &stays, const std::vector<int64_t> &sizes);

/// Offsets in as little memory as is found, and how much that is: first fit in several orders, the largest first before others; where none of them
/// does with the peak, Z3 is asked for it. Requires that all sizes together are below 2^63.
int64_t pack(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, PlacementEffort effort);

/// One tensor of a step.
struct Present {
  size_t tensor = 0;
  bool isNeeded = false; ///< by the op; else it was kept
  size_t nextUse = 0;    ///< a later step
};

/// Stays of what is there at each step, one step behind the other: where what comes has no place, kept tensors go, used latest first, and come again
/// when they are needed; at last those that are needed change their places. Never fails if each step's needed tensors fit by their bytes.
std::vector<Stay> placeInTime(const std::vector<std::vector<Present>> &steps,
                              const std::vector<int64_t> &sizes, int64_t bytes);

/// Of tensors that must be there together and do not fit, the fewest that do not (the largest ones), ascending; empty if all fit.
std::vector<size_t> tooManyOf(const std::vector<int64_t> &sizes, int64_t bytes);

/// What is said of these: "'scores', 'keys' and 'values' are there together at 'attend' and need 626688 bytes, the memory has 524288".
std::string tooMuchText(const std::vector<std::string> &names, const std::vector<int64_t> &sizes,
                        int64_t bytes, const std::string &at, const std::string &memory = "the memory");

} // namespace coopt::solver

#endif // COOPT_SOLVER_PLACEMENT_H
