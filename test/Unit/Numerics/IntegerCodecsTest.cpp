// Cache codes, dyadic scales and bit slices.
#include "BlockOracle.h"

#include "coopt/Numerics/BitSlices.h"
#include "coopt/Numerics/DyadicScale.h"
#include "coopt/Numerics/FormatTable.h"
#include "coopt/Numerics/KiviCache.h"

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

TEST(KiviCache, KeysAlongTokensValuesAlongChannels) {
  for (int bits : {2, 4}) {
    BlockFormat format = *kiviFormat(bits, 32, ElementFormat::f32());
    const size_t T = 70, D = 11;
    std::vector<float> x = HardRows(41, {0, 1, 2, 3}).matrix(T, D);
    for (float &v : x) {
      v = std::isfinite(v) ? v : 1;
    }
    const float limit = static_cast<float>((1 << bits) - 1);
    // The definition on the untransposed array: a group is (token group, channel) or (token, channel group).
    auto expected = [&](bool keys) {
      std::vector<float> out(T * D);
      for (size_t t = 0; t < T; ++t) {
        for (size_t d = 0; d < D; ++d) {
          size_t first = keys ? t / 32 * 32 : d / 32 * 32, last = std::min(first + 32, keys ? T : D);
          float low = HUGE_VALF, high = -HUGE_VALF;
          for (size_t k = first; k < last; ++k) {
            float v = keys ? x[k * D + d] : x[t * D + k];
            low = std::min(low, v);
            high = std::max(high, v);
          }
          float s = (high - low) / limit;
          s = s == 0 ? 1 : s;
          float u = (x[t * D + d] - low) / s;
          float q = u != u ? 0 : std::nearbyint(std::fmin(std::fmax(u, 0.0f), limit));
          volatile float product = q * s;
          out[t * D + d] = product + low;
        }
      }
      return out;
    };
    auto keys = encodeKiviKeys(format, x.data(), T, D);
    auto values = encodeKiviValues(format, x.data(), T, D);
    ASSERT_TRUE(keys && values);
    EXPECT_EQ(keys->scales[0].size(), D * 3);
    EXPECT_EQ(values->scales[0].size(), T);
    std::vector<float> decodedKeys = decodeKiviKeys(format, *keys),
                       decodedValues = decodeMatrix(format, *values);
    std::vector<float> expectedKeys = expected(true), expectedValues = expected(false);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(canonical(decodedKeys[i]), canonical(expectedKeys[i])) << i;
      ASSERT_EQ(canonical(decodedValues[i]), canonical(expectedValues[i])) << i;
    }
  }
}

TEST(KiviCache, WordsAndWindow) {
  std::vector<uint8_t> codes;
  for (uint32_t i = 0; i < 37; ++i) {
    codes.push_back(static_cast<uint8_t>(i * 7 % 4));
  }
  std::vector<uint32_t> words = packWords(2, codes.data(), 37);
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[0] & 15, (codes[0] | codes[1] << 2) & 15u);
  EXPECT_EQ(words[1] >> 30, codes[31]);
  EXPECT_EQ(words[2] >> 10, 0u);
  std::vector<uint8_t> back(37);
  unpackWords(2, words.data(), 37, back.data());
  EXPECT_EQ(back, codes);
  EXPECT_EQ(packWords(4, codes.data(), 9).size(), 2u);
  EXPECT_EQ(kiviCodedKeys(127, 128), 0);
  EXPECT_EQ(kiviCodedKeys(300, 128), 256);
  EXPECT_EQ(kiviCodedValues(127, 128), 0);
  EXPECT_EQ(kiviCodedValues(300, 128), 172);
}

TEST(DyadicScale, EqualsExactArithmetic) {
  std::mt19937_64 generator(3);
  for (int i = 0; i < 300000; ++i) {
    int spread = i % 3 == 0 ? 120 : 20;
    float a = std::ldexp(1 + static_cast<float>(generator() % 8388608) * 0x1p-23f,
                         static_cast<int>(generator() % static_cast<unsigned>(2 * spread)) - spread);
    float b = i % 5 == 0 ? 1 : std::ldexp(1 + static_cast<float>(generator() % 8388608) * 0x1p-23f, -10);
    auto scale = DyadicScale::make(a, b);
    ASSERT_TRUE(scale);
    // M / 2^E is S to 31 bits.
    double S = static_cast<double>(a) / static_cast<double>(b);
    ASSERT_NEAR(std::ldexp(static_cast<double>(scale->multiplier), -scale->shift) / S, 1, 0x1p-31);
    ASSERT_GE(scale->multiplier, 1 << 30);
    auto acc = static_cast<int32_t>(generator() >> (generator() % 32));
    acc = i % 11 == 0 ? INT32_MIN : i % 11 == 1 ? INT32_MAX : i % 11 == 2 ? 0 : acc;
    // acc M 2^-E: long double holds 62-bit products exactly, and its rint rounds half to even.
    long double exact =
        std::ldexp(static_cast<long double>(static_cast<__int128>(acc) * scale->multiplier), -scale->shift);
    long double rounded = std::rint(exact);
    for (int64_t limit : {127, 32767, 2147483647}) {
      auto low = static_cast<long double>(-limit - 1), high = static_cast<long double>(limit);
      ASSERT_EQ(scale->requantize(acc, static_cast<int32_t>(-limit - 1), static_cast<int32_t>(limit)),
                static_cast<int64_t>(std::fmin(std::fmax(rounded, low), high)));
    }
  }
}

TEST(DyadicScale, TiesSumsAndRefusals) {
  DyadicScale half = *DyadicScale::make(1, 2);
  EXPECT_EQ(half.multiplier, 1 << 30);
  EXPECT_EQ(half.shift, 31);
  const int expected[] = {-2, -2, -1, 0, 0, 0, 1, 2, 2}; // -3/2 is -2, -1/2 is 0
  for (int acc = -4; acc <= 4; ++acc) {
    EXPECT_EQ(half.requantize(acc, -128, 127), expected[acc + 4]);
  }
  // Both halves round to 0 before they are added: 1/2 + 1/2 gives 0.
  EXPECT_EQ(addRequantized(1, half, 1, half, -128, 127), 0);
  EXPECT_EQ(addRequantized(250, half, 300, half, -128, 127), 127);
  DyadicScale one = *DyadicScale::make(1, 1);
  EXPECT_EQ(addRequantized(INT32_MAX, one, INT32_MAX, one, INT32_MIN, INT32_MAX), INT32_MAX);
  EXPECT_EQ(addRequantized(INT32_MIN, one, INT32_MIN, one, INT32_MIN, INT32_MAX), INT32_MIN);
  for (float bad : {0.0f, -1.0f, HUGE_VALF, std::nanf("")}) {
    EXPECT_FALSE(DyadicScale::make(bad, 1));
    EXPECT_FALSE(DyadicScale::make(1, bad));
  }
}

TEST(BitSlices, AllCodesOfAllWidths) {
  for (int c = 1; c <= 8; ++c) {
    std::vector<uint8_t> codes;
    for (int q = 0; q < 1 << c; ++q) {
      codes.push_back(static_cast<uint8_t>(q));
    }
    codes.push_back(1);
    auto n = static_cast<int64_t>(codes.size());
    std::vector<uint8_t> planes = splitPlanes(codes.data(), n, c), joined(codes.size());
    for (int r = 1; r <= c; ++r) {
      joinPlanes(planes.data(), n, r, joined.data());
      for (size_t i = 0; i < codes.size(); ++i) {
        double exact = codes[i] / std::pow(2.0, c - r);
        EXPECT_EQ(joined[i], std::floor(exact));
        EXPECT_EQ(sliceCode(codes[i], c, r), std::min(std::floor(exact + 0.5), std::pow(2.0, r) - 1));
        EXPECT_LE(sliceCode(codes[i], c, r) - joined[i], 1);
      }
    }
  }
}

} // namespace
