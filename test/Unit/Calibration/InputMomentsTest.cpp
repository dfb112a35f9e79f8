#include "coopt/Calibration/InputMoments.h"

#include "Random.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using calibration::InputMoments;

namespace {

TEST(InputMoments, OfThreeRowsByHand) {
  InputMoments moments(2, true);
  float first[] = {1, -2, -3, 4}, second[] = {0, -8};
  moments.add(first, 2);
  moments.add(second, 1);
  EXPECT_EQ(moments.rows(), 3);
  EXPECT_EQ(moments.magnitudes(), (std::vector<double>{4, 14}));
  EXPECT_EQ(moments.squares(), (std::vector<double>{10, 84}));
  EXPECT_EQ(moments.largest(), (std::vector<float>{3, 8}));
  EXPECT_EQ(moments.gram(0, 0), 10);
  EXPECT_EQ(moments.gram(1, 0), -14);
  EXPECT_EQ(moments.gram(0, 1), -14);
  EXPECT_EQ(moments.gram(1, 1), 84);
}

TEST(InputMoments, AreThoseOfLongDoubleSumsAndTheSameForAnyNumberOfThreads) {
  int64_t K = 197, rows = 83;
  std::vector<float> x = test::normals(3, static_cast<size_t>(K * rows));
  InputMoments one(K, true), many(K, true);
  for (int64_t begin = 0; begin < rows; begin += 29) {
    int64_t count = std::min<int64_t>(29, rows - begin);
    one.add(x.data() + begin * K, count, 1);
    many.add(x.data() + begin * K, count, 5);
  }
  for (int64_t i = 0; i < K; ++i) {
    for (int64_t j = 0; j < K; ++j) {
      long double sum = 0;
      for (int64_t r = 0; r < rows; ++r) {
        sum += static_cast<long double>(x[static_cast<size_t>(r * K + i)]) *
               static_cast<long double>(x[static_cast<size_t>(r * K + j)]);
      }
      ASSERT_NEAR(one.gram(i, j), static_cast<double>(sum), 1e-11);
      ASSERT_EQ(one.gram(i, j), many.gram(i, j));
    }
    ASSERT_NEAR(one.squares()[static_cast<size_t>(i)], one.gram(i, i), 1e-11);
  }
  EXPECT_TRUE(one.isFinite());
}

TEST(InputMoments, SayThatAnInputWasNotFinite) {
  for (float bad : {NAN, INFINITY}) {
    InputMoments moments(3, false);
    float x[] = {1, bad, 2, 1, 1, 1};
    moments.add(x, 2);
    EXPECT_FALSE(moments.isFinite());
    EXPECT_FALSE(moments.hasGram());
    EXPECT_FALSE(std::isfinite(moments.largest()[1]));
  }
}

} // namespace
