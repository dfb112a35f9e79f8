// MX, block floating point, FP8, FP4 and NVFP4 against encoders written another way: exponents by frexp, codes by
// looking at all codes in binary64.
#include "BlockOracle.h"

#include "coopt/Numerics/FormatTable.h"

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

struct SharedExponentCase {
  const char *name;
  std::vector<float> values;
  int emax;
  size_t block;
};

std::vector<SharedExponentCase> sharedExponentCases() {
  std::vector<SharedExponentCase> cases = {
      {"mxfp4", floatValues(2, 1, 1), 2, 32},     {"mxfp6e2m3", floatValues(2, 3, 1), 2, 32},
      {"mxfp6e3m2", floatValues(3, 2, 3), 4, 32}, {"mxfp8", e4m3Values(), 8, 32},
      {"mxfp8e5m2", e5m2Values(), 15, 32},        {"mxint8", integerValues(8, -6), 0, 32}};
  for (int bits = 3; bits <= 8; ++bits) {
    static const char *names[] = {"bfp3", "bfp4", "bfp5", "bfp6", "bfp7", "bfp8"};
    cases.push_back({names[bits - 3], integerValues(bits, 2 - bits), 0, 16});
  }
  return cases;
}

void checkSharedExponent(const SharedExponentCase &test, Rounding rounding, Tie tie, size_t rows) {
  SCOPED_TRACE(test.name);
  BlockFormat format = *findFormat(test.name);
  const AllCodes all(test.values);
  const size_t K = 2 * test.block + 5; // two whole blocks and a short one
  HardRows source(7, positive(test.values));
  std::vector<float> matrix = source.matrix(rows, K);
  BlockComponents got = encoded(format, matrix, rows, {rounding, 0});
  ASSERT_EQ(got.scales[0].size(), rows * 3);
  const uint32_t mask = static_cast<uint32_t>(test.values.size()) - 1;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t block = 0; block < 3; ++block) {
      const float *x = matrix.data() + row * K + block * test.block;
      size_t n = block < 2 ? test.block : 5;
      float largest = amaxOf(x, n);
      int exponent = -125; // 2^-126 is 0.5 * 2^-125
      if (largest != 0 && std::isfinite(largest)) {
        std::frexp(static_cast<double>(largest), &exponent);
      }
      exponent = std::max(exponent - 1 - test.emax, -127);
      double scale = std::isfinite(largest) ? std::pow(2.0, exponent) : kNan;
      ASSERT_EQ(canonical(got.scales[0][row * 3 + block]), canonical(static_cast<float>(scale)));
      for (size_t i = 0; i < n; ++i) {
        uint32_t expected = all.nearest(static_cast<double>(x[i]) / scale, tie);
        ASSERT_EQ(got.codes[row * K + block * test.block + i] & mask, expected) << x[i] << " " << scale;
      }
    }
  }
}

TEST(FloatEncoders, SharedExponents) {
  for (const SharedExponentCase &test : sharedExponentCases()) {
    // 100,000 blocks each; a third of them short.
    checkSharedExponent(test, Rounding::NearestEven, Tie::Even, 33334);
    checkSharedExponent(test, Rounding::NearestAway, Tie::Away, 2000);
    checkSharedExponent(test, Rounding::NearestToZero, Tie::ToZero, 2000);
  }
}

TEST(FloatEncoders, Mxfp4SaturatesBetween6And8) {
  std::vector<float> row(32);
  row[0] = 7.9f;
  row[1] = -6.5f;
  BlockComponents got = encoded(*findFormat("mxfp4"), row, 1);
  EXPECT_EQ(got.scales[0][0], 1);
  EXPECT_EQ(got.codes[0], 7);
  EXPECT_EQ(got.codes[1], 15);
  EXPECT_EQ(decodeMatrix(*findFormat("mxfp4"), got)[0], 6);
}

struct AmaxCase {
  const char *name;
  std::vector<float> values;
  float largest;
  size_t span, spanRows; ///< 0: all
  float floor;
  bool reciprocal, powers;
  Tie tie;
};

float powerAbove(float x) {
  int exponent;
  double fraction = std::frexp(static_cast<double>(x), &exponent);
  return std::ldexp(1.0f, std::min(std::max(fraction == 0.5 ? exponent - 1 : exponent, -126), 127));
}

void checkAmax(const AmaxCase &test, size_t rows, size_t K) {
  SCOPED_TRACE(test.name);
  BlockFormat format = *findFormat(test.name);
  const AllCodes all(test.values);
  HardRows source(11, positive(test.values));
  std::vector<float> matrix = source.matrix(rows, K);
  BlockComponents got = encoded(format, matrix, rows);
  size_t spanRows = test.spanRows ? test.spanRows : rows, span = test.span ? test.span : K, index = 0;
  for (size_t rowBegin = 0; rowBegin < rows; rowBegin += spanRows) {
    for (size_t begin = 0; begin < K; begin += span, ++index) {
      size_t rowEnd = std::min(rows, rowBegin + spanRows), end = std::min(K, begin + span);
      float largest = test.floor;
      for (size_t row = rowBegin; row < rowEnd; ++row) {
        float amax = amaxOf(matrix.data() + row * K + begin, end - begin);
        largest = largest != largest || amax != amax ? kNan : std::fmax(largest, amax);
      }
      float scale = largest / test.largest;
      if (test.powers) {
        scale = std::isfinite(scale) ? powerAbove(scale) : kNan;
      }
      scale = scale == 0 ? 1 : scale;
      ASSERT_EQ(canonical(got.scales[0][index]), canonical(scale));
      float inverse = 1 / scale;
      for (size_t row = rowBegin; row < rowEnd; ++row) {
        for (size_t i = begin; i < end; ++i) {
          float x = matrix[row * K + i];
          float u = test.reciprocal ? x * inverse : x / scale;
          ASSERT_EQ(got.codes[row * K + i], all.nearest(u, test.tie)) << x << " " << scale;
        }
      }
    }
  }
  ASSERT_EQ(index, got.scales[0].size());
}

TEST(FloatEncoders, LargestMagnitude) {
  std::vector<float> e4m3 = e4m3Values(), e2m1 = floatValues(2, 1, 1);
  AmaxCase channel{"fp8-channel", e4m3, 448, 0, 1, 0, false, false, Tie::Even};
  checkAmax(channel, 50000, 1);
  checkAmax(channel, 50000, 37);
  checkAmax({"fp8-e5m2", e5m2Values(), 57344, 0, 1, 0, false, false, Tie::Even}, 20000, 37);
  for (size_t rows : {1, 3, 131}) {
    checkAmax({"fp8", e4m3, 448, 0, 0, 0, false, false, Tie::Even}, rows, 29);
    checkAmax({"fp8-block", e4m3, 448, 128, 128, 1e-4f, true, false, Tie::Even}, rows, 259);
    checkAmax({"fp8-block-ue8m0", e4m3, 448, 128, 128, 1e-4f, true, true, Tie::Even}, rows, 259);
  }
  checkAmax({"fp4-deepgemm", e2m1, 6, 128, 1, 1e-4f, true, false, Tie::ToZero}, 50000, 131);
}

TEST(FloatEncoders, DeepGemmCountsBoundariesStrictlyExceeded) {
  // The rule of that project word by word, for a group whose scale is 1.
  const float boundaries[] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f};
  std::vector<float> row(128);
  row[0] = 6;
  HardRows source(3, positive(floatValues(2, 1, 1)));
  for (int round = 0; round < 1000; ++round) {
    for (size_t i = 1; i < row.size(); ++i) {
      int k = static_cast<int>(source.generator() % 97) - 48;
      row[i] = static_cast<float>(k) / 8;
    }
    BlockComponents got = encoded(*findFormat("fp4-deepgemm"), row, 1);
    ASSERT_EQ(got.scales[0][0], 1);
    for (size_t i = 0; i < row.size(); ++i) {
      uint8_t code = 0;
      for (float boundary : boundaries) {
        code = static_cast<uint8_t>(code + (std::fabs(row[i]) > boundary));
      }
      ASSERT_EQ(got.codes[i], code | (row[i] < 0 && code != 0 ? 8 : 0)) << row[i];
    }
  }
}

TEST(FloatEncoders, Nvfp4) {
  BlockFormat format = *findFormat("nvfp4");
  std::vector<float> e2m1 = floatValues(2, 1, 1), e4m3 = e4m3Values();
  const AllCodes all(e2m1), scales(e4m3);
  HardRows source(5, positive(e2m1));
  size_t blocks = 0;
  while (blocks < 100000) {
    size_t rows = 1 + source.generator() % 9, K = 1 + source.generator() % 70;
    std::vector<float> matrix = source.matrix(rows, K);
    BlockComponents got = encoded(format, matrix, rows);
    float outer = amaxOf(matrix.data(), matrix.size()) / 2688;
    outer = outer == 0 ? 1 : outer;
    ASSERT_EQ(got.scales[1].size(), 1u);
    ASSERT_EQ(canonical(got.scales[1][0]), canonical(outer));
    size_t groups = (K + 15) / 16;
    for (size_t row = 0; row < rows; ++row) {
      for (size_t g = 0; g < groups; ++g, ++blocks) {
        const float *x = matrix.data() + row * K + 16 * g;
        size_t n = std::min<size_t>(16, K - 16 * g);
        float wanted = amaxOf(x, n) / 6 / outer;
        float inner = wanted != wanted || std::isinf(wanted) ? kNan : e4m3[scales.nearest(wanted, Tie::Even)];
        inner = inner == 0 ? 1 : inner;
        ASSERT_EQ(canonical(got.scales[0][row * groups + g]), canonical(inner)) << wanted;
        for (size_t i = 0; i < n; ++i) {
          float u = x[i] / (inner * outer);
          ASSERT_EQ(got.codes[row * K + 16 * g + i], all.nearest(u, Tie::Even));
        }
      }
    }
  }
}

TEST(FloatEncoders, BadInputStaysVisible) {
  for (const NamedFormat &named : listFormats()) {
    if (named.format.encoding.kind == EncodingKind::None) {
      continue;
    }
    for (float bad : {kNan, HUGE_VALF, -HUGE_VALF}) {
      std::vector<float> row(256, 0.5f);
      row[7] = bad;
      std::vector<float> decoded = decodeMatrix(named.format, encoded(named.format, row, 1));
      EXPECT_FALSE(std::isfinite(decoded[7])) << named.format.name << " " << bad;
    }
  }
}

TEST(FloatEncoders, StochasticRounding) {
  // Numbers between two codes go up as often as they should; the bits depend on seed and place alone.
  BlockFormat format = *findFormat("mxint8");
  const size_t K = 32, rows = 20000;
  std::vector<float> matrix(rows * K);
  for (size_t i = 0; i < matrix.size(); ++i) {
    matrix[i] = i % K == 0 ? 127.0f : static_cast<float>(i % K) + static_cast<float>(i % K) / 32;
  }
  BlockComponents got = encoded(format, matrix, rows, {Rounding::Stochastic, 42});
  for (size_t i = 1; i < K; ++i) {
    double mean = 0;
    for (size_t row = 0; row < rows; ++row) {
      auto code = static_cast<int8_t>(got.codes[row * K + i]);
      ASSERT_TRUE(code == static_cast<int>(i) || code == static_cast<int>(i) + 1);
      mean += code;
    }
    EXPECT_NEAR(mean / rows, static_cast<double>(matrix[i]), 0.02) << i; // 5 standard deviations
  }
  EXPECT_EQ(encoded(format, matrix, rows, {Rounding::Stochastic, 42}).codes, got.codes);
  EXPECT_NE(encoded(format, matrix, rows, {Rounding::Stochastic, 43}).codes, got.codes);
  // The published first outputs of SplitMix64 for seed 0 and 1234567.
  EXPECT_EQ(randomBits24(0, 0), 0xe220a8397b1dcdafu >> 40);
  EXPECT_EQ(randomBits24(1234567, 0), 6457827717110365317u >> 40);
  EXPECT_EQ(randomBits24(1234567, 1), 3203168211198807973u >> 40);
}

} // namespace
