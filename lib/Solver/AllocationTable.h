//===- AllocationTable.h - Losses and costs as whole numbers ---------------===//
#ifndef COOPT_LIB_SOLVER_ALLOCATIONTABLE_H
#define COOPT_LIB_SOLVER_ALLOCATIONTABLE_H

#include "coopt/Solver/BitAllocation.h"

namespace coopt::solver {

using Wide = __int128;

struct TableOption {
  int64_t loss = 0; ///< above the item's smallest
  Costs costs = {};
};

/// Prices as whole numbers over 2^shift: 2^shift loss + prices . costs is one, too, and fits Wide.
struct Prices {
  int shift = 0;
  Costs prices = {};

  /// To whole numbers; any prices are right, those near the best make the better bound.
  static Prices rounded(const std::array<double, 2> &prices);

  Wide of(int64_t loss, const Costs &costs) const {
    return (static_cast<Wide>(loss) << shift) + static_cast<Wide>(prices[0]) * costs[0] +
           static_cast<Wide>(prices[1]) * costs[1];
  }
};

struct AllocationTable {
  std::vector<std::vector<TableOption>> items;
  Costs limits =
      {};          ///< what all items can cost together at the most, where there is no limit or a larger one
  double unit = 1; ///< of losses
  double base = 0; ///< loss that no choice avoids: the sum of the items' smallest

  double lossOf(double units) const { return base + units * unit; }
};

/// Errors: an item without options, costs and losses that are none.
Expected<AllocationTable> makeTable(const AllocationItems &items, const AllocationLimits &limits);

} // namespace coopt::solver

#endif // COOPT_LIB_SOLVER_ALLOCATIONTABLE_H
