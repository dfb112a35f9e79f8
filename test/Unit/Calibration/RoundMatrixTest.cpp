#include "coopt/Calibration/CalibrationMethod.h"

#include "Random.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::calibration;
using numerics::ScaleType;

namespace {

const std::vector<WeightFormat> kFormats = {
    {{4, 32, false, ScaleType::F16}, false}, {{3, 7, false, ScaleType::F16}, false},
    {{2, 32, true, ScaleType::F16}, false},  {{8, 0, true, ScaleType::F32}, false},
    {{1, 16, true, ScaleType::F16}, false},  {{4, 0, false, ScaleType::F32}, false},
    {{4, 32, false, ScaleType::F32}, true},  {{4, 9, false, ScaleType::F32}, true},
};

double at(const std::vector<float> &matrix, int64_t K, int64_t i, int64_t j) {
  return static_cast<double>(matrix[static_cast<size_t>(i * K + j)]);
}

std::vector<double> diagonalOf(const std::vector<float> &gram, int64_t K) {
  std::vector<double> diagonal;
  for (int64_t k = 0; k < K; ++k) {
    diagonal.push_back(at(gram, K, k, k));
  }
  return diagonal;
}

InverseFactor factorOf(const std::vector<float> &gram, int64_t K, double damping = kDamping) {
  auto factor = InverseFactor::compute(K, [&](int64_t i, int64_t j) { return at(gram, K, i, j); }, damping);
  EXPECT_TRUE(factor);
  return *factor;
}

/// The numbers that the codes stand for, all rows.
std::vector<float> decode(const WeightFormat &format, const RoundedMatrix &matrix) {
  std::vector<float> values(matrix.codes.size());
  for (int64_t r = 0; r < matrix.rows; ++r) {
    matrix.decodeRow(format, r, values.data() + r * matrix.K);
  }
  return values;
}

/// tr(E H E^T)
double loss(const std::vector<float> &weights, const std::vector<float> &rounded,
            const std::vector<float> &gram, int64_t K) {
  double sum = 0;
  for (size_t row = 0; row < weights.size(); row += static_cast<size_t>(K)) {
    for (size_t i = 0; i < static_cast<size_t>(K); ++i) {
      for (size_t j = 0; j < static_cast<size_t>(K); ++j) {
        sum += static_cast<double>(weights[row + i] - rounded[row + i]) *
               at(gram, K, static_cast<int64_t>(i), static_cast<int64_t>(j)) *
               static_cast<double>(weights[row + j] - rounded[row + j]);
      }
    }
  }
  return sum;
}

RoundedMatrix roundAll(const WeightFormat &format, RoundingMethod method, const InputKnowledge &inputs,
                       const std::vector<float> &weights, int64_t K) {
  auto rows = static_cast<int64_t>(weights.size()) / K;
  RoundedMatrix matrix = RoundedMatrix::make(format, rows, K);
  roundRows(format, method, inputs, weights.data(), rows, matrix, 0);
  return matrix;
}

/// The format's own encoder, from Numerics.
RoundedMatrix nearest(const WeightFormat &format, const std::vector<float> &weights, int64_t K) {
  auto rows = static_cast<int64_t>(weights.size()) / K;
  RoundedMatrix matrix = RoundedMatrix::make(format, rows, K);
  for (int64_t r = 0; r < rows; ++r) {
    const float *row = weights.data() + r * K;
    uint8_t *codes = matrix.codes.data() + r * K, *zeros = matrix.zeros.data() + r * matrix.groups;
    float *scales = matrix.scales.data() + r * matrix.groups;
    if (format.twoLevel) {
      std::vector<uint8_t> inner(static_cast<size_t>(matrix.groups));
      numerics::quantizeRowTwoLevel(format.integers.groupSize, row, K, codes,
                                    &matrix.outerScales[static_cast<size_t>(r)], inner.data(), zeros);
      std::copy(inner.begin(), inner.end(), scales);
    } else if (format.integers.symmetric) {
      numerics::quantizeRow(format.integers, row, K, reinterpret_cast<int8_t *>(codes), scales);
    } else {
      numerics::quantizeRow(format.integers, row, K, codes, scales, zeros);
    }
  }
  return matrix;
}

void expectEqual(const RoundedMatrix &a, const RoundedMatrix &b) {
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.scales, b.scales);
  EXPECT_EQ(a.zeros, b.zeros);
  EXPECT_EQ(a.outerScales, b.outerScales);
}

TEST(CalibrationMethod, NamesAreJoinedInAnyOrder) {
  auto parsed = parseCalibrationMethod("gptq+awq");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->channelScales && parsed->rounding.feedback && !parsed->rounding.clip &&
              !parsed->isNearest());
  ASSERT_TRUE(parseCalibrationMethod("nearest"));
  EXPECT_TRUE(parseCalibrationMethod("nearest")->isNearest());
  ASSERT_TRUE(parseCalibrationMethod("clip"));
  EXPECT_TRUE(parseCalibrationMethod("clip")->rounding.clip);
  for (const char *wrong : {"", "gptq+", "+awq", "gptq+gptq", "nearest+clip", "GPTQ"}) {
    auto refused = parseCalibrationMethod(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message.find("joined by '+'"), std::string::npos);
  }
}

TEST(RoundMatrix, WithoutMethodAndWithEqualIndependentInputsItIsTheEncoder) {
  for (const WeightFormat &format : kFormats) {
    for (int64_t K : {1, 31, 64, 67}) {
      std::vector<float> weights = test::normals(static_cast<uint32_t>(K), static_cast<size_t>(21 * K));
      RoundedMatrix expected = nearest(format, weights, K);
      expectEqual(roundAll(format, {}, {}, weights, K), expected);
      std::vector<float> identity(static_cast<size_t>(K * K));
      for (int64_t k = 0; k < K; ++k) {
        identity[static_cast<size_t>(k * K + k)] = 3;
      }
      InverseFactor factor = factorOf(identity, K);
      expectEqual(roundAll(format, {false, true}, {nullptr, &factor}, weights, K), expected);
    }
  }
}

TEST(RoundMatrix, FeedbackOfTwoColumnsByHand) {
  // One group of codes 0..3 with scale 1 and zero 0: the row (0.4, 3), inputs always equal. The first is rounded down to 0, and
  // since H^-1 of [[1 + d, 1], [1, 1 + d]] moves -(err) * H^-1[0][1] / H^-1[0][0] = err / (1 + d) to the second, that becomes
  // 3 + 0.4 / 1.01 and stays 3 at the end of the range; (2.4, 2.4, 3) shows the move: 2, then 2.4 + 0.39 -> 3.
  WeightFormat format{{2, 0, false, ScaleType::F32}, false};
  std::vector<float> ones(4, 1.0f);
  InverseFactor pair = factorOf(ones, 2);
  EXPECT_EQ(roundAll(format, {false, true}, {nullptr, &pair}, {0.4f, 3}, 2).codes,
            (std::vector<uint8_t>{0, 3}));
  std::vector<float> three = {1, 1, 0, 1, 1, 0, 0, 0, 1};
  InverseFactor factor = factorOf(three, 3);
  EXPECT_EQ(roundAll(format, {false, true}, {nullptr, &factor}, {2.4f, 2.4f, 3}, 3).codes,
            (std::vector<uint8_t>{2, 3, 3}));
  EXPECT_EQ(nearest(format, {2.4f, 2.4f, 3}, 3).codes, (std::vector<uint8_t>{2, 2, 3}));
}

/// The inverse of a symmetric matrix by Gauss-Jordan elimination.
std::vector<double> inverse(std::vector<double> a, size_t n) {
  std::vector<double> b(n * n);
  for (size_t i = 0; i < n; ++i) {
    b[i * n + i] = 1;
  }
  for (size_t p = 0; p < n; ++p) {
    double pivot = a[p * n + p];
    for (size_t j = 0; j < n; ++j) {
      a[p * n + j] /= pivot;
      b[p * n + j] /= pivot;
    }
    for (size_t i = 0; i < n; ++i) {
      double factor = a[i * n + p];
      for (size_t j = 0; i != p && j < n; ++j) {
        a[i * n + j] -= factor * a[p * n + j];
        b[i * n + j] -= factor * b[p * n + j];
      }
    }
  }
  return b;
}

TEST(RoundMatrix, FeedbackEqualsOptimalBrainQuantizationStepByStep) {
  // The same without any factorisation: before each column the inverse of what is left of H says where its error goes
  // (equation 2 of the paper).
  WeightFormat format{{3, 9, false, ScaleType::F16}, false};
  for (uint32_t seed = 0; seed < 10; ++seed) {
    int64_t K = 23;
    auto size = static_cast<size_t>(K);
    std::vector<float> gram = test::correlatedGram(seed, K, 40), weights = test::normals(seed + 77, 5 * size);
    double mean = 0;
    for (double d : diagonalOf(gram, K)) {
      mean += d / static_cast<double>(K);
    }
    RoundedMatrix expected = RoundedMatrix::make(format, 5, K);
    for (size_t r = 0; r < 5; ++r) {
      std::vector<double> row(weights.begin() + static_cast<std::ptrdiff_t>(r * size),
                              weights.begin() + static_cast<std::ptrdiff_t>((r + 1) * size));
      numerics::GroupParameters group;
      for (size_t k = 0; k < size; ++k) {
        if (k % 9 == 0) {
          std::vector<float> values(row.begin() + static_cast<std::ptrdiff_t>(k),
                                    row.begin() + static_cast<std::ptrdiff_t>(std::min(k + 9, size)));
          group =
              numerics::groupParameters(format.integers, values.data(), static_cast<int64_t>(values.size()));
          expected.scales[r * 3 + k / 9] = group.scale;
          expected.zeros[r * 3 + k / 9] = static_cast<uint8_t>(group.zero);
        }
        float code = std::nearbyint(static_cast<float>(row[k]) / group.scale) + group.zero;
        code = std::min(std::max(code, 0.0f), 7.0f);
        expected.codes[r * size + k] = static_cast<uint8_t>(code);
        size_t left = size - k;
        std::vector<double> h(left * left);
        for (size_t i = 0; i < left; ++i) {
          for (size_t j = 0; j < left; ++j) {
            h[i * left + j] = static_cast<double>(gram[(k + i) * size + k + j]) + (i == j ? 0.01 * mean : 0);
          }
        }
        std::vector<double> inverted = inverse(h, left);
        double error = (row[k] - static_cast<double>((code - group.zero) * group.scale)) / inverted[0];
        for (size_t i = 0; i < left; ++i) {
          row[k + i] -= error * inverted[i];
        }
      }
    }
    InverseFactor factor = factorOf(gram, K);
    expectEqual(roundAll(format, {false, true}, {nullptr, &factor}, weights, K), expected);
  }
}

TEST(RoundMatrix, FeedbackLowersTheLossOfCorrelatedInputs) {
  for (const WeightFormat &format : kFormats) {
    double before = 0, after = 0;
    int better = 0;
    for (uint32_t seed = 0; seed < 100; ++seed) {
      int64_t K = 67;
      std::vector<float> gram = test::correlatedGram(seed, K, 200);
      std::vector<float> weights = test::normals(seed + 999, static_cast<size_t>(3 * K));
      InverseFactor factor = factorOf(gram, K);
      double plain = loss(weights, decode(format, nearest(format, weights, K)), gram, K);
      double fed = loss(
          weights, decode(format, roundAll(format, {false, true}, {nullptr, &factor}, weights, K)), gram, K);
      before += plain;
      after += fed;
      better += fed < plain;
    }
    EXPECT_LT(after, (format.integers.bits == 1 ? 0.95 : 0.6) * before)
        << format.integers.bits << " " << format.twoLevel;
    EXPECT_GT(better, format.integers.bits == 1 ? 60 : 90) << format.integers.bits << " " << format.twoLevel;
  }
}

/// sum_k h_k e_k^2 over all rows.
double weightedError(const std::vector<float> &weights, const std::vector<float> &rounded,
                     const std::vector<double> &meanSquares) {
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    double e = static_cast<double>(weights[i]) - static_cast<double>(rounded[i]);
    sum += meanSquares[i % meanSquares.size()] * e * e;
  }
  return sum;
}

TEST(RoundMatrix, ClippingIsNeverWorseByItsOwnMeasure) {
  for (const WeightFormat &format : kFormats) {
    double before = 0, after = 0;
    for (uint32_t seed = 0; seed < 30; ++seed) {
      int64_t K = 65;
      std::vector<double> squares = diagonalOf(test::correlatedGram(seed, K, 20), K);
      std::vector<float> weights = test::normals(seed + 5, static_cast<size_t>(2 * K));
      double plain = weightedError(weights, decode(format, nearest(format, weights, K)), squares);
      double clipped = weightedError(
          weights, decode(format, roundAll(format, {true, false}, {squares.data(), nullptr}, weights, K)),
          squares);
      EXPECT_LE(clipped, plain) << seed;
      before += plain;
      after += clipped;
    }
    if (!format.twoLevel && format.integers.bits < 8) {
      EXPECT_LT(after, 0.97 * before) << format.integers.bits;
    }
  }
}

TEST(RoundMatrix, ClippingGivesUpAnOutlierThatNoInputReads) {
  // The 8 would stretch the range of codes 0..15 to a scale of 0.6; its channel is always 0.
  WeightFormat format{{4, 0, false, ScaleType::F32}, false};
  std::vector<float> weights = {0.25f, 0.5f, 1, 1.5f, 8};
  std::vector<double> squares = {1, 1, 1, 1, 0};
  std::vector<float> values =
      decode(format, roundAll(format, {true, false}, {squares.data(), nullptr}, weights, 5));
  std::vector<float> plain = decode(format, nearest(format, weights, 5));
  EXPECT_EQ(plain[4], 8);
  EXPECT_LT(values[4], 5);
  EXPECT_LT(weightedError(weights, values, squares), 0.5 * weightedError(weights, plain, squares));
}

TEST(RoundMatrix, TwoLevelsStayInInt8WhateverTheFeedback) {
  WeightFormat format{{4, 8, false, ScaleType::F32}, true};
  for (uint32_t seed = 0; seed < 20; ++seed) {
    int64_t K = 40;
    std::vector<float> gram = test::correlatedGram(seed, K, 5),
                       weights = test::normals(seed, static_cast<size_t>(4 * K));
    InverseFactor factor = factorOf(gram, K, 1e-6);
    std::vector<double> squares = diagonalOf(gram, K);
    RoundedMatrix matrix = roundAll(format, {true, true}, {squares.data(), &factor}, weights, K);
    for (int64_t r = 0; r < 4; ++r) {
      for (int64_t k = 0; k < K; ++k) {
        auto group = static_cast<size_t>(r * matrix.groups + k / 8);
        int code = matrix.codes[static_cast<size_t>(r * K + k)],
            scale = static_cast<int>(matrix.scales[group]);
        ASSERT_LE(std::abs((code - matrix.zeros[group]) * scale), 127);
        ASSERT_TRUE(code <= 15 && scale >= 1 && scale <= 16 && matrix.zeros[group] <= 15);
      }
    }
  }
}

TEST(RoundMatrix, NumbersThatAreNotFiniteStayVisible) {
  WeightFormat format{{4, 4, false, ScaleType::F16}, false};
  std::vector<float> weights = {1, NAN, 2, 3, 1, 2, 3, 4};
  InverseFactor factor = factorOf(test::correlatedGram(1, 8, 30), 8);
  std::vector<double> squares(8, 1.0);
  std::vector<float> values =
      decode(format, roundAll(format, {true, true}, {squares.data(), &factor}, weights, 8));
  EXPECT_TRUE(std::isnan(values[1]));
}

} // namespace
