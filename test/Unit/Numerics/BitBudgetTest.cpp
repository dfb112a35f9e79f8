#include "coopt/Numerics/BitBudget.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace coopt::numerics;

namespace {

using Items = std::vector<std::vector<BitOption>>;

double sum(const Items &items, const std::vector<size_t> &chosen, double BitOption::*what) {
  double total = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    total += items[i][chosen[i]].*what;
  }
  return total;
}

/// The smallest loss of all choices within the limit; infinite if there is none.
double leastLoss(const Items &items, double limit) {
  std::vector<size_t> chosen(items.size());
  double least = std::numeric_limits<double>::infinity();
  while (true) {
    if (sum(items, chosen, &BitOption::bits) <= limit) {
      least = std::min(least, sum(items, chosen, &BitOption::loss));
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

// Items of one size and two formats: the best there is, for any limit.
TEST(BitBudget, TwoFormatsAreSpentAtBest) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Items items(1 + random() % 9);
    for (auto &item : items) {
      const auto loss = static_cast<double>(random() % 100);
      item = {{8, loss * 0.25}, {4, loss}};
    }
    const double limit = static_cast<double>(random() % 80);
    auto chosen = spendBits(items, limit);
    const double least = leastLoss(items, limit);
    ASSERT_EQ(chosen.has_value(), least < std::numeric_limits<double>::infinity());
    if (chosen) {
      EXPECT_LE(sum(items, *chosen, &BitOption::bits), limit);
      EXPECT_EQ(sum(items, *chosen, &BitOption::loss), least);
    }
  }
}

// Any options: within the limit, and above the best by less than one step.
TEST(BitBudget, AnyOptionsAreSpentUpToOneStep) {
  std::mt19937 random(2);
  int best = 0, feasible = 0;
  for (int round = 0; round < 300; ++round) {
    Items items(1 + random() % 5);
    double largest = 0;
    for (auto &item : items) {
      item.resize(1 + random() % 4);
      for (BitOption &option : item) {
        option = {static_cast<double>(1 + random() % 40), static_cast<double>(random() % 1000)};
      }
      for (const BitOption &a : item) {
        for (const BitOption &b : item) {
          largest = std::max(largest, a.loss - b.loss);
        }
      }
    }
    const double limit = static_cast<double>(random() % 160);
    auto chosen = spendBits(items, limit);
    const double least = leastLoss(items, limit);
    ASSERT_EQ(chosen.has_value(), least < std::numeric_limits<double>::infinity());
    if (chosen) {
      const double loss = sum(items, *chosen, &BitOption::loss);
      ++feasible;
      best += loss == least ? 1 : 0;
      EXPECT_LE(sum(items, *chosen, &BitOption::bits), limit);
      EXPECT_LE(loss, least + largest);
    }
  }
  EXPECT_GT(best, feasible / 2);
}

TEST(BitBudget, DrawsAndUselessOptions) {
  // Equal steps: the first item's comes first. More bits for no less loss are never spent.
  EXPECT_EQ(spendBits({{{4, 9}, {8, 1}}, {{4, 9}, {8, 1}}}, 12), (std::vector<size_t>{1, 0}));
  EXPECT_EQ(spendBits({{{8, 2}, {4, 2}, {6, 3}}}, 100), (std::vector<size_t>{1}));
  // The middle option is above the line between its neighbours.
  EXPECT_EQ(spendBits({{{4, 10}, {6, 9}, {8, 0}}, {{4, 10}, {8, 5}}}, 12), (std::vector<size_t>{2, 0}));
  EXPECT_EQ(spendBits({}, 0), std::vector<size_t>());
  EXPECT_EQ(spendBits({{{4, 0}}, {{4, 0}}}, 7.9), std::nullopt);
}

} // namespace
