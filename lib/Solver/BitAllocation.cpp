#include "coopt/Solver/BitAllocation.h"

#include "AllocationPrices.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

using namespace coopt;
using namespace coopt::solver;

namespace {

/// The sums of a choice for the first items of the order.
struct Sums {
  Costs costs = {};
  int64_t loss = 0;
  uint32_t step = 0; ///< index of the last Step, which leads to the others
};

struct Step {
  uint32_t before = 0, option = 0;
};

/// What bounds the items from one of the order on, by one choice of prices.
struct Rest {
  Prices prices;
  Wide limit = 0;           ///< prices . limits
  std::vector<Wide> values; ///< of the best options from item i on
  // The best options themselves, as a way to go on.
  std::vector<size_t> options; ///< by item
  std::vector<int64_t> losses;
  std::vector<Costs> costs;
};

Costs operator+(const Costs &a, const Costs &b) { return {a[0] + b[0], a[1] + b[1]}; }

class Search {
public:
  Search(const AllocationTable &table, const std::vector<std::array<double, 2>> &prices, size_t width);
  void run();
  /// The best choice; none was found if it is empty and there are items.
  std::optional<std::vector<size_t>> choice() const;
  int64_t loss() const { return best; }
  bool isProven() const { return !leastLeft; }
  /// Of the first prices, for what was not looked at.
  Wide leastLeftAside() const { return *leastLeft; }
  const Prices &firstPrices() const { return rests.front().prices; }

private:
  bool fits(const Costs &costs) const { return costs[0] <= table.limits[0] && costs[1] <= table.limits[1]; }
  void addRest(const Prices &prices);
  void complete(size_t position, const Sums &sums);
  bool canBeBetter(size_t position, const Sums &sums) const;
  std::vector<Sums> extend(size_t position, const std::vector<Sums> &states);
  void dropBeaten(std::vector<Sums> &states) const;
  void narrow(size_t position, std::vector<Sums> &states);

  const AllocationTable &table;
  size_t width;
  std::vector<size_t> order;
  std::vector<Wide>
      least; ///< by position: the smallest step away from the best option, of it and those behind
  std::vector<Costs>
      cheapest; ///< by position: what the items from it on cost at the least, each cost for itself
  std::vector<Rest> rests;
  std::vector<std::vector<Step>> steps; ///< by position
  static constexpr int64_t kNone = int64_t(1) << 60;
  int64_t best = kNone;
  size_t bestPosition = 0, bestRest = 0;
  Sums bestSums;
  std::optional<Wide> leastLeft;
};

} // namespace

Search::Search(const AllocationTable &table, const std::vector<std::array<double, 2>> &prices, size_t width)
    : table(table), width(width), order(table.items.size()) {
  const size_t count = table.items.size();
  const Prices first = Prices::rounded(prices.front());
  std::vector<Wide> smallest(count);
  for (size_t i = 0; i < count; ++i) {
    const auto &options = table.items[i];
    const size_t own = bestOption(options, first);
    std::optional<Wide> next;
    for (size_t j = 0; j < options.size(); ++j) {
      const Wide away =
          first.of(options[j].loss, options[j].costs) - first.of(options[own].loss, options[own].costs);
      if (j != own && (!next || away < *next)) {
        next = away;
      }
    }
    smallest[i] = next.value_or(Wide(1) << 120);
  }
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return smallest[a] != smallest[b] ? smallest[a] < smallest[b] : a < b;
  });
  least.resize(count);
  cheapest.resize(count + 1);
  for (size_t position = count; position-- > 0;) {
    least[position] = smallest[order[position]];
    Costs own = {kUnlimited, kUnlimited};
    for (const TableOption &option : table.items[order[position]]) {
      own = {std::min(own[0], option.costs[0]), std::min(own[1], option.costs[1])};
    }
    cheapest[position] = cheapest[position + 1] + own;
  }
  for (const auto &of : prices) {
    addRest(Prices::rounded(of));
  }
}

void Search::addRest(const Prices &prices) {
  const size_t count = order.size();
  Rest rest{prices, prices.of(0, table.limits), {}, {}, {}, {}};
  rest.values.resize(count + 1);
  rest.losses.resize(count + 1);
  rest.costs.resize(count + 1);
  rest.options.resize(count);
  for (size_t position = count; position-- > 0;) {
    const size_t item = order[position];
    const size_t own = bestOption(table.items[item], prices);
    const TableOption &option = table.items[item][own];
    rest.options[item] = own;
    rest.values[position] = rest.values[position + 1] + prices.of(option.loss, option.costs);
    rest.losses[position] = rest.losses[position + 1] + option.loss;
    rest.costs[position] = rest.costs[position + 1] + option.costs;
  }
  rests.push_back(std::move(rest));
}

/// The sums with the best options of the rest are a choice, under any prices.
void Search::complete(size_t position, const Sums &sums) {
  for (size_t i = 0; i < rests.size(); ++i) {
    const int64_t loss = sums.loss + rests[i].losses[position];
    if (loss < best && fits(sums.costs + rests[i].costs[position])) {
      best = loss;
      bestPosition = position;
      bestRest = i;
      bestSums = sums;
    }
  }
}

/// Whether no bound is against it that a choice with these sums has less loss than the best so far.
bool Search::canBeBetter(size_t position, const Sums &sums) const {
  if (!fits(sums.costs + cheapest[position])) {
    return false;
  }
  for (const Rest &rest : rests) {
    const Wide bound = rest.prices.of(sums.loss, sums.costs) + rest.values[position] - rest.limit;
    if (bound > static_cast<Wide>(best - 1) << rest.prices.shift) {
      return false;
    }
  }
  return true;
}

std::vector<Sums> Search::extend(size_t position, const std::vector<Sums> &states) {
  std::vector<Sums> next;
  const auto &options = table.items[order[position]];
  for (const Sums &sums : states) {
    for (size_t option = 0; option < options.size(); ++option) {
      Sums of{sums.costs + options[option].costs, sums.loss + options[option].loss, 0};
      if (!canBeBetter(position + 1, of)) {
        continue;
      }
      // The option, until the step is known to be one.
      steps[position].push_back({sums.step, static_cast<uint32_t>(option)});
      of.step = static_cast<uint32_t>(steps[position].size() - 1);
      complete(position + 1, of);
      next.push_back(of);
    }
  }
  return next;
}

/// Leaves those that no other one beats or equals in costs and loss.
void Search::dropBeaten(std::vector<Sums> &states) const {
  std::sort(states.begin(), states.end(), [](const Sums &a, const Sums &b) {
    return std::tie(a.costs, a.loss, a.step) < std::tie(b.costs, b.loss, b.step);
  });
  std::map<int64_t, int64_t>
      stairs; // of those that cost no more of the first: loss by the second cost, falling
  size_t kept = 0;
  for (const Sums &sums : states) {
    auto above = stairs.upper_bound(sums.costs[1]);
    if (above != stairs.begin() && std::prev(above)->second <= sums.loss) {
      continue;
    }
    while (above != stairs.end() && above->second >= sums.loss) {
      above = stairs.erase(above);
    }
    stairs[sums.costs[1]] = sums.loss;
    states[kept++] = sums;
  }
  states.resize(kept);
}

/// Leaves `width` of them.
void Search::narrow(size_t position, std::vector<Sums> &states) {
  if (states.size() <= width) {
    return;
  }
  const Rest &rest = rests.front();
  auto boundOf = [&](const Sums &sums) { return rest.prices.of(sums.loss, sums.costs); };
  std::sort(states.begin(), states.end(), [&](const Sums &a, const Sums &b) {
    const Wide boundA = boundOf(a), boundB = boundOf(b);
    return boundA != boundB ? boundA < boundB : a.step < b.step;
  });
  const Wide left = boundOf(states[width]) + rest.values[position] - rest.limit;
  leastLeft = leastLeft ? std::min(*leastLeft, left) : left;
  states.resize(width);
}

void Search::run() {
  const size_t count = order.size();
  steps.resize(count);
  std::vector<Sums> states = {Sums()};
  complete(0, states.front());
  for (size_t position = 0; position < count && !states.empty(); ++position) {
    // Sums that no further item can better by an option other than its best have had their end.
    const Rest &rest = rests.front();
    states.erase(std::remove_if(states.begin(), states.end(),
                                [&](const Sums &sums) {
                                  const Wide bound = rest.prices.of(sums.loss, sums.costs) +
                                                     rest.values[position] - rest.limit + least[position];
                                  return bound > static_cast<Wide>(best - 1) << rest.prices.shift ||
                                         !canBeBetter(position, sums);
                                }),
                 states.end());
    states = extend(position, states);
    dropBeaten(states);
    narrow(position + 1, states);
  }
}

std::optional<std::vector<size_t>> Search::choice() const {
  if (best == kNone) {
    return std::nullopt;
  }
  std::vector<size_t> chosen = rests[bestRest].options;
  uint32_t step = bestSums.step;
  for (size_t position = bestPosition; position-- > 0;) {
    const Step &taken = steps[position][step];
    chosen[order[position]] = taken.option;
    step = taken.before;
  }
  return chosen;
}

/// Options that another one of the item beats or equals in everything are never needed.
static std::vector<std::vector<size_t>> dropUseless(AllocationTable &table) {
  std::vector<std::vector<size_t>> kept;
  for (auto &options : table.items) {
    std::vector<size_t> useful;
    for (size_t i = 0; i < options.size(); ++i) {
      const TableOption &own = options[i];
      bool isBeaten = false;
      for (size_t j = 0; j < options.size() && !isBeaten; ++j) {
        const TableOption &other = options[j];
        const bool isNoWorse =
            other.loss <= own.loss && other.costs[0] <= own.costs[0] && other.costs[1] <= own.costs[1];
        const bool isEqual = isNoWorse && other.loss == own.loss && other.costs == own.costs;
        isBeaten = j != i && isNoWorse && (!isEqual || j < i);
      }
      if (!isBeaten) {
        useful.push_back(i);
      }
    }
    std::vector<TableOption> left;
    for (size_t i : useful) {
      left.push_back(options[i]);
    }
    options = std::move(left);
    kept.push_back(std::move(useful));
  }
  return kept;
}

Expected<BitAllocation> coopt::solver::allocateBits(const AllocationItems &items,
                                                    const AllocationLimits &limits) {
  auto table = makeTable(items, limits);
  if (!table) {
    return forward(table.error());
  }
  const Costs least = leastCosts(items);
  for (size_t d = 0; d < least.size(); ++d) {
    if (least[d] > limits.costs[d]) {
      return fail("the limit " + std::to_string(limits.costs[d]) + " is less than the " +
                  std::to_string(least[d]) + " that the cheapest options cost");
    }
    if (limits.costs[d] == kUnlimited) { // its numbers play no part
      for (auto &options : table->items) {
        for (TableOption &option : options) {
          option.costs[d] = 0;
        }
      }
      table->limits[d] = 0;
    }
  }
  const auto kept = dropUseless(*table);
  const auto prices = pricesAround(*table);
  Search search(*table, prices, std::max<size_t>(limits.width, 1));
  search.run();
  auto choice = search.choice();
  if (!choice) {
    return fail(search.isProven() ? "no choice is within both limits"
                                  : "no choice within both limits was found");
  }
  BitAllocation made;
  for (size_t i = 0; i < items.size(); ++i) {
    made.chosen.push_back(kept[i][(*choice)[i]]);
    const AllocationOption &option = items[i][made.chosen[i]];
    made.loss += option.loss;
    made.costs = made.costs + option.costs;
  }
  // The least that was left aside may be no better than what was found.
  const int shift = search.firstPrices().shift;
  made.isProven = search.isProven() || search.leastLeftAside() > static_cast<Wide>(search.loss() - 1)
                                                                     << shift;
  made.bound = made.isProven ? made.loss
                             : std::min(made.loss,
                                        table->lossOf(static_cast<double>(search.leastLeftAside() >> shift)));
  for (size_t d = 0; d < made.prices.size(); ++d) {
    made.prices[d] = prices.front()[d] * table->unit;
  }
  return made;
}
