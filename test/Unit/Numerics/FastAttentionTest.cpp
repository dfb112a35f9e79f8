// The exponential of the fast attention, and the bound of what it is for.
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

} // namespace
