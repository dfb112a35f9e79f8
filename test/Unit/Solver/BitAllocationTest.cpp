// Allocations are compared with all choices of small tables, with sums by every number of bytes of larger ones, and with Z3.
#include "coopt/Solver/BitAllocation.h"

#include <cmath>
#include <gtest/gtest.h>
#include <optional>
#include <random>

using namespace coopt;
using namespace coopt::solver;

namespace {

struct Choice {
  double loss = 0;
  Costs costs = {};
};

Choice sumOf(const AllocationItems &items, const std::vector<size_t> &chosen) {
  Choice sum;
  for (size_t i = 0; i < items.size(); ++i) {
    sum.loss += items[i].at(chosen.at(i)).loss;
    sum.costs[0] += items[i][chosen[i]].costs[0];
    sum.costs[1] += items[i][chosen[i]].costs[1];
  }
  return sum;
}

/// The smallest loss of all choices within the limits.
std::optional<double> leastLoss(const AllocationItems &items, const Costs &limits) {
  std::vector<size_t> chosen(items.size());
  std::optional<double> least;
  while (true) {
    const Choice sum = sumOf(items, chosen);
    if (sum.costs[0] <= limits[0] && sum.costs[1] <= limits[1] && (!least || sum.loss < *least)) {
      least = sum.loss;
    }
    size_t i = 0;
    while (i < items.size() && ++chosen[i] == items[i].size()) {
      chosen[i++] = 0;
    }
    if (i == items.size()) {
      return least;
    }
  }
}

/// The same by the smallest loss for every sum of the first cost, item by item.
double leastLossBySums(const AllocationItems &items, int64_t limit) {
  std::vector<double> best(static_cast<size_t>(limit) + 1, 0);
  for (const auto &options : items) {
    std::vector<double> next(best.size(), HUGE_VAL);
    for (const AllocationOption &option : options) {
      for (size_t sum = static_cast<size_t>(option.costs[0]); sum < best.size(); ++sum) {
        next[sum] = std::min(next[sum], best[sum - static_cast<size_t>(option.costs[0])] + option.loss);
      }
    }
    best = std::move(next);
  }
  return best.back();
}

/// Like formats of 2 to 8 bits: the loss of each bit more is about a quarter, by a factor of the item's own.
AllocationItems layers(std::mt19937 &random, size_t count, bool haveFewSizes) {
  std::uniform_real_distribution<double> uniform(0, 1);
  AllocationItems items(count);
  for (auto &item : items) {
    const auto size = static_cast<int64_t>(haveFewSizes ? 64 << random() % 4 : 1 + random() % 1000);
    const double sensitivity = std::exp(6 * uniform(random)) * static_cast<double>(size);
    for (int bits = 2; bits <= 9; ++bits) {
      const double loss = sensitivity * std::pow(4, -bits) * (0.8 + 0.4 * uniform(random));
      item.push_back({loss, {size * bits + static_cast<int64_t>(random() % 3 == 0), 3 * size * bits + 1000}});
    }
  }
  return items;
}

TEST(BitAllocation, SmallTablesAreAsAllChoicesSay) {
  std::mt19937 random(1);
  size_t feasible = 0, isConfirmed = 0, refuted = 0;
  for (int round = 0; round < 600; ++round) {
    AllocationItems items(1 + random() % 6);
    const bool hasTwo = round % 2 == 1;
    const unsigned losses = round % 3 == 0 ? 10 : 1000; // draws, too
    for (auto &item : items) {
      item.resize(1 + random() % 5);
      for (AllocationOption &option : item) {
        option = {static_cast<double>(random() % losses),
                  {static_cast<int64_t>(random() % 40), static_cast<int64_t>(random() % 30)}};
      }
    }
    const AllocationLimits limits{
        {static_cast<int64_t>(random() % 120), hasTwo ? static_cast<int64_t>(random() % 100) : kUnlimited}};
    const auto least = leastLoss(items, limits.costs);
    const auto made = allocateBits(items, limits);
    ASSERT_EQ(made.has_value(), least.has_value());
    if (!made) {
      continue;
    }
    ++feasible;
    const Choice sum = sumOf(items, made->chosen);
    EXPECT_EQ(sum.costs, made->costs);
    EXPECT_LE(sum.costs[0], limits.costs[0]);
    EXPECT_LE(sum.costs[1], limits.costs[1]);
    EXPECT_EQ(sum.loss, made->loss);
    EXPECT_EQ(made->loss, *least);
    EXPECT_EQ(made->bound, *least);
    EXPECT_TRUE(made->isProven);
    if (round % 6 < 2) {
      isConfirmed += confirmLeast(items, limits, *made, 20) == Certificate::Confirmed ? 1 : 0;
      BitAllocation other = *made;
      for (size_t i = 0; i < items.size(); ++i) {
        other.chosen[i] = random() % items[i].size();
      }
      const Choice choice = sumOf(items, other.chosen);
      if (choice.loss > made->loss || choice.costs[0] > limits.costs[0] ||
          choice.costs[1] > limits.costs[1]) {
        EXPECT_EQ(confirmLeast(items, limits, other, 20), Certificate::Refuted);
        ++refuted;
      }
    } else {
      ++isConfirmed;
    }
  }
  EXPECT_GT(feasible, 300u);
  EXPECT_EQ(isConfirmed, feasible);
  EXPECT_GT(refuted, 50u);
}

TEST(BitAllocation, LargerTablesAreAsSumsByBytesSay) {
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    const AllocationItems items = layers(random, 30 + random() % 40, round % 2 == 0);
    const int64_t least = leastCosts(items)[0];
    const AllocationLimits limits{{least + static_cast<int64_t>(random() % 1000) * least / 400, kUnlimited}};
    const auto made = allocateBits(items, limits);
    ASSERT_TRUE(made.has_value());
    EXPECT_TRUE(made->isProven);
    const double best = leastLossBySums(items, limits.costs[0]);
    EXPECT_NEAR(made->loss, best, 1e-9 * best);
    EXPECT_EQ(made->loss, sumOf(items, made->chosen).loss);
  }
}

// Of tables like these Z3 finds out itself that nothing is better.
TEST(BitAllocation, Z3Agrees) {
  std::mt19937 random(3);
  for (int round = 0; round < 12; ++round) {
    const AllocationItems items = layers(random, 40, true);
    const int64_t least = leastCosts(items)[0];
    const AllocationLimits limits{{least * (5 + round) / 4, round % 3 == 0 ? least * 6 : kUnlimited}};
    auto made = allocateBits(items, limits);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_TRUE(made->isProven);
    EXPECT_EQ(confirmLeast(items, limits, *made, 60), Certificate::Confirmed);
    AllocationLimits tight = limits;
    tight.costs[0] = made->costs[0] - 1;
    EXPECT_EQ(confirmLeast(items, tight, *made, 60), Certificate::Refuted);
  }
}

TEST(BitAllocation, HundredsOfLayersAreProven) {
  std::mt19937 random(4);
  for (bool haveFewSizes : {true, false}) {
    for (size_t count : {225, 600}) {
      const AllocationItems items = layers(random, count, haveFewSizes);
      const Costs least = leastCosts(items);
      for (int quarters : {5, 7, 9, 13}) {
        for (int64_t second : {kUnlimited, least[1] * (quarters + 2) / 4}) {
          const auto made = allocateBits(items, {{least[0] * quarters / 4, second}});
          ASSERT_TRUE(made.has_value()) << made.error().message;
          EXPECT_TRUE(made->isProven) << count << " " << quarters << " " << made->gap();
        }
      }
    }
  }
}

// Losses that follow the costs nearly, of which bounds tell little.
TEST(BitAllocation, AWidthThatIsTooSmallLeavesAGap) {
  std::mt19937 random(5);
  int gaps = 0, proven = 0;
  for (int round = 0; round < 40; ++round) {
    AllocationItems items(14);
    for (auto &item : items) {
      for (int option = 0; option < 3; ++option) {
        const auto cost = static_cast<int64_t>(random() % 1000);
        item.push_back({static_cast<double>(1000 - cost) + static_cast<double>(random() % 10), {cost, 0}});
      }
    }
    const int64_t limit = leastCosts(items)[0] + 500 + static_cast<int64_t>(random() % 5000);
    const auto made = allocateBits(items, {{limit, kUnlimited}, 2});
    ASSERT_TRUE(made.has_value());
    const double best = leastLossBySums(items, limit);
    EXPECT_LE(made->bound, best + 1e-6);
    EXPECT_GE(made->loss, best);
    EXPECT_LE(made->costs[0], limit);
    if (made->isProven) {
      EXPECT_EQ(made->loss, best);
    }
    made->isProven ? ++proven : ++gaps;
    const auto wide = allocateBits(items, {{limit, kUnlimited}});
    ASSERT_TRUE(wide.has_value());
    EXPECT_TRUE(wide->isProven);
    EXPECT_EQ(wide->loss, best);
  }
  EXPECT_GT(gaps, 0);
}

TEST(BitAllocation, DrawsUselessOptionsAndPrices) {
  auto chosen = [](const AllocationItems &items, int64_t limit) {
    auto made = allocateBits(items, {{limit, kUnlimited}});
    return made ? made->chosen : std::vector<size_t>{99};
  };
  // More cost for no less loss is never taken, whatever room there is.
  EXPECT_EQ(chosen({{{2, {8, 0}}, {2, {4, 0}}, {3, {6, 0}}}}, 100), (std::vector<size_t>{1}));
  // The middle option is above the line between its neighbours, and the best where only it fits.
  EXPECT_EQ(chosen({{{10, {4, 0}}, {9, {6, 0}}, {0, {8, 0}}}}, 7), (std::vector<size_t>{1}));
  EXPECT_EQ(chosen({}, 0), std::vector<size_t>());
  EXPECT_EQ(chosen({{{5, {0, 0}}}}, 0), std::vector<size_t>{0});
  // Loss by the unit that is spent.
  auto made = allocateBits({{{10, {1, 0}}, {4, {4, 0}}}, {{10, {1, 0}}, {7, {4, 0}}}}, {{6, kUnlimited}});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->chosen, (std::vector<size_t>{1, 0}));
  EXPECT_NEAR(made->prices[0], 1, 1.01);
  EXPECT_GT(made->prices[0], 0);
  // Losses of any size are told apart.
  for (double size : {1e-200, 1e-3, 1e200}) {
    EXPECT_EQ(chosen({{{2 * size, {1, 0}}, {size, {2, 0}}}, {{4 * size, {1, 0}}, {size, {2, 0}}}}, 3),
              (std::vector<size_t>{0, 1}));
  }
}

TEST(BitAllocation, WhatIsWrongIsSaid) {
  auto message = [](const AllocationItems &items, const Costs &limits) {
    auto made = allocateBits(items, {limits});
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(message({{{1, {4, 0}}}, {{1, {3, 0}}, {2, {2, 0}}}}, {5, kUnlimited}),
            "the limit 5 is less than the 6 that the cheapest options cost");
  EXPECT_EQ(message({{{1, {4, 1}}, {1, {1, 4}}}}, {2, 2}), "no choice is within both limits");
  EXPECT_EQ(message({{{1, {4, 0}}}, {}}, {5, kUnlimited}), "item 1 has no options");
  EXPECT_EQ(message({{{NAN, {4, 0}}}}, {5, kUnlimited}), "item 0 has a loss that is not finite");
  EXPECT_EQ(message({{{1, {-1, 0}}}}, {5, kUnlimited}), "item 0 has a negative cost");
  EXPECT_EQ(message({{{1, {int64_t(1) << 51, 0}}}}, {5, kUnlimited}), "costs are more than 2^50 in sum");
  EXPECT_EQ(message({{{1e308, {1, 0}}, {-1e308, {1, 0}}}}, {5, kUnlimited}),
            "losses are too large for a sum");
}

} // namespace
