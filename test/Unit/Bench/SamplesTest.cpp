#include "Bench/Samples.h"

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
