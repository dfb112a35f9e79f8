#include "coopt/Numerics/TwoLevelQuantization.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace coopt;

namespace {

struct Coded {
  std::vector<uint8_t> codes, scales, zeros;
  std::vector<int8_t> values;
  float rowScale = 0;
};

Coded run(int64_t group, const std::vector<float> &row) {
  auto K = static_cast<int64_t>(row.size());
  auto groups = static_cast<size_t>(numerics::twoLevelGroupCount(group, K));
  Coded c;
  c.codes.resize(row.size());
  c.values.resize(row.size());
  c.scales.resize(groups);
  c.zeros.resize(groups);
  numerics::quantizeRowTwoLevel(group, row.data(), K, c.codes.data(), &c.rowScale, c.scales.data(),
                                c.zeros.data());
  numerics::decodeRowTwoLevel(group, c.codes.data(), c.scales.data(), c.zeros.data(), K, c.values.data());
  return c;
}

TEST(TwoLevelQuantization, EveryRangeAndLevelStaysInInt8) {
  // The row holds 119, so that s1 = 1; then groups of three: the range, and one number within it.
  for (int low = -119; low <= 0; ++low) {
    for (int high = 0; high <= 119; high += 7) {
      std::vector<float> row = {119, 0, 0};
      for (int q = low; q <= high; ++q) {
        row.insert(row.end(), {static_cast<float>(low), static_cast<float>(high), static_cast<float>(q)});
      }
      Coded c = run(3, row);
      ASSERT_EQ(c.rowScale, 1);
      int s2 = std::max(1, static_cast<int>(std::ceil((high - low) / 15.0)));
      int z = static_cast<int>(std::nearbyint(static_cast<double>(-low) / s2));
      for (size_t g = 1; g < c.scales.size(); ++g) {
        ASSERT_EQ(c.scales[g], s2);
        ASSERT_EQ(c.zeros[g], z);
        for (size_t i = 3 * g; i < 3 * g + 3; ++i) {
          double code = std::nearbyint(double(row[i]) / s2) + z;
          ASSERT_EQ(c.codes[i], std::fmin(std::fmax(code, 0), 15));
          int exact = (c.codes[i] - z) * s2;
          ASSERT_LE(std::abs(exact), 127);
          ASSERT_LE(c.codes[i] * s2, 255);
          ASSERT_EQ(c.values[i], exact);
        }
      }
    }
  }
}

TEST(TwoLevelQuantization, RandomRowsAreNear) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(0, 0.02f);
  for (size_t K : {1, 64, 128, 129, 172, 300}) {
    std::vector<float> row(K);
    std::generate(row.begin(), row.end(), [&] { return normal(generator); });
    Coded c = run(numerics::kTwoLevelGroup, row);
    for (size_t i = 0; i < K; ++i) {
      float s2 = c.scales[i / 128];
      EXPECT_LE(std::fabs(c.values[i] * c.rowScale - row[i]), (s2 + 0.51f) * c.rowScale);
    }
  }
}

// Vectors and their rests: groups of every kind of length.
TEST(TwoLevelQuantization, EqualsTheFormulas) {
  std::mt19937 generator(2);
  std::normal_distribution<float> normal(0, 0.02f);
  auto rounded = [](double x, double low, double high) {
    return static_cast<int>(std::nearbyint(std::fmin(std::fmax(x, low), high)));
  };
  for (int64_t group : {0, 1, 31, 32, 33, 64, 129}) {
    std::vector<float> row(517);
    std::generate(row.begin(), row.end(), [&] { return normal(generator); });
    Coded c = run(group, row);
    float amax = 0;
    for (float x : row) {
      amax = std::fmax(amax, std::fabs(x));
    }
    ASSERT_EQ(c.rowScale, amax / 119.0f);
    const size_t length = group == 0 ? row.size() : static_cast<size_t>(group);
    for (size_t begin = 0; begin < row.size(); begin += length) {
      const size_t end = std::min(begin + length, row.size());
      std::vector<int> inner;
      int low = 0, high = 0;
      for (size_t i = begin; i < end; ++i) {
        inner.push_back(rounded(row[i] / c.rowScale, -119, 119));
        low = std::min(low, inner.back());
        high = std::max(high, inner.back());
      }
      const int scale = std::max(1, (high - low + 14) / 15), zero = rounded(-low / double(scale), 0, 15);
      ASSERT_EQ(c.scales[begin / length], scale) << group;
      ASSERT_EQ(c.zeros[begin / length], zero) << group;
      for (size_t i = begin; i < end; ++i) {
        const int code = std::clamp(rounded(inner[i - begin] / double(scale), -119, 119) + zero, 0, 15);
        ASSERT_EQ(c.codes[i], code) << group << ", " << i;
      }
    }
  }
}

TEST(TwoLevelQuantization, ZerosAndNonFiniteRows) {
  Coded c = run(2, {0, 0, -0.0f});
  EXPECT_EQ(c.rowScale, 1);
  EXPECT_EQ(c.codes, (std::vector<uint8_t>{0, 0, 0}));
  EXPECT_EQ(c.scales, (std::vector<uint8_t>{1, 1}));
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    c = run(2, {1, bad, 3});
    EXPECT_FALSE(std::isfinite(c.rowScale));
    for (int8_t value : c.values) {
      EXPECT_TRUE(std::isnan(value * c.rowScale));
    }
  }
}

} // namespace
