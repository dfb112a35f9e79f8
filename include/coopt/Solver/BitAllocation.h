//===- BitAllocation.h - Which of its formats each thing gets --------------===//
//
// # Bit allocation
//
// Each item has options, of which it gets one: a loss, and what it costs (bits, time). The sums of costs have limits, the sum of losses is to be
// the smallest: the multiple-choice knapsack problem (Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004, chapter 11), with one limit or two.
//
//   prices     A price p_d >= 0 for each cost makes every choice x obey, for the best option of each item under these prices,
//                loss(x) >= sum_i min_j (loss_ij + p . cost_ij) - p . limits
//              (Lagrangian relaxation). The prices with the largest such bound are searched; for one limit it is that of the convex hull of each
//              item's points, which Shoham and Gersho (IEEE Trans. ASSP 36, 1988) allocate bits by.
//   core       What an option is dearer by than its item's best under the prices is how much it lifts the bound. Items in which that is least are
//              decided first (Pisinger's core): few of them differ from their best option in any choice that could be better.
//   search     Item by item, all sums (costs, loss) of the items so far that no other such sums beat in everything, and that no bound, by several
//              prices, excludes. When none is left the best choice found is proven to be the best there is. If there are more than `width` of
//              them, those of the least bounds go on, and the least of the others is a bound of what was not looked at.
//
// All of it is done on whole numbers: costs are, losses are counted in 2^-50 parts of what the items' largest losses are above their smallest,
// all together. `proven` is meant for these. There is no clock in it: equal input has equal answers.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SOLVER_BITALLOCATION_H
#define COOPT_SOLVER_BITALLOCATION_H

#include "coopt/Support/Error.h"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace coopt::solver {

/// Of an option, or of a choice; not negative, and at most 2^50 in sum. What has no limit is 0.
using Costs = std::array<int64_t, 2>;

struct AllocationOption {
  double loss = 0; ///< finite
  Costs costs = {};
};

/// Each item has an option at least.
using AllocationItems = std::vector<std::vector<AllocationOption>>;

/// No limit for a cost.
constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

struct AllocationLimits {
  Costs costs = {kUnlimited, kUnlimited};
  size_t width = size_t(1) << 15; ///< sums that the search keeps
};

struct BitAllocation {
  std::vector<size_t> chosen; ///< an option of each item
  Costs costs = {};
  double loss = 0;
  double bound = 0;                  ///< no choice within the limits has less loss
  bool isProven = false;             ///< loss and bound are one
  std::array<double, 2> prices = {}; ///< loss that one more unit of each limit avoids, about

  /// (loss - bound) / loss
  double gap() const { return isProven || loss <= 0 ? 0 : (loss - bound) / loss; }
};

/// What a choice costs at the least, each cost for itself.
Costs leastCosts(const AllocationItems &items);

/// Errors: an item without options, costs and losses that are none, a limit that is less than the least cost, limits that no choice keeps
/// together (or of two limits none was found).
Expected<BitAllocation> allocateBits(const AllocationItems &items, const AllocationLimits &limits);

enum class Certificate { Confirmed, Refuted, NotFoundOut };

/// Asks Z3, which knows nothing of the search above, whether a choice within the limits has a smaller loss: the items with the sums of the limits, and
/// besides, as whole numbers that follow from these, the sum of losses and costs under the allocation's prices. Refuted: the allocation is none of these
/// items and limits, too.
Certificate confirmLeast(const AllocationItems &items, const AllocationLimits &limits,
                         const BitAllocation &allocation, double seconds);

} // namespace coopt::solver

#endif // COOPT_SOLVER_BITALLOCATION_H
