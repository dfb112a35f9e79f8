#include "coopt/Numerics/ElementFormat.h"

#include "coopt/Numerics/HostBuilder.h"

#include <algorithm>
#include <limits>

using namespace coopt;
using namespace coopt::numerics;

static constexpr uint32_t kQuietNan = 0x7fc00000;
static constexpr uint32_t kInfinity = 0x7f800000;

static ElementFormat floatFormat(int exponentBits, int mantissaBits, int bias, SpecialCodes specials,
                                 bool saturating) {
  ElementFormat format;
  format.bits = 1 + exponentBits + mantissaBits;
  format.exponentBits = exponentBits;
  format.mantissaBits = mantissaBits;
  format.bias = bias;
  format.specials = specials;
  format.saturating = saturating || specials == SpecialCodes::None;
  return format;
}

ElementFormat ElementFormat::f32() { return floatFormat(8, 23, 127, SpecialCodes::Ieee, false); }
ElementFormat ElementFormat::f16() { return floatFormat(5, 10, 15, SpecialCodes::Ieee, false); }
ElementFormat ElementFormat::bf16() { return floatFormat(8, 7, 127, SpecialCodes::Ieee, false); }
ElementFormat ElementFormat::e4m3() { return floatFormat(4, 3, 7, SpecialCodes::NanOnly, true); }
ElementFormat ElementFormat::e5m2() { return floatFormat(5, 2, 15, SpecialCodes::Ieee, true); }
ElementFormat ElementFormat::e3m2() { return floatFormat(3, 2, 3, SpecialCodes::None, true); }
ElementFormat ElementFormat::e2m3() { return floatFormat(2, 3, 1, SpecialCodes::None, true); }
ElementFormat ElementFormat::e2m1() { return floatFormat(2, 1, 1, SpecialCodes::None, true); }

ElementFormat ElementFormat::e8m0() {
  ElementFormat format = floatFormat(8, 0, 127, SpecialCodes::NanOnly, true);
  format.kind = Kind::PowerOfTwo;
  format.bits = 8;
  return format;
}

Expected<ElementFormat> ElementFormat::makeFloat(int exponentBits, int mantissaBits, SpecialCodes specials,
                                                 bool saturating) {
  int bias = exponentBits >= 1 && exponentBits <= 8 ? (1 << (exponentBits - 1)) - 1 : 0;
  return makeFloat(exponentBits, mantissaBits, bias, specials, saturating);
}

Expected<ElementFormat> ElementFormat::makeFloat(int exponentBits, int mantissaBits, int bias,
                                                 SpecialCodes specials, bool saturating) {
  // Checked before anything is computed from them: they may come from a file.
  if (exponentBits < 1 || exponentBits > 8) {
    return fail("float format: expected 1 to 8 exponent bits, got " + std::to_string(exponentBits));
  }
  if (mantissaBits < 0 || mantissaBits > 23) {
    return fail("float format: expected 0 to 23 mantissa bits, got " + std::to_string(mantissaBits));
  }
  ElementFormat format = floatFormat(exponentBits, mantissaBits, bias, specials, saturating);
  if (Status status = format.validate(); !status) {
    return forward(status.error());
  }
  return format;
}

static Expected<ElementFormat> integerFormat(ElementFormat::Kind kind, int bits, int exponent) {
  ElementFormat format;
  format.kind = kind;
  format.bits = bits;
  format.exponentBits = format.mantissaBits = format.bias = 0;
  format.specials = SpecialCodes::None;
  format.saturating = true;
  format.integerExponent = exponent;
  if (Status status = format.validate(); !status) {
    return forward(status.error());
  }
  return format;
}

Expected<ElementFormat> ElementFormat::makeInteger(int bits, bool isSigned, int exponent) {
  return integerFormat(isSigned ? Kind::SignedInteger : Kind::UnsignedInteger, bits, exponent);
}

Expected<ElementFormat> ElementFormat::makeBipolar(int bits, int exponent) {
  return integerFormat(Kind::BipolarInteger, bits, exponent);
}

Status ElementFormat::validate() const {
  if (kind == Kind::PowerOfTwo) {
    if (bits != 8 || exponentBits != 8 || mantissaBits != 0 || bias != 127) {
      return fail("power of two format: expected 8 bits with a bias of 127");
    }
    return {};
  }
  if (kind != Kind::Float) {
    if (bits < 1 || bits > 8) {
      return fail("integer format: expected 1 to 8 bits, got " + std::to_string(bits));
    }
    if (integerExponent < -126 || integerExponent > 119) {
      return fail("integer format: expected an exponent from -126 to 119, got " +
                  std::to_string(integerExponent));
    }
    return {};
  }
  if (exponentBits < 1 || exponentBits > 8) {
    return fail("float format: expected 1 to 8 exponent bits, got " + std::to_string(exponentBits));
  }
  if (mantissaBits < 0 || mantissaBits > 23) {
    return fail("float format: expected 0 to 23 mantissa bits, got " + std::to_string(mantissaBits));
  }
  if (bits != 1 + exponentBits + mantissaBits) {
    return fail("float format: expected " + std::to_string(1 + exponentBits + mantissaBits) +
                " bits (sign, exponent, mantissa), got " + std::to_string(bits));
  }
  if (specials == SpecialCodes::Ieee && (mantissaBits == 0 || exponentBits < 2)) {
    return fail("float format: infinities and NaN need 2 exponent bits and 1 mantissa bit");
  }
  if (specials == SpecialCodes::None && !saturating) {
    return fail("float format: without infinity and NaN it must saturate");
  }
  int top = static_cast<int>(exponentMask()) - (specials == SpecialCodes::Ieee ? 1 : 0);
  if (bias < -126 || bias > 254 || top - bias > 127 || 1 - bias - mantissaBits < -149) {
    return fail("float format: a bias of " + std::to_string(bias) + " puts values outside binary32");
  }
  return {};
}

uint32_t ElementFormat::largestFiniteCode() const {
  uint32_t allOnes = signBit() - 1;
  switch (specials) {
  case SpecialCodes::Ieee:
    return allOnes - mantissaMask() - 1;
  case SpecialCodes::NanOnly:
    return allOnes - 1;
  case SpecialCodes::None:
    break;
  }
  return allOnes;
}

/// value >> shift, rounded to nearest, ties to even; value < 2^25.
static uint32_t shiftRightRounded(uint32_t value, int shift) {
  if (shift > 25) {
    return 0;
  }
  if (shift <= 0) {
    return value << -shift;
  }
  uint32_t result = value >> shift;
  uint32_t rest = value & ((uint32_t(1) << shift) - 1);
  uint32_t half = uint32_t(1) << (shift - 1);
  return result + (rest > half || (rest == half && (result & 1)));
}

uint32_t ElementFormat::encodeFloat(float x) const {
  uint32_t xBits = bitsOf(x);
  uint32_t magnitude = xBits & 0x7fffffff;
  uint32_t sign = xBits >> 31 ? signBit() : 0;
  if (magnitude > kInfinity) {
    switch (specials) {
    case SpecialCodes::Ieee:
      return (exponentMask() << mantissaBits) | (uint32_t(1) << (mantissaBits - 1));
    case SpecialCodes::NanOnly:
      return signBit() - 1;
    case SpecialCodes::None:
      return 0;
    }
  }

  // |x| = significand * 2^(exponent - 23). The code's spacing there is 2^(max(exponent, 1 - bias) - M);
  // counted in it, |x| is the code's offset within its binade, and a carry moves to the next one by itself.
  uint32_t code = std::numeric_limits<uint32_t>::max();
  if (magnitude < kInfinity) {
    int exponent = std::max<int>(static_cast<int>(magnitude >> 23), 1) - 127;
    uint32_t significand = magnitude & 0x7fffff;
    if (magnitude >= 0x800000) {
      significand |= 0x800000;
    }
    // A subnormal x is normal in a format that reaches lower with the same exponent only if its leading bit
    // is brought up first.
    while (significand != 0 && significand < 0x800000 && exponent > 1 - bias) {
      significand <<= 1;
      --exponent;
    }
    int spacing = std::max(exponent, 1 - bias);
    uint32_t units = shiftRightRounded(significand, 23 - mantissaBits + (spacing - exponent));
    int64_t biased = int64_t(spacing) + bias - 1;
    int64_t wide = (biased << mantissaBits) + units;
    code = static_cast<uint32_t>(std::min<int64_t>(wide, std::numeric_limits<uint32_t>::max()));
  }
  uint32_t largestCode = largestFiniteCode();
  if (code > largestCode) {
    bool toLargest = saturating || specials == SpecialCodes::None;
    code = toLargest ? largestCode
                     : (specials == SpecialCodes::Ieee ? exponentMask() << mantissaBits : signBit() - 1);
  }
  return sign | code;
}

/// units * 2^exponent, exact; units < 2^24, the value within binary32.
static float scaled(uint32_t units, int exponent) {
  uint64_t power = static_cast<uint64_t>(exponent + 1023) << 52;
  double factor;
  std::memcpy(&factor, &power, sizeof(factor));
  return static_cast<float>(static_cast<double>(units) * factor);
}

float ElementFormat::decodeFloat(uint32_t code) const {
  uint32_t sign = code & signBit() ? 0x80000000u : 0;
  uint32_t magnitude = code & (signBit() - 1);
  if (magnitude > largestFiniteCode()) {
    bool isInfinity = specials == SpecialCodes::Ieee && (magnitude & mantissaMask()) == 0;
    return floatOf(isInfinity ? sign | kInfinity : kQuietNan);
  }
  uint32_t mantissa = magnitude & mantissaMask();
  int exponent = static_cast<int>(magnitude >> mantissaBits);
  if (exponent != 0) {
    mantissa |= uint32_t(1) << mantissaBits;
  }
  float value = scaled(mantissa, std::max(exponent, 1) - bias - mantissaBits);
  return floatOf(sign | bitsOf(value));
}

/// The power of two nearest to x as an E8M0 code; halfway goes up.
static uint32_t encodePower(float x) {
  uint32_t xBits = bitsOf(x);
  if ((xBits & 0x7fffffff) >= kInfinity) {
    return xBits == (0x80000000 | kInfinity) ? 0 : 255; // there is no infinity; -inf is negative
  }
  if (!(x > 0)) {
    return 0;
  }
  if (xBits < 0x800000) { // 2^-127 is 0x400000, its midpoint to 2^-126 is 0x600000
    return xBits >= 0x600000;
  }
  return std::min<uint32_t>((xBits >> 23) + ((xBits & 0x7fffff) >= 0x400000), 254);
}

uint32_t ElementFormat::encode(float x) const {
  if (kind == Kind::Float) {
    return encodeFloat(x);
  }
  if (kind == Kind::PowerOfTwo) {
    return encodePower(x);
  }
  if (kind == Kind::BipolarInteger) {
    // The code's number lies in the middle of [2 n, 2 n + 2), n = code - 2^(bits - 1).
    int half = 1 << (bits - 1);
    double v = x != x ? 0 : static_cast<double>(x) / static_cast<double>(scaled(1, integerExponent));
    double n = std::floor(std::min(std::max(v / 2, -256.0), 256.0));
    return static_cast<uint32_t>(std::min(std::max(static_cast<int>(n), -half), half - 1) + half);
  }
  if (x != x) {
    return 0;
  }
  // In binary64, where dividing by the power of two is exact and the magic number rounds to an integer.
  int span = 1 << bits;
  double low = kind == Kind::SignedInteger ? -span / 2 : 0;
  double high = kind == Kind::SignedInteger ? span / 2 - 1 : span - 1;
  double value = static_cast<double>(x) / static_cast<double>(scaled(1, integerExponent));
  value = std::min(std::max(value, low), high);
  value = (value + 0x1.8p52) - 0x1.8p52;
  return static_cast<uint32_t>(static_cast<int32_t>(value)) & (static_cast<uint32_t>(span) - 1);
}

float ElementFormat::decode(uint32_t code) const {
  if (kind == Kind::Float) {
    return decodeFloat(code);
  }
  uint32_t mask = (uint32_t(1) << bits) - 1;
  auto value = static_cast<int32_t>(code & mask);
  if (kind == Kind::PowerOfTwo) {
    return value == 255 ? floatOf(kQuietNan) : scaled(1, value - bias);
  }
  if (kind == Kind::BipolarInteger) {
    return static_cast<float>(2 * value - static_cast<int32_t>(mask)) * scaled(1, integerExponent);
  }
  if (kind == Kind::SignedInteger && value >> (bits - 1)) {
    value -= 1 << bits;
  }
  return static_cast<float>(value) * scaled(1, integerExponent);
}

float ElementFormat::largest() const {
  if (kind == Kind::Float) {
    return decodeFloat(largestFiniteCode());
  }
  uint32_t allOnes = (uint32_t(1) << bits) - 1;
  return decode(kind == Kind::SignedInteger ? allOnes >> 1 : kind == Kind::PowerOfTwo ? 254 : allOnes);
}

float ElementFormat::least() const {
  switch (kind) {
  case Kind::Float:
    return -largest();
  case Kind::SignedInteger:
    return decode(uint32_t(1) << (bits - 1));
  case Kind::UnsignedInteger:
  case Kind::BipolarInteger:
  case Kind::PowerOfTwo:
    break;
  }
  return decode(0);
}

std::string ElementFormat::name() const {
  if (kind == Kind::PowerOfTwo) {
    return "e8m0";
  }
  if (kind != Kind::Float) {
    std::string result = kind == Kind::SignedInteger ? "i" : kind == Kind::UnsignedInteger ? "u" : "b";
    result += std::to_string(bits);
    return integerExponent == 0 ? result : result + " exponent " + std::to_string(integerExponent);
  }
  if (*this == f32()) {
    return "f32";
  }
  if (*this == f16()) {
    return "f16";
  }
  if (*this == bf16()) {
    return "bf16";
  }
  std::string result =
      "f" + std::to_string(bits) + "E" + std::to_string(exponentBits) + "M" + std::to_string(mantissaBits);
  if (specials != SpecialCodes::Ieee) {
    result += "FN";
  }
  if (bias != (1 << (exponentBits - 1)) - 1) {
    result += " bias " + std::to_string(bias);
  }
  return result;
}

bool ElementFormat::operator==(const ElementFormat &other) const {
  return kind == other.kind && bits == other.bits && exponentBits == other.exponentBits &&
         mantissaBits == other.mantissaBits && bias == other.bias && specials == other.specials &&
         saturating == other.saturating && integerExponent == other.integerExponent;
}
