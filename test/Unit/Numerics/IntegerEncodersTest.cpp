// Encoders of integer codes against the formulas written with libm and binary64 integers.
#include "BlockOracle.h"

#include "coopt/Numerics/FormatTable.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/Half.h"
#include "coopt/Numerics/Reduction.h"
#include "coopt/Numerics/TwoLevelQuantization.h"

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> smallGrid() { return {0, 1, 2, 3, 4, 5, 6, 7}; }

/// The compiler's own binary16, saturating; 0 replaced by 1.
float halfScale(float s) {
  if (std::isfinite(s)) {
    s = static_cast<float>(static_cast<_Float16>(std::fmin(s, 65504.0f)));
  }
  return s == 0 ? 1 : s;
}

TEST(IntegerEncoders, GroupsEqualQuantizeRow) {
  for (int bits = 1; bits <= 8; ++bits) {
    for (int64_t group : {0, 1, 31, 32, 200}) {
      for (bool symmetric : {true, false}) {
        for (const ElementFormat &type : {ElementFormat::f32(), ElementFormat::f16()}) {
          auto format = integerGroupFormat(bits, group, symmetric, type);
          ASSERT_TRUE(format) << format.error().message;
          const size_t rows = 90, K = 67;
          std::vector<float> matrix = HardRows(3, smallGrid()).matrix(rows, K);
          BlockComponents got = encoded(*format, matrix, rows);
          ScaleType scaleType = type == ElementFormat::f16() ? ScaleType::F16 : ScaleType::F32;
          IntegerGroupFormat old{bits, group, symmetric, scaleType};
          auto groups = static_cast<size_t>(groupCount(old, K));
          for (size_t row = 0; row < rows; ++row) {
            std::vector<uint8_t> codes(K), zeros(groups);
            std::vector<float> scales(groups), values(K), decoded(K);
            const float *x = matrix.data() + row * K;
            if (symmetric) {
              auto *codesOut = reinterpret_cast<int8_t *>(codes.data());
              quantizeRow(old, x, K, codesOut, scales.data());
            } else {
              quantizeRow(old, x, K, codes.data(), scales.data(), zeros.data());
            }
            for (size_t i = 0; i < K; ++i) {
              size_t g = group > 0 ? i / static_cast<size_t>(group) : 0;
              int code = symmetric ? static_cast<int8_t>(codes[i]) : codes[i] - zeros[g];
              values[i] = static_cast<float>(code) * scales[g];
            }
            decodeRow(*format, rowOf(*format, got, static_cast<int64_t>(row)), K, decoded.data());
            for (size_t g = 0; g < groups; ++g) {
              ASSERT_EQ(canonical(got.scales[0][row * groups + g]), canonical(scales[g]));
              ASSERT_EQ(symmetric ? 0 : got.zeros[row * groups + g], symmetric ? 0 : zeros[g]);
            }
            for (size_t i = 0; i < K; ++i) {
              if (!old.isSign()) { // signs are bits there and +-1 here
                ASSERT_EQ(got.codes[row * K + i], codes[i]) << x[i];
              }
              ASSERT_EQ(canonical(decoded[i]), canonical(values[i]));
            }
          }
        }
      }
    }
  }
}

TEST(IntegerEncoders, OneBit) {
  BlockFormat format = *integerGroupFormat(1, 32, true, ElementFormat::f16());
  const size_t rows = 50000, K = 37;
  std::vector<float> matrix = HardRows(5, smallGrid()).matrix(rows, K);
  BlockComponents got = encoded(format, matrix, rows);
  std::vector<float> decoded = decodeMatrix(format, got);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t g = 0; g < 2; ++g) {
      const float *x = matrix.data() + row * K + 32 * g;
      size_t n = g == 0 ? 32 : 5;
      float lanes[16] = {}; // the shape of R, written out
      for (size_t i = 0; i < n; ++i) {
        lanes[i % 16] += std::fabs(x[i]);
      }
      for (int h = 8; h > 0; h /= 2) {
        for (int j = 0; j < h; ++j) {
          lanes[j] += lanes[j + h];
        }
      }
      float scale = halfScale(lanes[0] / static_cast<float>(n));
      ASSERT_EQ(canonical(got.scales[0][2 * row + g]), canonical(scale));
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ(canonical(decoded[row * K + 32 * g + i]), canonical(x[i] >= 0 ? scale : -scale));
      }
    }
  }
}

TEST(IntegerEncoders, MeanMagnitudeIsBestForSigns) {
  std::vector<float> row(97);
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::generate(row.begin(), row.end(), [&] { return normal(generator); });
  BlockFormat format = *integerGroupFormat(1, 0, true, ElementFormat::f32());
  double scale = encoded(format, row, 1).scales[0][0];
  auto error = [&](double s) {
    double sum = 0;
    for (float x : row) {
      sum += std::pow(std::fabs(static_cast<double>(x)) - s, 2);
    }
    return sum;
  };
  EXPECT_LT(error(scale), error(scale * 1.001));
  EXPECT_LT(error(scale), error(scale * 0.999));
}

TEST(IntegerEncoders, Ternary) {
  const size_t rows = 50000, K = 37;
  std::vector<float> matrix = HardRows(6, {0, 1, 2}).matrix(rows, K);
  BlockComponents got = encoded(*findFormat("ternary"), matrix, rows);
  for (size_t row = 0; row < rows; ++row) {
    const float *x = matrix.data() + row * K;
    float lanes[16] = {};
    for (size_t i = 0; i < K; ++i) {
      lanes[i % 16] += std::fabs(x[i]);
    }
    for (int h = 8; h > 0; h /= 2) {
      for (int j = 0; j < h; ++j) {
        lanes[j] += lanes[j + h];
      }
    }
    float scale = lanes[0] / 37;
    scale = scale == 0 ? 1 : scale;
    ASSERT_EQ(canonical(got.scales[0][row]), canonical(scale));
    for (size_t i = 0; i < K; ++i) {
      float u = x[i] / scale; // halfway is even, which is 0
      ASSERT_EQ(static_cast<int8_t>(got.codes[row * K + i]), u > 0.5f ? 1 : u < -0.5f ? -1 : 0);
    }
  }
  // What is ternary already stays what it is by the largest magnitude.
  std::vector<float> ternary = {0.3f, 0, -0.3f, -0.3f, 0, 0, 0.3f, 0};
  EXPECT_EQ(decodeMatrix(*findFormat("i2_s"), encoded(*findFormat("i2_s"), ternary, 2)), ternary);
}

TEST(IntegerEncoders, MinimumAndScale) {
  for (int bits : {2, 4}) {
    for (const ElementFormat &type : {ElementFormat::f32(), ElementFormat::f16()}) {
      BlockFormat format = *kiviFormat(bits, 32, type);
      const size_t rows = 25000, K = 69;
      const float limit = static_cast<float>((1 << bits) - 1);
      std::vector<float> matrix = HardRows(8, smallGrid()).matrix(rows, K);
      BlockComponents got = encoded(format, matrix, rows);
      std::vector<float> decoded = decodeMatrix(format, got);
      for (size_t row = 0; row < rows; ++row) {
        for (size_t g = 0; g < 3; ++g) {
          const float *x = matrix.data() + row * K + 32 * g;
          size_t n = g < 2 ? 32 : 5;
          float low = x[0], high = x[0];
          bool bad = false;
          for (size_t i = 0; i < n; ++i) {
            bad |= x[i] != x[i];
            low = std::fmin(low, x[i]);
            high = std::fmax(high, x[i]);
          }
          low = bad ? kNan : low;
          float scale = (high - low) / limit;
          if (type == ElementFormat::f16()) {
            scale = halfScale(scale);
            if (std::isfinite(low)) {
              low = static_cast<float>(static_cast<_Float16>(std::fmax(std::fmin(low, 65504.0f), -65504.0f)));
            }
          }
          scale = scale == 0 ? 1 : scale;
          ASSERT_EQ(canonical(got.scales[0][row * 3 + g]), canonical(scale));
          float minimum = got.minimums[0][row * 3 + g];
          ASSERT_TRUE(minimum == low || (minimum != minimum && low != low));
          for (size_t i = 0; i < n; ++i) {
            size_t at = row * K + 32 * g + i;
            float u = (x[i] - minimum) / scale;
            float q = u != u ? 0 : std::nearbyint(std::fmin(std::fmax(u, 0.0f), limit));
            ASSERT_EQ(got.codes[at], q);
            volatile float product = q * scale;
            ASSERT_EQ(canonical(decoded[at]), canonical(product + minimum));
          }
        }
      }
    }
  }
}

TEST(IntegerEncoders, TwoLevelEqualsItsRowCoder) {
  for (int64_t group : {0, 5, 64}) {
    BlockFormat format = twoLevelFormat(group);
    const size_t rows = 2000, K = 131;
    std::vector<float> matrix = HardRows(9, smallGrid()).matrix(rows, K);
    BlockComponents got = encoded(format, matrix, rows);
    std::vector<float> decoded = decodeMatrix(format, got);
    auto groups = static_cast<size_t>(twoLevelGroupCount(group, K));
    for (size_t row = 0; row < rows; ++row) {
      std::vector<uint8_t> codes(K), scales(groups), zeros(groups);
      std::vector<int8_t> values(K);
      float rowScale = 0;
      quantizeRowTwoLevel(group, matrix.data() + row * K, K, codes.data(), &rowScale, scales.data(),
                          zeros.data());
      decodeRowTwoLevel(group, codes.data(), scales.data(), zeros.data(), K, values.data());
      ASSERT_EQ(canonical(got.scales[1][row]), canonical(rowScale));
      for (size_t g = 0; g < groups; ++g) {
        ASSERT_EQ(got.scales[0][row * groups + g], scales[g]);
        ASSERT_EQ(got.zeros[row * groups + g], zeros[g]);
      }
      for (size_t i = 0; i < K; ++i) {
        ASSERT_EQ(got.codes[row * K + i], codes[i]);
        float expected = static_cast<float>(values[i]) * rowScale;
        ASSERT_TRUE(decoded[row * K + i] == expected || expected != expected);
      }
    }
  }
}

TEST(IntegerEncoders, LiquidStaysInInt8ForEveryRange) {
  // A row that holds 119 has scale 1; groups of 128 of all numbers of a range.
  BlockFormat format = *findFormat("liquid");
  for (int low = -119; low <= 119; ++low) {
    for (int high = low; high <= 119; ++high) {
      std::vector<float> row(256, static_cast<float>(low));
      row[0] = 119;
      for (int i = 0; i < 128; ++i) {
        row[128 + static_cast<size_t>(i)] = static_cast<float>(low + i % (high - low + 1));
      }
      row[255] = static_cast<float>(high);
      BlockComponents got = encoded(format, row, 1);
      ASSERT_EQ(got.scales[1][0], 1);
      auto scale = static_cast<int>(got.scales[0][1]);
      auto minimum = static_cast<int>(got.minimums[0][1]);
      ASSERT_EQ(minimum, low);
      ASSERT_EQ(scale, std::max(1, (high - low + 14) / 15));
      std::vector<float> decoded = decodeMatrix(format, got);
      for (size_t i = 128; i < 256; ++i) {
        int code = got.codes[i];
        ASSERT_EQ(code, std::min(15.0, std::nearbyint((static_cast<double>(row[i]) - low) / scale)));
        int value = code * scale + minimum;
        ASSERT_LE(std::abs(value), 127);
        ASSERT_LE(std::fabs(static_cast<float>(value) - row[i]) * 2, static_cast<float>(scale));
        // Two instructions on bytes: a multiplication and addition that never carry, and an exclusive or.
        int byte = code * scale + 128 + minimum;
        ASSERT_GE(byte, 0);
        ASSERT_LE(byte, 255);
        ASSERT_EQ(static_cast<int8_t>(byte ^ 0x80), value);
        ASSERT_EQ(decoded[i], static_cast<float>(value));
      }
    }
  }
}

TEST(IntegerEncoders, Bipolar) {
  for (int bits = 1; bits <= 8; ++bits) {
    ElementFormat element = *ElementFormat::makeBipolar(bits);
    std::vector<float> values;
    for (uint32_t code = 0; code < uint32_t(1) << bits; ++code) {
      int sum = 0; // the definition: bits that count +-2^i
      for (int i = 0; i < bits; ++i) {
        sum += (code >> i & 1 ? 1 : -1) * (1 << i);
      }
      values.push_back(static_cast<float>(sum));
      EXPECT_EQ(element.decode(code), static_cast<float>(sum));
      EXPECT_EQ(element.encode(static_cast<float>(sum)), code);
      // From a signed integer q: 2 q + 1, with the code of q with its top bit flipped.
      int q = static_cast<int>(code) - (1 << (bits - 1));
      EXPECT_EQ(sum, 2 * q + 1);
    }
    AllCodes all(values);
    BlockFormat format = *findFormat("bipolar" + std::to_string(bits));
    const size_t rows = 6000, K = 19;
    std::vector<float> matrix = HardRows(10, positive(values)).matrix(rows, K);
    BlockComponents got = encoded(format, matrix, rows);
    for (size_t row = 0; row < rows; ++row) {
      float scale = amaxOf(matrix.data() + row * K, K) / values.back();
      scale = scale == 0 ? 1 : scale;
      ASSERT_EQ(canonical(got.scales[0][row]), canonical(scale));
      for (size_t i = 0; i < K; ++i) {
        ASSERT_EQ(got.codes[row * K + i], all.nearest(matrix[row * K + i] / scale, Tie::Up));
        float u = matrix[row * K + i] / scale;
        ASSERT_EQ(element.encode(u), all.nearest(u, Tie::Up));
      }
    }
  }
}

TEST(IntegerEncoders, PowersOfTwo) {
  ElementFormat e8m0 = ElementFormat::e8m0();
  std::vector<float> values;
  for (uint32_t code = 0; code < 256; ++code) {
    values.push_back(code == 255 ? kNan : std::ldexp(1.0f, static_cast<int>(code) - 127));
    ASSERT_EQ(canonical(e8m0.decode(code)), canonical(values.back()));
    ASSERT_EQ(e8m0.encode(values.back()), code);
  }
  AllCodes all(values);
  std::mt19937 generator(2);
  for (int i = 0; i < 1000000; ++i) {
    float x = fromBits(static_cast<uint32_t>(generator()) & 0x7fffffff);
    x = i % 4 == 0 ? fromBits(toBits(x) & 0xffc00000) : x; // halfway
    if (std::isfinite(x)) {
      ASSERT_EQ(e8m0.encode(x), all.nearest(x, Tie::Up)) << x;
    }
  }
  EXPECT_EQ(e8m0.encode(HUGE_VALF), 255u);
  EXPECT_EQ(e8m0.encode(kNan), 255u);
  EXPECT_EQ(e8m0.encode(-1), 0u);
}

} // namespace
