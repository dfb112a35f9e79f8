//===- CompressBoundTest.cpp - The error bound of the w8a8 rewrite ---------------------===//
//
// Compress.h states by how much a coded contraction may differ from the float one. Here contractions are
// coded as the rewrite codes them and compared with a wide float oracle.
//
//===----------------------------------------------------------------------===//
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Transforms/Compress.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace coopt {
namespace {

using Wide = long double;

struct Coded {
  std::vector<int8_t> codes;
  float scale = 0;
};

Coded encode(const std::vector<float> &x) {
  Coded coded{std::vector<int8_t>(x.size()), 0};
  numerics::quantizeRow(numerics::kDynamicInt8, x.data(), static_cast<int64_t>(x.size()), coded.codes.data(),
                        &coded.scale);
  return coded;
}

/// The error of one output as a part of the stated bound.
Wide errorOverBound(const std::vector<float> &x, const std::vector<float> &w) {
  Coded a = encode(x), b = encode(w);
  int64_t sum = 0;
  Wide exact = 0, sumX = 0, sumW = 0;
  for (size_t k = 0; k < x.size(); ++k) {
    sum += int64_t(a.codes[k]) * b.codes[k];
    exact += Wide(x[k]) * Wide(w[k]);
    sumX += std::fabs(Wide(x[k]));
    sumW += std::fabs(Wide(w[k]));
  }
  EXPECT_LE(std::llabs(sum), INT32_MAX);
  float y = (static_cast<float>(static_cast<int32_t>(sum)) * b.scale) * a.scale;
  Wide d = 0.5L + 0x1p-16L;
  Wide coding = d * b.scale * sumX + d * a.scale * sumW + x.size() * d * d * a.scale * b.scale;
  Wide bound = coding + 4 * 0x1p-24L * (std::fabs(exact) + coding);
  return std::fabs(Wide(y) - exact) / bound;
}

TEST(CompressBound, HoldsForRandomRows) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  Wide worst = 0;
  for (size_t columns : {size_t(1), size_t(2), size_t(7), size_t(64), size_t(172), size_t(4099)}) {
    for (int trial = 0; trial < 200; ++trial) {
      std::vector<float> x(columns), w(columns);
      float spread = static_cast<float>(trial % 5);
      for (size_t k = 0; k < columns; ++k) {
        x[k] = normal(random) * std::exp2(spread * normal(random));
        w[k] = normal(random) * std::exp2(static_cast<float>(trial % 60) - 30);
      }
      worst = std::max(worst, errorOverBound(x, w));
    }
  }
  EXPECT_LE(worst, 1.0L);
}

// Every element but the largest lies just below the middle between two codes, so all errors point one way:
// the bound is attained but for its small terms.
TEST(CompressBound, IsNearlyAttained) {
  for (size_t columns : {size_t(3), size_t(101), size_t(1001)}) {
    std::vector<float> x(columns, 0.4999f), w(columns, 0.4999f);
    x[0] = w[0] = 127.0f;
    Wide ratio = errorOverBound(x, w);
    EXPECT_LE(ratio, 1.0L);
    if (columns > 1000) {
      EXPECT_GT(ratio, 0.25L);
    }
    std::vector<float> high(columns, 126.4999f);
    high[0] = 127.0f;
    ratio = errorOverBound(high, high);
    EXPECT_LE(ratio, 1.0L);
    EXPECT_GT(ratio, columns > 1000 ? 0.99L : 0.3L);
  }
}

// The longest contraction that is rewritten: all codes at their largest still fit.
TEST(CompressBound, LongestSumFits) {
  std::vector<float> ones(kLongestCodedContraction, 1.0f);
  EXPECT_LE(errorOverBound(ones, ones), 1.0L);
  EXPECT_GT((kLongestCodedContraction + 1) * int64_t(127) * 127, int64_t(INT32_MAX));
  EXPECT_LE(kLongestCodedContraction * int64_t(127) * 127, int64_t(INT32_MAX));
}

} // namespace
} // namespace coopt
