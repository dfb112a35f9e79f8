#include "coopt/Numerics/Reduction.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace coopt;
using numerics::bitsOf;

namespace {

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

/// Rule 4 read literally: partial sum j over t, then the tree as nested expressions.
float literalSum(const std::vector<float> &x) {
  std::vector<float> p;
  for (size_t j = 0; j < 16; ++j) {
    float sum = 0;
    for (size_t t = 0; j + 16 * t < x.size(); ++t) {
      sum = sum + x[j + 16 * t];
    }
    p.push_back(sum);
  }
  auto four = [&](size_t j) { return (p[j] + p[j + 8]) + (p[j + 4] + p[j + 12]); };
  return (four(0) + four(2)) + (four(1) + four(3));
}

std::vector<float> randomRow(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, 100);
  std::vector<float> row(n);
  std::generate(row.begin(), row.end(),
                [&] { return normal(generator) * std::exp2(normal(generator) / 20); });
  return row;
}

TEST(Reduction, SumHasTheStatedShape) {
  for (size_t n : {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 172, 1009}) {
    std::vector<float> x = randomRow(n, static_cast<unsigned>(n));
    EXPECT_EQ(bitsOf(numerics::reduceSum(x.data(), static_cast<int64_t>(n))), bitsOf(literalSum(x))) << n;
  }
}

TEST(Reduction, SumIsNotTheSequentialOne) {
  // The ones that share a partial sum with 2^24 are lost (elements 16 and 32); a sequential sum loses all.
  std::vector<float> x(33, 1.0f);
  x[0] = 0x1p24f;
  EXPECT_EQ(numerics::reduceSum(x.data(), 33), 0x1p24f + 30);
  float sequential = 0;
  for (float value : x) {
    sequential += value;
  }
  EXPECT_EQ(sequential, 0x1p24f);
}

TEST(Reduction, SumOfNothingAndOfMinusZeroIsPlusZero) {
  float minusZero = -0.0f;
  EXPECT_EQ(bitsOf(numerics::reduceSum(nullptr, 0)), 0u);
  EXPECT_EQ(bitsOf(numerics::reduceSum(&minusZero, 1)), 0u);
}

TEST(Reduction, StridesAndGaps) {
  std::vector<float> x = randomRow(3 * 67, 5);
  std::vector<float> every3;
  for (size_t i = 0; i < x.size(); i += 3) {
    every3.push_back(x[i]);
  }
  EXPECT_EQ(bitsOf(numerics::reduceSum(x.data(), 67, 3)), bitsOf(literalSum(every3)));
  EXPECT_EQ(numerics::reduceMax(x.data(), 67, 3), *std::max_element(every3.begin(), every3.end()));
  EXPECT_EQ(bitsOf(numerics::reduceSum(x.data() + 66 * 3, 67, -3)),
            bitsOf(literalSum({every3.rbegin(), every3.rend()})));

  // A skipped element leaves its lane alone: the sum with zeros in its place, where no -0 is about.
  numerics::PartialSums sums;
  std::vector<float> holes = every3;
  for (size_t i = 0; i < holes.size(); ++i) {
    if (i % 5 == 2) {
      holes[i] = 0;
    } else {
      sums.add(static_cast<int64_t>(i), holes[i]);
    }
  }
  EXPECT_EQ(bitsOf(sums.total()), bitsOf(literalSum(holes)));
}

TEST(Reduction, MaximumPropagatesNanAndOrdersZeros) {
  EXPECT_TRUE(std::isnan(numerics::maximum(kNan, 1.0f)));
  EXPECT_TRUE(std::isnan(numerics::maximum(kInf, kNan)));
  EXPECT_EQ(bitsOf(numerics::maximum(-0.0f, 0.0f)), 0u);
  EXPECT_EQ(bitsOf(numerics::maximum(0.0f, -0.0f)), 0u);
  EXPECT_EQ(bitsOf(numerics::maximum(-0.0f, -0.0f)), 0x80000000u);
  EXPECT_EQ(numerics::maximum(-3.0f, -2.0f), -2.0f);
  EXPECT_EQ(numerics::maximum(7.0f, -kInf), 7.0f);
}

TEST(Reduction, MaxAndAmax) {
  EXPECT_EQ(numerics::reduceMax(nullptr, 0), -kInf);
  EXPECT_EQ(bitsOf(numerics::reduceAmax(nullptr, 0)), 0u);
  for (int64_t n : {1, 15, 16, 17, 65, 172}) {
    std::vector<float> x = randomRow(static_cast<size_t>(n), static_cast<unsigned>(n));
    EXPECT_EQ(numerics::reduceMax(x.data(), n), *std::max_element(x.begin(), x.end()));
    float amax = 0;
    for (float value : x) {
      amax = std::max(amax, std::fabs(value));
    }
    EXPECT_EQ(numerics::reduceAmax(x.data(), n), amax);
    for (int64_t at : {int64_t(0), n / 2, n - 1}) {
      std::vector<float> bad = x;
      bad[static_cast<size_t>(at)] = -kNan;
      EXPECT_TRUE(std::isnan(numerics::reduceMax(bad.data(), n)));
      EXPECT_TRUE(std::isnan(numerics::reduceAmax(bad.data(), n)));
      bad[static_cast<size_t>(at)] = -kInf;
      EXPECT_EQ(numerics::reduceAmax(bad.data(), n), kInf);
    }
  }
}

} // namespace
