#include "coopt/Calibration/InverseFactor.h"

#include "Random.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using calibration::InverseFactor;

namespace {

Expected<InverseFactor> factorOf(const std::vector<float> &gram, int64_t K, double damping,
                                 unsigned threads = 1) {
  return InverseFactor::compute(
      K, [&](int64_t i, int64_t j) { return static_cast<double>(gram[static_cast<size_t>(i * K + j)]); },
      damping, threads);
}

/// U as a full matrix.
std::vector<double> upper(const InverseFactor &factor) {
  int64_t K = factor.size();
  std::vector<double> u(static_cast<size_t>(K * K));
  for (int64_t j = 0; j < K; ++j) {
    for (int64_t i = 0; i < K - j; ++i) {
      u[static_cast<size_t>(j * K + K - 1 - i)] = factor.reversedRow(j)[i];
    }
  }
  return u;
}

TEST(InverseFactor, OfTwoByTwoByHand) {
  // H = [[4, 2], [2, 3]]: its inverse is [[3, -2], [-2, 4]] / 8, whose upper factor has U00 = sqrt(3/8), U01 = -2/8 / U00,
  // U11 = sqrt(4/8 - U01^2) = sqrt(1/3).
  auto factor = factorOf({4, 2, 2, 3}, 2, 0);
  ASSERT_TRUE(factor) << factor.error().message;
  EXPECT_NEAR(factor->diagonal(0), std::sqrt(3.0 / 8), 1e-15);
  EXPECT_NEAR(factor->reversedRow(0)[0], -0.25 / std::sqrt(3.0 / 8), 1e-15);
  EXPECT_NEAR(factor->diagonal(1), std::sqrt(1.0 / 3), 1e-15);
}

TEST(InverseFactor, TimesTheMatrixIsTheIdentity) {
  for (int64_t K : {1, 2, 7, 31, 32, 33, 64, 65, 131}) {
    std::vector<float> gram = test::correlatedGram(static_cast<uint32_t>(K), K, 3 * K);
    double trace = 0;
    for (int64_t k = 0; k < K; ++k) {
      trace += static_cast<double>(gram[static_cast<size_t>(k * K + k)]);
    }
    auto factor = factorOf(gram, K, 0.01);
    ASSERT_TRUE(factor) << factor.error().message;
    std::vector<double> u = upper(*factor);
    for (int64_t i = 0; i < K; ++i) {
      for (int64_t j = 0; j < K; ++j) {
        double product = 0; // (U^T U (H + d I))[i][j]
        for (int64_t k = 0; k < K; ++k) {
          double inverse = 0;
          for (int64_t l = 0; l < K; ++l) {
            inverse += u[static_cast<size_t>(l * K + i)] * u[static_cast<size_t>(l * K + k)];
          }
          double h = static_cast<double>(gram[static_cast<size_t>(k * K + j)]);
          product += inverse * (k == j ? h + 0.01 * trace / static_cast<double>(K) : h);
        }
        ASSERT_NEAR(product, i == j ? 1 : 0, 1e-9) << K << " " << i << " " << j;
      }
    }
  }
}

TEST(InverseFactor, IsTheSameForAnyNumberOfThreads) {
  int64_t K = 147;
  std::vector<float> gram = test::correlatedGram(5, K, 60);
  auto one = factorOf(gram, K, 0.01, 1);
  ASSERT_TRUE(one);
  for (unsigned threads : {2u, 3u, 8u, 40u}) {
    auto many = factorOf(gram, K, 0.01, threads);
    ASSERT_TRUE(many);
    EXPECT_EQ(upper(*one), upper(*many)) << threads;
  }
}

TEST(InverseFactor, ChannelsWithoutInputAreRoundedAlone) {
  auto factor = factorOf({2, 0, 1, 0, 0, 0, 1, 0, 2}, 3, 0.01);
  ASSERT_TRUE(factor);
  std::vector<double> u = upper(*factor);
  EXPECT_EQ(u[1], 0);
  EXPECT_EQ(u[5], 0);
  EXPECT_LT(u[2], 0);
  auto zeros = factorOf(std::vector<float>(9), 3, 0.01);
  ASSERT_TRUE(zeros);
  EXPECT_EQ(upper(*zeros), (std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

TEST(InverseFactor, RefusesWhatIsNoGramMatrix) {
  EXPECT_FALSE(factorOf({}, 0, 0.01));
  auto notFinite = factorOf({1, 0, NAN, 1}, 2, 0.01);
  ASSERT_FALSE(notFinite);
  auto infinite = factorOf({1, INFINITY, INFINITY, 1}, 2, 0.01);
  ASSERT_FALSE(infinite);
  EXPECT_NE(infinite.error().message.find("is not finite"), std::string::npos) << infinite.error().message;
  auto negative = factorOf({1, 0, 0, -1}, 2, 0.01);
  ASSERT_FALSE(negative);
  EXPECT_EQ(negative.error().message, "diagonal element 1 is negative");
  auto indefinite = factorOf({1, 9, 9, 1}, 2, 0.01);
  ASSERT_FALSE(indefinite);
  EXPECT_NE(indefinite.error().message.find("not positive definite"), std::string::npos);
}

} // namespace
