#include "Bench/Samples.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace coopt::bench;

TEST(Samples, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(summarize({7})->median, 7);
  EXPECT_EQ(summarize({9, 1, 5})->median, 5);
  EXPECT_EQ(summarize({9, 1, 5, 2})->median, 3.5);
  EXPECT_EQ(summarize({3, 3, 100, 3, 1, 2, 50, 3, 4})->median, 3);
}

TEST(Samples, ExtremesAndSpread) {
  auto summary = summarize({4, 2, 8, 3, 16});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->min, 2);
  EXPECT_EQ(summary->max, 16);
  EXPECT_EQ(summary->spread, 3.5);
  EXPECT_EQ(summarize({0, 0, 0})->spread, 0);
}

TEST(Samples, WhatIsNoSample) {
  EXPECT_EQ(summarize({}).error().message, "expected at least one sample");
  EXPECT_EQ(summarize({1, std::numeric_limits<double>::quiet_NaN()}).error().message,
            "sample 1: expected a finite number");
  EXPECT_FALSE(summarize({std::numeric_limits<double>::infinity()}));
}

// The ratio of medians is 1 here, the median of ratios is 2: a machine that halves its speed between pairs hides nothing.
TEST(Samples, PairsStayTogether) {
  auto ratios = pairRatios({2, 4, 1}, {1, 2, 4});
  ASSERT_TRUE(ratios);
  EXPECT_EQ(*ratios, (std::vector<double>{2, 2, 0.25}));
  EXPECT_EQ(summarize(*ratios)->median, 2);
}

TEST(Samples, PairsThatAreNone) {
  EXPECT_EQ(pairRatios({1, 2}, {1}).error().message, "expected pairs, got 2 and 1 samples");
  EXPECT_FALSE(pairRatios({1}, {0}));
  EXPECT_FALSE(pairRatios({1}, {-1}));
  EXPECT_FALSE(pairRatios({1}, {std::numeric_limits<double>::quiet_NaN()}));
}

TEST(Samples, RankCorrelation) {
  // Only the order counts.
  EXPECT_EQ(*rankCorrelation({1, 2, 3, 4}, {-5, 0, 1e9, 1e10}), 1);
  EXPECT_EQ(*rankCorrelation({1, 2, 3, 4}, {8, 4, 2, 1}), -1);
  // No ties: 1 - 6 sum d^2 / n (n^2 - 1), here with sum d^2 = 194 and n = 10.
  EXPECT_NEAR(*rankCorrelation({106, 100, 86, 101, 99, 103, 97, 113, 112, 110},
                               {7, 27, 2, 50, 28, 29, 20, 12, 6, 17}),
              1 - 6.0 * 194 / 990, 1e-12);
}

TEST(Samples, RankCorrelationOfTies) {
  // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4.
  EXPECT_NEAR(*rankCorrelation({1, 2, 2, 3}, {10, 30, 20, 40}), 4.5 / std::sqrt(4.5 * 5), 1e-12);
  EXPECT_NEAR(*rankCorrelation({10, 30, 20, 40}, {1, 2, 2, 3}), 4.5 / std::sqrt(4.5 * 5), 1e-12);
  // The same ties, wherever they stand.
  EXPECT_EQ(*rankCorrelation({2, 7, 2, 9}, {20, 70, 20, 90}), 1);
}

TEST(Samples, RankCorrelationOfConstants) {
  EXPECT_EQ(*rankCorrelation({3, 3, 3}, {7, 7, 7}), 1);
  EXPECT_EQ(*rankCorrelation({3, 3, 3}, {1, 2, 3}), 0);
  EXPECT_EQ(*rankCorrelation({1, 2, 3}, {3, 3, 3}), 0);
}

TEST(Samples, RankCorrelationOfNoPairs) {
  EXPECT_EQ(rankCorrelation({1, 2}, {1}).error().message, "expected two pairs at least, got 2 and 1 numbers");
  EXPECT_EQ(rankCorrelation({1}, {1}).error().message, "expected two pairs at least, got 1 and 1 numbers");
  EXPECT_EQ(rankCorrelation({1, 2}, {1, std::numeric_limits<double>::quiet_NaN()}).error().message,
            "pair 1: expected finite numbers");
}
