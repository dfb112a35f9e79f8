//===- Half.h - f16 and bf16 bits to and from binary32 --------------------===//
//
// Conversions of IEEE binary16 (1 sign, 5 exponent, 10 mantissa bits, bias 15) and bfloat16 (1, 8, 7, bias
// 127) held as bits. Narrowing rounds to nearest, ties to even, keeps subnormals, overflows to infinity and
// makes every NaN the positive quiet one (0x7e00, 0x7fc0). Widening is exact.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_HALF_H
#define COOPT_NUMERICS_HALF_H

#include "coopt/Numerics/HostBuilder.h"

#include <cstdint>

namespace coopt::numerics {

inline uint16_t bfloat16FromFloat(float x) {
  uint32_t bits = bitsOf(x);
  if (x != x) {
    return 0x7fc0;
  }
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
inline float floatFromBFloat16(uint16_t code) { return floatOf(static_cast<uint32_t>(code) << 16); }

inline uint16_t halfFromFloat(float x) {
  uint32_t bits = bitsOf(x);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    return 0x7e00;
  }
  if (magnitude >= 0x47800000) { // 2^16 and beyond
    return static_cast<uint16_t>(sign | 0x7c00);
  }
  if (magnitude < 0x38800000) {
    // Below 2^-14 the spacing is 2^-24, which is that of binary32 numbers in [1/2, 1): the addition rounds.
    uint32_t rounded = bitsOf(floatOf(magnitude) + 0.5f);
    return static_cast<uint16_t>(sign | (rounded - 0x3f000000));
  }
  // Rebias the exponent by 15 - 127 and round 13 bits away; a carry moves into the exponent, at last into
  // inf.
  uint32_t rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1);
  return static_cast<uint16_t>(sign | (rounded >> 13));
}
inline float floatFromHalf(uint16_t code) {
  uint32_t sign = static_cast<uint32_t>(code & 0x8000) << 16;
  uint32_t magnitude = code & 0x7fff;
  if (magnitude >= 0x7c00) {
    return floatOf(sign | 0x7f800000 | (magnitude - 0x7c00) << 13);
  }
  if (magnitude < 0x0400) {
    float value = static_cast<float>(magnitude) * 0x1p-24f;
    return floatOf(sign | bitsOf(value));
  }
  return floatOf(sign | ((magnitude << 13) + 0x38000000));
}

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_HALF_H
