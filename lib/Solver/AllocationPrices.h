//===- AllocationPrices.h - Prices that bound what a choice can lose --------===//
#ifndef COOPT_LIB_SOLVER_ALLOCATIONPRICES_H
#define COOPT_LIB_SOLVER_ALLOCATIONPRICES_H

#include "AllocationTable.h"

namespace coopt::solver {

/// The prices with (about) the largest bound, in losses of the table; those of `isPriced` alone are not 0.
std::array<double, 2> bestPrices(const AllocationTable &table, std::array<bool, 2> isPriced);

/// Prices to bound by: the best first, further ones for parts of the items, which have limits of their own.
std::vector<std::array<double, 2>> pricesAround(const AllocationTable &table);

/// The item's best option under these prices, the first of equals.
size_t bestOption(const std::vector<TableOption> &options, const Prices &prices);

} // namespace coopt::solver

#endif // COOPT_LIB_SOLVER_ALLOCATIONPRICES_H
