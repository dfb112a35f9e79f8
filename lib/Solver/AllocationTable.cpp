#include "AllocationTable.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::solver;

/// The sum of all losses, and of each cost, is at most 2^50.
static constexpr int kSumBits = 50;

Prices Prices::rounded(const std::array<double, 2> &prices) {
  const double largest = std::max(prices[0], prices[1]);
  Prices made;
  if (!(largest > 0)) {
    return made;
  }
  // Prices take 40 bits, sums of losses and costs 50 each: all in all at most 2^60 * 2^50 and 2^41 * 2^50 * 2.
  made.shift = std::clamp(40 - (std::ilogb(largest) + 1), 0, 60);
  for (size_t d = 0; d < prices.size(); ++d) {
    made.prices[d] = static_cast<int64_t>(std::min(std::ldexp(std::max(prices[d], 0.0), made.shift), 0x1p55));
  }
  return made;
}

Costs coopt::solver::leastCosts(const AllocationItems &items) {
  Costs sum = {};
  for (const auto &options : items) {
    Costs least = {kUnlimited, kUnlimited};
    for (const AllocationOption &option : options) {
      for (size_t d = 0; d < sum.size(); ++d) {
        least[d] = std::min(least[d], option.costs[d]);
      }
    }
    for (size_t d = 0; d < sum.size() && !options.empty(); ++d) {
      sum[d] += least[d];
    }
  }
  return sum;
}

Expected<AllocationTable> coopt::solver::makeTable(const AllocationItems &items,
                                                   const AllocationLimits &limits) {
  AllocationTable table;
  std::array<double, 2> most = {};
  double range = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string place = "item " + std::to_string(i);
    if (items[i].empty()) {
      return fail(place + " has no options");
    }
    double least = items[i].front().loss, largest = least;
    Costs dearest = {};
    for (const AllocationOption &option : items[i]) {
      if (!std::isfinite(option.loss)) {
        return fail(place + " has a loss that is not finite");
      }
      least = std::min(least, option.loss), largest = std::max(largest, option.loss);
      for (size_t d = 0; d < dearest.size(); ++d) {
        if (option.costs[d] < 0) {
          return fail(place + " has a negative cost");
        }
        dearest[d] = std::max(dearest[d], option.costs[d]);
      }
    }
    table.base += least;
    range += largest - least;
    for (size_t d = 0; d < most.size(); ++d) {
      most[d] += static_cast<double>(dearest[d]);
    }
  }
  for (size_t d = 0; d < most.size(); ++d) {
    if (most[d] > std::ldexp(1.0, kSumBits)) {
      return fail("costs are more than 2^50 in sum");
    }
    table.limits[d] = std::min(limits.costs[d], static_cast<int64_t>(most[d]));
  }
  if (!std::isfinite(range) || !std::isfinite(table.base)) {
    return fail("losses are too large for a sum");
  }
  // Below the smallest normal number the unit would have no reciprocal; such losses are no different from none.
  table.unit = std::max(std::ldexp(range, -kSumBits), 0x1p-1000);
  for (const auto &options : items) {
    const double least = std::min_element(options.begin(), options.end(), [](const auto &a, const auto &b) {
                           return a.loss < b.loss;
                         })->loss;
    auto &made = table.items.emplace_back();
    for (const AllocationOption &option : options) {
      made.push_back({static_cast<int64_t>(std::llround((option.loss - least) / table.unit)), option.costs});
    }
  }
  return table;
}
