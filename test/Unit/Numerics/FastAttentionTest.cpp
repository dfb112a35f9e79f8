// The exponential and the tangent of the fast attention.
#include "coopt/Numerics/FastAttention.h"

#include "coopt/Numerics/Bound.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace coopt;

namespace {

struct FusedBuilder : numerics::HostBuilder {
  float fma(float x, float y, float z) const { return std::fma(x, y, z); }
};

float weight(float x) {
  FusedBuilder b;
  return numerics::attentionWeight(b, x);
}

float tangent(float x) {
  FusedBuilder b;
  return numerics::attentionTanh(b, x);
}

TEST(AttentionWeight, IsTwoToThePower) {
  double worst = 0;
  // Every 61st number from -126 to -2^-60.
  for (uint32_t bits = numerics::bitsOf(-0x1p-60f); bits <= numerics::bitsOf(-126.0f); bits += 61) {
    float x = numerics::floatOf(bits);
    worst = std::max(worst, std::fabs(weight(x) / std::exp2(static_cast<double>(x)) - 1));
  }
  EXPECT_LT(worst, std::exp2(-22.6));
  EXPECT_GT(worst, std::exp2(-23.4)); // the sweep has met the hard arguments
}

TEST(AttentionWeight, EndsExactly) {
  EXPECT_EQ(weight(0.0f), 1.0f);
  EXPECT_EQ(weight(-0.0f), 1.0f);
  EXPECT_EQ(weight(-126.0f), 0x1p-126f);
  EXPECT_EQ(weight(-126.5f), 0x1p-126f);
  EXPECT_EQ(weight(std::numeric_limits<float>::lowest()), 0x1p-126f);
  EXPECT_EQ(weight(-std::numeric_limits<float>::infinity()), 0x1p-126f);
  EXPECT_TRUE(std::isnan(weight(std::numeric_limits<float>::quiet_NaN())));
}

TEST(AttentionTanh, IsTheTangent) {
  double worst = 0;
  // Every 61st number from 2^-60 to 12, beyond which the result rounds to 1.
  for (uint32_t bits = numerics::bitsOf(0x1p-60f); bits <= numerics::bitsOf(12.0f); bits += 61) {
    float x = numerics::floatOf(bits), got = tangent(x);
    double exact = std::tanh(static_cast<double>(x));
    double ulp =
        std::nextafter(static_cast<float>(exact), 2.0f) - static_cast<double>(static_cast<float>(exact));
    worst = std::max(worst, std::fabs(got - exact) / ulp);
    ASSERT_EQ(tangent(-x), -got) << x;
  }
  EXPECT_LT(worst, 3);
  EXPECT_GT(worst, 1); // the sweep has met the hard arguments
}

TEST(AttentionTanh, EndsExactly) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(numerics::bitsOf(tangent(-0.0f)), numerics::bitsOf(-0.0f));
  EXPECT_EQ(tangent(0x1p-140f), 0x1p-140f);
  EXPECT_EQ(tangent(12.0f), 1.0f);
  EXPECT_EQ(tangent(std::numeric_limits<float>::max()), 1.0f);
  EXPECT_EQ(tangent(infinity), 1.0f);
  EXPECT_EQ(tangent(-infinity), -1.0f);
}

} // namespace
