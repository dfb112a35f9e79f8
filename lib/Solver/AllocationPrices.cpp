#include "AllocationPrices.h"

#include <algorithm>
#include <cmath>

using namespace coopt::solver;

namespace {

/// The smallest and the largest price that is tried: a loss of the whole table for one unit of cost is less.
constexpr double kLeastPrice = 0x1p-56, kMostPrice = 0x1p51;

struct Bound {
  double value = 0;             ///< of the Lagrangian relaxation
  std::array<double, 2> over{}; ///< what its choice costs above the limits
};

Bound boundAt(const AllocationTable &table, const std::array<double, 2> &prices) {
  Bound bound;
  for (size_t d = 0; d < prices.size(); ++d) {
    bound.value -= prices[d] * static_cast<double>(table.limits[d]);
    bound.over[d] = -static_cast<double>(table.limits[d]);
  }
  for (const auto &options : table.items) {
    double least = HUGE_VAL;
    const TableOption *best = nullptr;
    for (const TableOption &option : options) {
      const double value = static_cast<double>(option.loss) +
                           prices[0] * static_cast<double>(option.costs[0]) +
                           prices[1] * static_cast<double>(option.costs[1]);
      if (value < least) {
        least = value;
        best = &option;
      }
    }
    bound.value += least;
    for (size_t d = 0; d < prices.size(); ++d) {
      bound.over[d] += static_cast<double>(best->costs[d]);
    }
  }
  return bound;
}

/// The bound is concave in the price of one cost, and what is spent above the limit is its slope: halving.
std::array<double, 2> bestOfOne(const AllocationTable &table, size_t d, std::array<double, 2> prices) {
  prices[d] = 0;
  if (boundAt(table, prices).over[d] <= 0) {
    return prices;
  }
  double low = std::log2(kLeastPrice), high = std::log2(kMostPrice);
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    prices[d] = std::exp2(middle);
    (boundAt(table, prices).over[d] > 0 ? low : high) = middle;
  }
  prices[d] = std::exp2(high);
  return prices;
}

/// With the best price of the first cost for each one of the second the bound is concave in the latter: golden sections.
std::array<double, 2> bestOfBoth(const AllocationTable &table) {
  auto at = [&](double exponent) { return bestOfOne(table, 0, {0, std::exp2(exponent)}); };
  auto valueAt = [&](double exponent) { return boundAt(table, at(exponent)).value; };
  const double share = (std::sqrt(5.0) - 1) / 2;
  double low = std::log2(kLeastPrice), high = std::log2(kMostPrice);
  double a = high - share * (high - low), b = low + share * (high - low);
  double valueA = valueAt(a), valueB = valueAt(b);
  for (int step = 0; step < 50; ++step) {
    if (valueA < valueB) {
      low = a, a = b, valueA = valueB;
      b = low + share * (high - low), valueB = valueAt(b);
    } else {
      high = b, b = a, valueB = valueA;
      a = high - share * (high - low), valueA = valueAt(a);
    }
  }
  const std::array<double, 2> made = at((low + high) / 2), without = bestOfOne(table, 0, {});
  return boundAt(table, made).value > boundAt(table, without).value ? made : without;
}

} // namespace

std::array<double, 2> coopt::solver::bestPrices(const AllocationTable &table, std::array<bool, 2> isPriced) {
  if (isPriced[0] && isPriced[1]) {
    return bestOfBoth(table);
  }
  return isPriced[0]   ? bestOfOne(table, 0, {})
         : isPriced[1] ? bestOfOne(table, 1, {})
                       : std::array<double, 2>{};
}

std::vector<std::array<double, 2>> coopt::solver::pricesAround(const AllocationTable &table) {
  std::vector<std::array<double, 2>> all = {bestPrices(table, {true, table.limits[1] > 0})};
  auto add = [&](std::array<double, 2> prices) {
    if (std::find(all.begin(), all.end(), prices) == all.end()) {
      all.push_back(prices);
    }
  };
  const std::array<double, 2> best = all.front();
  for (double factor : {0.25, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2.0, 4.0, 64.0}) {
    add({best[0] * factor, best[1] * factor});
  }
  add({});
  if (table.limits[1] > 0) {
    add(bestPrices(table, {true, false}));
    add(bestPrices(table, {false, true}));
  }
  return all;
}

size_t coopt::solver::bestOption(const std::vector<TableOption> &options, const Prices &prices) {
  size_t best = 0;
  for (size_t i = 1; i < options.size(); ++i) {
    if (prices.of(options[i].loss, options[i].costs) < prices.of(options[best].loss, options[best].costs)) {
      best = i;
    }
  }
  return best;
}
