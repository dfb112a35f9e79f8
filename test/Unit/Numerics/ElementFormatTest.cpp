#include "coopt/Numerics/ElementFormat.h"

#include "coopt/Numerics/Half.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace coopt;
using numerics::bitsOf;
using numerics::ElementFormat;
using numerics::floatOf;
using numerics::SpecialCodes;

namespace {

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<ElementFormat> smallFormats() {
  std::vector<ElementFormat> all;
  for (int e = 1; e <= 7; ++e) {
    for (int m = 0; e + m <= 7; ++m) {
      for (SpecialCodes specials : {SpecialCodes::Ieee, SpecialCodes::NanOnly, SpecialCodes::None}) {
        for (bool saturating : {true, false}) {
          if (auto format = ElementFormat::makeFloat(e, m, specials, saturating)) {
            all.push_back(*format);
          }
        }
      }
    }
  }
  all.push_back(*ElementFormat::makeFloat(4, 3, 11, SpecialCodes::Ieee, false));
  all.push_back(*ElementFormat::makeFloat(3, 2, -20, SpecialCodes::None, true));
  for (int bits = 1; bits <= 8; ++bits) {
    all.push_back(*ElementFormat::makeInteger(bits, true));
    all.push_back(*ElementFormat::makeInteger(bits, false));
  }
  all.push_back(*ElementFormat::makeInteger(8, true, -6));
  return all;
}

/// Arguments that try every decision of a format: its values, the middles between them and the neighbours of
/// both.
std::vector<float> argumentsFor(const ElementFormat &format) {
  std::vector<double> points = {0, 1e30, 1e-30, FLT_MAX, 0x1p-149};
  for (uint32_t code = 0; code < uint32_t(1) << format.bits; ++code) {
    double value = format.decode(code);
    if (!std::isfinite(value)) {
      continue;
    }
    points.push_back(value);
    for (uint32_t other : {code + 1, code + 2}) {
      double next = format.decode(other);
      if (std::isfinite(next)) {
        points.push_back((value + next) / 2);
      }
    }
  }
  points.push_back(format.largest() * 1.5);
  std::vector<float> arguments = {kInf, -kInf};
  for (double point : points) {
    for (float x : {static_cast<float>(point), static_cast<float>(-point)}) {
      arguments.insert(arguments.end(), {x, std::nextafter(x, kInf), std::nextafter(x, -kInf)});
    }
  }
  std::mt19937 generator(7);
  for (int i = 0; i < 500; ++i) {
    float x = floatOf(static_cast<uint32_t>(generator()));
    arguments.push_back(x == x ? x : 0);
    arguments.push_back(std::ldexp(static_cast<float>(static_cast<int32_t>(generator())), -34) *
                        format.largest());
  }
  return arguments;
}

/// The nearest code found by trying them all, in binary64; ties to the even code, or with
/// no mantissa to the larger power of two.
uint32_t nearestByBruteForce(const ElementFormat &format, float x) {
  uint32_t best = 0;
  double bestDistance = HUGE_VAL;
  bool oneDigit = format.kind == ElementFormat::Kind::Float && format.mantissaBits == 0;
  for (uint32_t code = 0; code < uint32_t(1) << format.bits; ++code) {
    float value = format.decode(code);
    if (!std::isfinite(value) ||
        (value == 0 && std::signbit(value) != std::signbit(x) && format.kind == ElementFormat::Kind::Float)) {
      continue;
    }
    double distance = std::fabs(double(value) - double(x));
    // Codes of one sign ascend in magnitude: the later of two equally near ones is the larger.
    bool preferred = oneDigit && format.decode(best) != 0 ? true : code % 2 == 0;
    if (distance < bestDistance || (distance == bestDistance && preferred)) {
      bestDistance = distance;
      best = code;
    }
  }
  return best;
}

TEST(ElementFormat, EveryCodeDecodesAndEncodesBack) {
  for (const ElementFormat &format : smallFormats()) {
    for (uint32_t code = 0; code < uint32_t(1) << format.bits; ++code) {
      float value = format.decode(code);
      if (value != value) {
        EXPECT_NE(format.specials, SpecialCodes::None) << format.name();
      } else if (std::isfinite(value) || !format.saturating) {
        ASSERT_EQ(format.encode(value), code) << format.name() << " " << value;
      }
    }
  }
}

TEST(ElementFormat, EncodingIsTheNearestCode) {
  for (const ElementFormat &format : smallFormats()) {
    if (!format.saturating) {
      continue;
    }
    for (float x : argumentsFor(format)) {
      // Far outside, all distances look equal in binary64.
      float far = 4 * format.largest() + 4;
      float bounded = std::min(std::max(x, -far), far);
      ASSERT_EQ(format.encode(x), nearestByBruteForce(format, bounded))
          << format.name() << " " << std::hexfloat << x;
    }
  }
}

TEST(ElementFormat, OverflowWithoutSaturationStartsHalfASpacingAboveTheLargest) {
  for (const ElementFormat &format : smallFormats()) {
    ElementFormat saturating = format;
    saturating.saturating = true;
    if (format.saturating || format.exponentBits < 2 || format.mantissaBits < 1) {
      continue;
    }
    double largest = format.largest();
    int exponent = std::ilogb(largest);
    double limit = largest + std::ldexp(1.0, exponent - format.mantissaBits - 1);
    bool tieOverflows = std::fmod(std::ldexp(largest, format.mantissaBits - exponent), 2) == 1;
    for (float x : argumentsFor(format)) {
      double magnitude = std::fabs(double(x));
      float got = format.decode(format.encode(x));
      if (magnitude > limit || (magnitude == limit && tieOverflows)) {
        ASSERT_FALSE(std::isfinite(got)) << format.name() << " " << x;
        ASSERT_EQ(std::isinf(got), format.specials == SpecialCodes::Ieee);
      } else {
        ASSERT_EQ(format.encode(x), saturating.encode(x)) << format.name() << " " << x;
      }
    }
  }
}

TEST(ElementFormat, KnownValues) {
  EXPECT_EQ(ElementFormat::e4m3().largest(), 448);
  EXPECT_EQ(ElementFormat::e4m3().encode(1e9f), 0x7eu);
  EXPECT_EQ(ElementFormat::e4m3().encode(-kInf), 0xfeu);
  EXPECT_EQ(ElementFormat::e4m3().encode(-kNan), 0x7fu);
  EXPECT_EQ(ElementFormat::e4m3().decode(0x01), 0x1p-9f);
  EXPECT_EQ(ElementFormat::e4m3().decode(0x08), 0x1p-6f);
  EXPECT_TRUE(std::isnan(ElementFormat::e4m3().decode(0xff)));
  EXPECT_EQ(ElementFormat::e5m2().largest(), 57344);
  EXPECT_EQ(ElementFormat::e5m2().encode(kInf), 0x7bu);
  EXPECT_EQ(ElementFormat::e5m2().decode(0xfc), -kInf);
  EXPECT_EQ(ElementFormat::e5m2().decode(0x01), 0x1p-16f);
  EXPECT_TRUE(std::isnan(ElementFormat::e5m2().decode(0x7d)));
  EXPECT_EQ(ElementFormat::e3m2().largest(), 28);
  EXPECT_EQ(ElementFormat::e3m2().decode(1), 0.0625f);
  EXPECT_EQ(ElementFormat::e2m3().largest(), 7.5f);
  EXPECT_EQ(ElementFormat::e2m3().decode(1), 0.125f);
  const float fp4[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (uint32_t code = 0; code < 8; ++code) {
    EXPECT_EQ(ElementFormat::e2m1().decode(code), fp4[code]);
    EXPECT_EQ(ElementFormat::e2m1().decode(code + 8), -fp4[code]);
  }
  EXPECT_EQ(ElementFormat::e2m1().encode(5), 6u); // a tie: 4 is the even code
  EXPECT_EQ(ElementFormat::e2m1().encode(kNan), 0u);
  ElementFormat int4 = *ElementFormat::makeInteger(4, true);
  EXPECT_EQ(int4.encode(-8), 8u);
  EXPECT_EQ(int4.encode(-9), 8u);
  EXPECT_EQ(int4.encode(kInf), 7u);
  EXPECT_EQ(int4.encode(kNan), 0u);
  EXPECT_EQ(int4.decode(0xf7), 7); // high bits are ignored
  EXPECT_EQ(int4.least(), -8);
  EXPECT_EQ(ElementFormat::makeInteger(8, true, -6)->largest(), 127.0f / 64);
}

TEST(ElementFormat, WideFormatsDecodeAndEncodeAsTheHardwareDoes) {
  ElementFormat f16 = ElementFormat::f16(), bf16 = ElementFormat::bf16();
  for (uint32_t code = 0; code < 65536; ++code) {
    auto half = static_cast<uint16_t>(code);
    _Float16 native;
    std::memcpy(&native, &half, 2);
    float value = static_cast<float>(native);
    if (value == value) {
      ASSERT_EQ(bitsOf(f16.decode(code)), bitsOf(value));
      ASSERT_EQ(bitsOf(numerics::floatFromHalf(half)), bitsOf(value));
    } else {
      ASSERT_TRUE(std::isnan(f16.decode(code)) && std::isnan(numerics::floatFromHalf(half)));
    }
    float wide = floatOf(code << 16);
    ASSERT_EQ(bitsOf(numerics::floatFromBFloat16(half)), code << 16);
    if (wide == wide) {
      ASSERT_EQ(bitsOf(bf16.decode(code)), code << 16);
    }
  }
  // 251 divides nothing here, so that all exponents and low mantissas come by.
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 251) {
    float x = floatOf(static_cast<uint32_t>(bits));
    if (x != x) {
      ASSERT_EQ(numerics::halfFromFloat(x), 0x7e00);
      ASSERT_EQ(numerics::bfloat16FromFloat(x), 0x7fc0);
      continue;
    }
    auto native = static_cast<_Float16>(x);
    uint16_t want;
    std::memcpy(&want, &native, 2);
    ASSERT_EQ(numerics::halfFromFloat(x), want) << std::hexfloat << x;
    if (bits % 8 == 0) {
      ASSERT_EQ(f16.encode(x), want) << std::hexfloat << x;
      ASSERT_EQ(bf16.encode(x), numerics::bfloat16FromFloat(x)) << std::hexfloat << x;
      ASSERT_EQ(ElementFormat::f32().encode(x), bits);
      ASSERT_EQ(bitsOf(ElementFormat::f32().decode(static_cast<uint32_t>(bits))), bits);
    }
  }
}

TEST(ElementFormat, HalfTies) {
  for (uint32_t code = 0; code < 0x7bff; ++code) {
    double low = ElementFormat::f16().decode(code), high = ElementFormat::f16().decode(code + 1);
    auto middle = static_cast<float>((low + high) / 2);
    uint32_t even = code % 2 == 0 ? code : code + 1;
    ASSERT_EQ(numerics::halfFromFloat(middle), even);
    ASSERT_EQ(numerics::halfFromFloat(std::nextafter(middle, kInf)), code + 1);
    ASSERT_EQ(numerics::halfFromFloat(std::nextafter(middle, 0.0f)), code);
  }
  EXPECT_EQ(numerics::halfFromFloat(65519.996f), 0x7bff);
  EXPECT_EQ(numerics::halfFromFloat(65520), 0x7c00);
}

TEST(ElementFormat, Names) {
  EXPECT_EQ(ElementFormat::f32().name(), "f32");
  EXPECT_EQ(ElementFormat::e4m3().name(), "f8E4M3FN");
  EXPECT_EQ(ElementFormat::e5m2().name(), "f8E5M2");
  EXPECT_EQ(ElementFormat::e2m1().name(), "f4E2M1FN");
  EXPECT_EQ(ElementFormat::makeInteger(4, false)->name(), "u4");
}

TEST(ElementFormat, RefusesWhatIsNoFormat) {
  auto message = [](int e, int m, int bias, SpecialCodes specials) {
    auto format = ElementFormat::makeFloat(e, m, bias, specials, specials == SpecialCodes::None);
    return format ? std::string("accepted") : format.error().message;
  };
  EXPECT_EQ(message(0, 3, 0, SpecialCodes::None), "float format: expected 1 to 8 exponent bits, got 0");
  EXPECT_EQ(message(1 << 30, 3, 0, SpecialCodes::None),
            "float format: expected 1 to 8 exponent bits, got 1073741824");
  EXPECT_EQ(message(5, 24, 15, SpecialCodes::Ieee), "float format: expected 0 to 23 mantissa bits, got 24");
  EXPECT_EQ(message(5, 0, 15, SpecialCodes::Ieee),
            "float format: infinities and NaN need 2 exponent bits and 1 mantissa bit");
  EXPECT_EQ(message(8, 7, 126, SpecialCodes::Ieee),
            "float format: a bias of 126 puts values outside binary32");
  EXPECT_EQ(message(8, 23, 128, SpecialCodes::Ieee),
            "float format: a bias of 128 puts values outside binary32");
  EXPECT_EQ(message(4, 3, std::numeric_limits<int>::min(), SpecialCodes::None),
            "float format: a bias of -2147483648 puts values outside binary32");
  EXPECT_EQ(ElementFormat::makeInteger(9, true).error().message,
            "integer format: expected 1 to 8 bits, got 9");
  EXPECT_EQ(ElementFormat::makeInteger(8, true, 1000).error().message,
            "integer format: expected an exponent from -126 to 119, got 1000");
}

} // namespace
