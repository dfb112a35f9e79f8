#include "AllocationTable.h"

#include <algorithm>
#include <string>
#include <z3++.h>

using namespace coopt;
using namespace coopt::solver;

static std::string decimal(Wide value) {
  const bool isNegative = value < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(value % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return isNegative ? "-" + digits : digits;
}

Certificate coopt::solver::confirmLeast(const AllocationItems &items, const AllocationLimits &limits,
                                        const BitAllocation &allocation, double seconds) {
  auto table = makeTable(items, limits);
  if (!table || allocation.chosen.size() != items.size()) {
    return Certificate::Refuted;
  }
  int64_t loss = 0;
  Costs costs = {};
  for (size_t i = 0; i < items.size(); ++i) {
    if (allocation.chosen[i] >= items[i].size()) {
      return Certificate::Refuted;
    }
    const TableOption &option = table->items[i][allocation.chosen[i]];
    loss += option.loss;
    costs = {costs[0] + option.costs[0], costs[1] + option.costs[1]};
  }
  if (costs[0] > limits.costs[0] || costs[1] > limits.costs[1]) {
    return Certificate::Refuted;
  }
  // A choice with less loss keeps all of these; the last one is a sum of the others under prices that are not negative.
  const Prices prices =
      Prices::rounded({allocation.prices[0] / table->unit, allocation.prices[1] / table->unit});
  const Wide most = prices.of(loss - 1, table->limits);
  try {
    z3::context context;
    z3::solver solver(context);
    z3::params parameters(context);
    parameters.set("timeout", static_cast<unsigned>(std::clamp(seconds, 0.001, 1e6) * 1000));
    solver.set(parameters);
    auto number = [&](Wide value) { return context.int_val(decimal(value).c_str()); };
    // Each item's own best under the prices is what the others are dearer than.
    Wide bound = 0;
    std::vector<Wide> best;
    for (const auto &options : table->items) {
      Wide least = prices.of(options.front().loss, options.front().costs);
      for (const TableOption &option : options) {
        least = std::min(least, prices.of(option.loss, option.costs));
      }
      best.push_back(least);
      bound += least;
    }
    if (bound > most) {
      return Certificate::Confirmed;
    }
    z3::expr lossSum = number(0), priced = number(0);
    std::array<z3::expr, 2> costSums = {number(0), number(0)};
    for (size_t i = 0; i < items.size(); ++i) {
      z3::expr_vector isTaken(context);
      for (size_t j = 0; j < items[i].size(); ++j) {
        const TableOption &option = table->items[i][j];
        const Wide away = prices.of(option.loss, option.costs) - best[i];
        if (away > most - bound) {
          continue; // alone above the last sum
        }
        const z3::expr taken =
            context.bool_const(("x" + std::to_string(i) + "." + std::to_string(j)).c_str());
        isTaken.push_back(taken);
        auto add = [&](z3::expr &sum, Wide value) {
          if (value != 0) {
            sum = sum + z3::ite(taken, number(value), number(0));
          }
        };
        add(lossSum, option.loss);
        add(costSums[0], option.costs[0]);
        add(costSums[1], option.costs[1]);
        add(priced, away);
      }
      solver.add(z3::atmost(isTaken, 1));
      solver.add(z3::mk_or(isTaken));
    }
    solver.add(lossSum <= number(loss - 1));
    solver.add(costSums[0] <= number(table->limits[0]));
    solver.add(costSums[1] <= number(table->limits[1]));
    solver.add(priced <= number(most - bound));
    const z3::check_result answer = solver.check();
    return answer == z3::unsat ? Certificate::Confirmed
           : answer == z3::sat ? Certificate::Refuted
                               : Certificate::NotFoundOut;
  } catch (const z3::exception &) {
    return Certificate::NotFoundOut;
  }
}
