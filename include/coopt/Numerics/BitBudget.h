//===- BitBudget.h - Which of several forms each thing is stored in --------===//
//
// Each item has options, of which one is chosen: so many bits, such a loss. The sum of bits has a limit, the sum of losses is to
// be small. An item's options that can be of use are the lower convex hull of its points (bits, loss); all items begin with their
// fewest bits and take the steps along their hulls in the order of loss avoided per bit, while these fit.
//
// Source: Shoham, Gersho, Efficient Bit Allocation for an Arbitrary Set of Quantizers, IEEE Trans. ASSP 36 (1988). Where all steps
// that are best fit exactly, no choice has a smaller loss; else the loss is above the smallest by less than the largest step avoids.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BITBUDGET_H
#define COOPT_NUMERICS_BITBUDGET_H

#include <cstddef>
#include <optional>
#include <vector>

namespace coopt::numerics {

struct BitOption {
  double bits = 0; ///< of the item; not negative
  double loss = 0; ///< not negative
};

/// The chosen option of each item; nothing if the fewest bits of all are more than the limit. Every item has an option. The same
/// input has the same answer; of equal steps that of the first item comes first.
std::optional<std::vector<size_t>> spendBits(const std::vector<std::vector<BitOption>> &items, double limit);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BITBUDGET_H
