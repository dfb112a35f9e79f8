#include "coopt/Numerics/GroupQuantization.h"

#include "coopt/Numerics/FormatTable.h"
#include "coopt/Numerics/Half.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace coopt;
using numerics::IntegerGroupFormat;
using numerics::ScaleType;

namespace {

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> randomRow(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.01f, 0.05f);
  std::vector<float> row(n);
  std::generate(row.begin(), row.end(), [&] { return normal(generator) * (generator() % 50 == 0 ? 30 : 1); });
  return row;
}

struct Coded {
  std::vector<int> codes;
  std::vector<float> scales;
  std::vector<int> zeros;
  std::vector<float> decoded;
};

/// With the decoder of all formats.
void decode(const IntegerGroupFormat &format, const uint8_t *codes, const uint8_t *zeros, Coded &result) {
  auto type =
      format.scaleType == ScaleType::F16 ? numerics::ElementFormat::f16() : numerics::ElementFormat::f32();
  auto block = numerics::integerGroupFormat(format.bits, format.groupSize, format.symmetric, type);
  ASSERT_TRUE(block.has_value());
  numerics::BlockRow row;
  row.codes = codes;
  row.scales[0] = result.scales.data();
  row.zeros = zeros;
  numerics::decodeRow(*block, row, static_cast<int64_t>(result.decoded.size()), result.decoded.data());
}

Coded run(const IntegerGroupFormat &format, const std::vector<float> &row) {
  auto K = static_cast<int64_t>(row.size());
  auto groups = static_cast<size_t>(numerics::groupCount(format, K));
  Coded result;
  result.scales.resize(groups);
  result.decoded.resize(row.size());
  if (format.symmetric) {
    std::vector<int8_t> codes(row.size());
    numerics::quantizeRow(format, row.data(), K, codes.data(), result.scales.data());
    decode(format, reinterpret_cast<const uint8_t *>(codes.data()), nullptr, result);
    result.codes.assign(codes.begin(), codes.end());
  } else {
    std::vector<uint8_t> codes(row.size()), zeros(groups);
    numerics::quantizeRow(format, row.data(), K, codes.data(), result.scales.data(), zeros.data());
    decode(format, codes.data(), zeros.data(), result);
    result.codes.assign(codes.begin(), codes.end());
    result.zeros.assign(zeros.begin(), zeros.end());
  }
  return result;
}

/// Written from the formulas alone, with libm's rounding and the compiler's own binary16.
Coded literal(const IntegerGroupFormat &format, const std::vector<float> &row) {
  Coded result;
  size_t length = format.groupSize > 0 ? static_cast<size_t>(format.groupSize) : row.size();
  for (size_t begin = 0; begin < row.size(); begin += length) {
    size_t end = std::min(row.size(), begin + length);
    float least = 0, most = 0, amax = 0;
    for (size_t i = begin; i < end; ++i) {
      least = std::fmin(least, row[i]);
      most = std::fmax(most, row[i]);
      amax = std::fmax(amax, std::fabs(row[i]));
    }
    int bits = format.bits;
    float levels = static_cast<float>(std::pow(2, format.symmetric ? bits - 1 : bits) - 1);
    float scale = format.symmetric ? amax / levels : (most - least) / levels;
    if (format.scaleType == ScaleType::F16) {
      scale = static_cast<float>(static_cast<_Float16>(scale));
    }
    scale = scale == 0 ? 1 : scale;
    float zero = 0, lowest = -levels;
    if (!format.symmetric) {
      zero = std::fmin(std::fmax(std::nearbyint(-least / scale), 0), levels);
      lowest = 0;
      result.zeros.push_back(static_cast<int>(zero));
    }
    result.scales.push_back(scale);
    for (size_t i = begin; i < end; ++i) {
      float q = std::fmin(std::fmax(std::nearbyint(row[i] / scale) + zero, lowest), levels);
      result.codes.push_back(static_cast<int>(q));
      result.decoded.push_back((q - zero) * scale);
    }
  }
  return result;
}

TEST(GroupQuantization, EqualsTheFormulas) {
  for (int bits = 2; bits <= 8; ++bits) {
    for (int64_t group : {0, 1, 7, 32, 128, 1000}) {
      for (bool symmetric : {true, false}) {
        for (ScaleType type : {ScaleType::F32, ScaleType::F16}) {
          for (size_t K : {1, 31, 64, 172}) {
            IntegerGroupFormat format{bits, group, symmetric, type};
            std::vector<float> row = randomRow(K, static_cast<unsigned>(K + group * 1000 + bits));
            Coded got = run(format, row), want = literal(format, row);
            ASSERT_EQ(got.codes, want.codes) << bits << " " << group << " " << symmetric << " " << K;
            ASSERT_EQ(got.scales, want.scales);
            ASSERT_EQ(got.zeros, want.zeros);
            ASSERT_EQ(got.decoded, want.decoded);
          }
        }
      }
    }
  }
}

TEST(GroupQuantization, CodesAreTheNearestForTheirScale) {
  for (bool symmetric : {true, false}) {
    IntegerGroupFormat format{4, 16, symmetric, ScaleType::F16};
    std::vector<float> row = randomRow(16 * 500 + 5, 11);
    Coded got = run(format, row);
    for (size_t i = 0; i < row.size(); ++i) {
      double scale = got.scales[i / 16];
      int zero = symmetric ? 0 : got.zeros[i / 16];
      double error = std::fabs((got.codes[i] - zero) * scale - row[i]);
      for (int code = symmetric ? -7 : 0; code <= (symmetric ? 7 : 15); ++code) {
        ASSERT_LE(error, std::fabs((code - zero) * scale - row[i]) * (1 + 0x1p-20)) << row[i];
      }
    }
  }
}

TEST(GroupQuantization, GroupCounts) {
  auto count = [](int64_t group, int64_t K) {
    return numerics::groupCount(IntegerGroupFormat{4, group, true, ScaleType::F16}, K);
  };
  EXPECT_EQ(count(0, 172), 1);
  EXPECT_EQ(count(32, 172), 6);
  EXPECT_EQ(count(128, 64), 1);
  EXPECT_EQ(count(std::numeric_limits<int64_t>::max(), 64), 1);
  EXPECT_EQ(count(1, 64), 64);
  EXPECT_EQ(count(32, 0), 0);
}

TEST(GroupQuantization, DynamicInt8ByHand) {
  // amax 254: scale 2; halves go to even.
  std::vector<float> row = {254, -254, 1, 3, 5, -1, -3, 2.5f, 0, -0.0f};
  Coded got = run(numerics::kDynamicInt8, row);
  EXPECT_EQ(got.scales, std::vector<float>{2});
  EXPECT_EQ(got.codes, (std::vector<int>{127, -127, 0, 2, 2, 0, -2, 1, 0, 0}));
}

TEST(GroupQuantization, AsymmetricRangeHoldsZero) {
  Coded got = run(IntegerGroupFormat{4, 0, false, ScaleType::F32}, {5, 6, 7, 8, 7.5f});
  EXPECT_EQ(got.zeros, std::vector<int>{0});
  EXPECT_EQ(got.codes, (std::vector<int>{9, 11, 13, 15, 14}));
  got = run(IntegerGroupFormat{2, 0, false, ScaleType::F32}, {-3, -2, -1});
  EXPECT_EQ(got.scales, std::vector<float>{1});
  EXPECT_EQ(got.zeros, std::vector<int>{3});
  EXPECT_EQ(got.codes, (std::vector<int>{0, 1, 2}));
}

TEST(GroupQuantization, ZerosAndUnderflowHaveScaleOne) {
  for (bool symmetric : {true, false}) {
    for (float tiny : {0.0f, -0.0f, 0x1p-149f, -0x1p-149f}) {
      Coded got = run(IntegerGroupFormat{8, 0, symmetric, ScaleType::F32}, {tiny, 0, tiny});
      EXPECT_EQ(got.scales, std::vector<float>{1});
      EXPECT_EQ(got.codes, (std::vector<int>{0, 0, 0}));
    }
    // Below half of the least binary16 the f16 scale vanishes.
    Coded got = run(IntegerGroupFormat{4, 0, symmetric, ScaleType::F16}, {0x1p-23f, 0});
    EXPECT_EQ(got.scales, std::vector<float>{1});
    EXPECT_EQ(got.codes, (std::vector<int>{0, 0}));
  }
}

TEST(GroupQuantization, HalfScalesSaturateAndCodesClamp) {
  Coded got = run(IntegerGroupFormat{4, 0, true, ScaleType::F16}, {1e30f, -1e30f, 65504, 0});
  EXPECT_EQ(got.scales, std::vector<float>{65504});
  EXPECT_EQ(got.codes, (std::vector<int>{7, -7, 1, 0}));
  got = run(IntegerGroupFormat{4, 0, false, ScaleType::F16}, {1e30f, 0});
  EXPECT_EQ(got.scales, std::vector<float>{65504});
  EXPECT_EQ(got.codes, (std::vector<int>{15, 0}));
  // A scale that rounds down in binary16 would give codes beyond the last one.
  for (float amax = 1; amax < 1.01f; amax += 0x1p-14f) {
    got = run(IntegerGroupFormat{8, 0, true, ScaleType::F16}, {amax, -amax});
    ASSERT_LE(got.codes[0], 127);
    ASSERT_GE(got.codes[1], -127);
  }
}

TEST(GroupQuantization, NonFiniteGroupsDecodeToNanAndTheOthersAreUntouched) {
  for (bool symmetric : {true, false}) {
    for (ScaleType type : {ScaleType::F32, ScaleType::F16}) {
      for (float bad : {kNan, -kNan, kInf, -kInf}) {
        Coded got = run(IntegerGroupFormat{8, 3, symmetric, type}, {1, bad, -2, 1, 2, 3, 4});
        EXPECT_FALSE(std::isfinite(got.scales[0]));
        for (size_t i = 0; i < 3; ++i) {
          EXPECT_EQ(got.codes[i], 0);
          EXPECT_TRUE(std::isnan(got.decoded[i]));
        }
        Coded rest = run(IntegerGroupFormat{8, 3, symmetric, type}, {1, 2, 3, 4});
        EXPECT_TRUE(std::equal(rest.codes.begin(), rest.codes.end(), got.codes.begin() + 3));
      }
    }
  }
  float huge = std::numeric_limits<float>::max();
  Coded got = run(IntegerGroupFormat{4, 0, false, ScaleType::F32}, {huge, -huge});
  EXPECT_EQ(got.scales[0], kInf);
  EXPECT_EQ(got.codes, (std::vector<int>{0, 0}));
}

struct FusedBuilder : numerics::HostBuilder {
  float fma(float x, float y, float z) const { return std::fma(x, y, z); }
};

/// What quantizeElement makes of quotientToRound's quotient.
struct ReciprocalBuilder : FusedBuilder {
  float div(float x, float scale) {
    FusedBuilder b;
    return numerics::quotientToRound(b, x, scale, 1.0f / scale);
  }
};

void expectSameCode(float x, float scale, float limit) {
  numerics::HostBuilder divides;
  ReciprocalBuilder multiplies;
  float expected = numerics::quantizeElement(divides, x, scale, -limit, limit);
  ASSERT_EQ(numerics::quantizeElement(multiplies, x, scale, -limit, limit), expected) << x << " / " << scale;
}

TEST(GroupQuantization, QuotientsByReciprocalRoundAsThoseOfDivision) {
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    // Any significand, and those next to powers of two, whose reciprocals are the least exact.
    uint32_t significand = i % 8 == 0 ? 0x7FFFFF - i / 8 % 16 : i % 8 == 1 ? i / 8 % 16 : random() & 0x7FFFFF;
    float scale = std::ldexp(1.0f + std::ldexp(static_cast<float>(significand), -23),
                             static_cast<int>(random() % 100) - 40);
    for (float code : {0.5f, 1.5f, 2.5f, 63.5f, 126.5f, static_cast<float>(random() % 256) / 2, 1e6f}) {
      // The ties between codes, and what is next to them.
      float x = code * scale;
      for (int step = -3; step <= 3; ++step) {
        float next = x;
        for (int k = 0; k < std::abs(step); ++k) {
          next = std::nextafter(next, step < 0 ? -kInf : kInf);
        }
        expectSameCode(next, scale, 127);
        expectSameCode(-next, scale, numerics::kQuotientLimit);
      }
    }
  }
  const float huge = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
  for (float scale : {numerics::kLeastInvertedScale, 3e-5f, 1.0f, 7e5f, numerics::kLargestInvertedScale}) {
    for (float x : {0.0f, -0.0f, least, -least, 0x1p-126f, huge, -huge, kInf, -kInf, kNan}) {
      expectSameCode(x, scale, 127);
      expectSameCode(x, scale, numerics::kQuotientLimit);
    }
  }
}

} // namespace
