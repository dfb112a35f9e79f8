#include "coopt/Calibration/ChannelScales.h"

#include "Random.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::calibration;

namespace {

struct Case {
  int64_t rows, K;
  std::vector<float> weights, magnitudes, gram;
  std::vector<double> squares;

  ScaledWeights matrix(const WeightFormat &format) const {
    return {format, rows, [this](int64_t row, float *out) -> Status {
              std::copy_n(weights.data() + row * K, K, out);
              return {};
            }};
  }
  ChannelStatistics statistics(bool withGram) const {
    return {magnitudes.data(), squares.data(), withGram ? gram.data() : nullptr, 50};
  }
};

Case makeCase(uint32_t seed, int64_t rows, int64_t K) {
  Case made{
      rows, K, test::normals(seed, static_cast<size_t>(rows * K)), {}, test::correlatedGram(seed, K, 50), {}};
  for (int64_t k = 0; k < K; ++k) {
    made.squares.push_back(static_cast<double>(made.gram[static_cast<size_t>(k * K + k)]) / 50);
    made.magnitudes.push_back(static_cast<float>(0.8 * std::sqrt(made.squares.back())));
  }
  return made;
}

const WeightFormat kFormat{{3, 16, false, numerics::ScaleType::F16}, false};

/// What the weights lose in the output when their columns are scaled by s, all rows, by definition.
double loss(const Case &c, const std::vector<float> &s) {
  double sum = 0;
  RoundedMatrix rounded = RoundedMatrix::make(kFormat, c.rows, c.K);
  std::vector<float> scaled, decoded(static_cast<size_t>(c.K));
  for (size_t i = 0; i < c.weights.size(); ++i) {
    scaled.push_back(c.weights[i] * s[i % s.size()]);
  }
  roundRows(kFormat, {}, {}, scaled.data(), c.rows, rounded, 0);
  for (int64_t r = 0; r < c.rows; ++r) {
    rounded.decodeRow(kFormat, r, decoded.data());
    for (size_t i = 0; i < decoded.size(); ++i) {
      for (size_t j = 0; j < decoded.size(); ++j) {
        auto e = [&](size_t k) {
          return static_cast<double>(decoded[k] / s[k] -
                                     c.weights[static_cast<size_t>(r) * decoded.size() + k]);
        };
        sum += e(i) * static_cast<double>(c.gram[i * decoded.size() + j]) * e(j);
      }
    }
  }
  return sum;
}

TEST(ChannelScales, LowerTheLossOfTheOutputs) {
  double before = 0, after = 0;
  for (uint32_t seed = 0; seed < 10; ++seed) {
    Case c = makeCase(seed, 24, 47);
    auto scales = searchChannelScales({c.matrix(kFormat)}, c.K, c.statistics(true), false, 1);
    ASSERT_TRUE(scales);
    std::vector<float> ones(static_cast<size_t>(c.K), 1.0f);
    double plain = loss(c, ones), scaled = loss(c, *scales);
    EXPECT_LE(scaled, plain * (1 + 1e-6)) << seed; // no scales are among the candidates
    before += plain;
    after += scaled;
  }
  EXPECT_LT(after, 0.9 * before);
}

TEST(ChannelScales, AreAPowerOfTheMagnitudesCentredOnOne) {
  Case c = makeCase(3, 24, 47);
  auto scales = searchChannelScales({c.matrix(kFormat)}, c.K, c.statistics(false), false, 1);
  ASSERT_TRUE(scales);
  auto [least, greatest] = std::minmax_element(scales->begin(), scales->end());
  EXPECT_NEAR(*least * *greatest, 1, 1e-5);
  // One exponent explains all of them.
  double exponent = std::log((*scales)[1] / (*scales)[0]) / std::log(c.magnitudes[1] / c.magnitudes[0]);
  EXPECT_NEAR(exponent * 20, std::nearbyint(exponent * 20), 1e-3);
  for (size_t k = 0; k < scales->size(); ++k) {
    EXPECT_NEAR(std::log((*scales)[k] / (*scales)[0]), exponent * std::log(c.magnitudes[k] / c.magnitudes[0]),
                1e-4);
  }
}

TEST(ChannelScales, OfExactWeightsAreOne) {
  Case c = makeCase(4, 8, 32);
  for (float &w : c.weights) {
    w = std::nearbyint(w);
    w = std::min(std::max(w, -2.0f), 2.0f);
  }
  for (size_t group = 0; group < c.weights.size(); group += 16) {
    c.weights[group] = -3; // codes 0..7 with scale 1 and zero 3: nothing is lost without scales
    c.weights[group + 1] = 4;
  }
  auto scales = searchChannelScales({c.matrix(kFormat)}, c.K, c.statistics(false), false, 1);
  ASSERT_TRUE(scales);
  EXPECT_EQ(*scales, std::vector<float>(32, 1.0f));
}

TEST(ChannelScales, AreTheSameForAnyNumberOfThreadsAndSurviveSilentChannels) {
  Case c = makeCase(7, 300, 33);
  c.magnitudes[5] = 0;
  c.squares[5] = 0;
  auto one = searchChannelScales({c.matrix(kFormat), c.matrix(kFormat)}, c.K, c.statistics(false), true, 1);
  ASSERT_TRUE(one);
  for (float scale : *one) {
    EXPECT_TRUE(std::isfinite(scale) && scale > 0);
  }
  for (unsigned threads : {2u, 7u}) {
    auto many =
        searchChannelScales({c.matrix(kFormat), c.matrix(kFormat)}, c.K, c.statistics(false), true, threads);
    ASSERT_TRUE(many);
    EXPECT_EQ(*one, *many);
  }
}

TEST(ChannelScales, ReportWhatCanNotBeRead) {
  Case c = makeCase(1, 4, 9);
  ScaledWeights broken{kFormat, 4, [](int64_t, float *) -> Status { return fail("no such row"); }};
  auto scales = searchChannelScales({c.matrix(kFormat), broken}, c.K, c.statistics(false), false, 2);
  ASSERT_FALSE(scales);
  EXPECT_EQ(scales.error().message, "no such row");
}

} // namespace
