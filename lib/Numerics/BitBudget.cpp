#include "coopt/Numerics/BitBudget.h"

#include <algorithm>
#include <numeric>

using namespace coopt::numerics;

namespace {

struct Step {
  size_t item = 0, option = 0;
  double bits = 0;  ///< more than before the step
  double saved = 0; ///< loss per bit
};

/// The options on the lower convex hull, by bits; the first has the fewest.
std::vector<size_t> hullOf(const std::vector<BitOption> &options) {
  std::vector<size_t> order(options.size()), hull;
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return options[a].bits != options[b].bits ? options[a].bits < options[b].bits
                                              : options[a].loss < options[b].loss;
  });
  auto slope = [&](size_t a, size_t b) {
    return (options[a].loss - options[b].loss) / (options[b].bits - options[a].bits);
  };
  for (size_t next : order) {
    if (!hull.empty() && options[next].loss >= options[hull.back()].loss) {
      continue; // more bits, no less loss
    }
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) <= slope(hull.back(), next)) {
      hull.pop_back();
    }
    hull.push_back(next);
  }
  return hull;
}

} // namespace

std::optional<std::vector<size_t>>
coopt::numerics::spendBits(const std::vector<std::vector<BitOption>> &items, double limit) {
  std::vector<size_t> chosen;
  std::vector<Step> steps;
  double spent = 0;
  for (size_t item = 0; item < items.size(); ++item) {
    const std::vector<BitOption> &options = items[item];
    const std::vector<size_t> hull = hullOf(options);
    chosen.push_back(hull.front());
    spent += options[hull.front()].bits;
    for (size_t i = 1; i < hull.size(); ++i) {
      const BitOption &before = options[hull[i - 1]], &after = options[hull[i]];
      const double bits = after.bits - before.bits;
      steps.push_back({item, hull[i], bits, (before.loss - after.loss) / bits});
    }
  }
  if (spent > limit) {
    return std::nullopt;
  }
  // Steps of an item avoid less and less, so they stay in their order.
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step &a, const Step &b) { return a.saved > b.saved; });
  std::vector<bool> isDone(items.size());
  for (const Step &step : steps) {
    if (!isDone[step.item] && spent + step.bits <= limit) {
      chosen[step.item] = step.option;
      spent += step.bits;
    } else {
      isDone[step.item] = true;
    }
  }
  return chosen;
}
