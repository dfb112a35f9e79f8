//===- ElementFormat.h - Number formats as data ---------------------------===//
//
// A format says what the low `bits` bits of a code mean: a float with given exponent and mantissa widths, or
// an integer. Encoding rounds to nearest, ties to the even code (between powers of two of a format without
// mantissa to the larger one, as IEEE 754 has it); decoding is exact (every value fits binary32).
// Other roundings of the formats of at most 8 bits: ElementTable.h.
//
//   float     sign | exponent e | mantissa f:  e = 0: f * 2^(1 - bias - M), else (2^M + f) * 2^(e - bias - M)
//   integer   two's complement or unsigned, times 2^integerExponent
//   bipolar   2 * code - (2^bits - 1), the sum of (2 b_i - 1) * 2^i over the bits b_i: odd numbers, +-1 for one
//             bit; times 2^integerExponent; a number halfway between two goes up, so that 0 is coded as +1
//   power     2^(code - bias), all ones NaN; there is no sign, zero or infinity (E8M0, a type of scales);
//             halfway goes up, what is too small, zero or negative becomes the least power
//
// Sources: IEEE 754-2019 (f32, f16), OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2), OCP
// Microscaling Formats 1.0 (E3M2, E2M3, E2M1, MXINT8, E8M0); bipolar: APT-LLM, "bipolar-INT".
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_ELEMENTFORMAT_H
#define COOPT_NUMERICS_ELEMENTFORMAT_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>

namespace coopt::numerics {

/// Which codes of a float format are no numbers.
enum class SpecialCodes {
  Ieee,    ///< exponent of all ones: mantissa 0 is infinity, the rest NaN
  NanOnly, ///< exponent and mantissa of all ones are NaN; there is no infinity ("FN")
  None     ///< every code is a number
};

struct ElementFormat {
  enum class Kind { Float, SignedInteger, UnsignedInteger, BipolarInteger, PowerOfTwo };

  Kind kind = Kind::Float;
  int bits = 32; ///< width of a code, 1..32; codes use the low bits, the others are 0
  // Float only; bits = 1 + exponentBits + mantissaBits.
  int exponentBits = 8;
  int mantissaBits = 23;
  int bias = 127; ///< also of powers of two
  SpecialCodes specials = SpecialCodes::Ieee;
  /// Numbers beyond the largest one, and infinities, become the largest one; else they become infinity (Ieee)
  /// or NaN (NanOnly). Formats without special codes, and integers, saturate.
  bool saturating = false;
  // Integer only.
  int integerExponent = 0;

  static ElementFormat f32();
  static ElementFormat f16();
  static ElementFormat bf16();
  static ElementFormat e4m3(); ///< FP8 E4M3FN, largest 448, saturating
  static ElementFormat e5m2(); ///< FP8 E5M2, largest 57344, saturating
  static ElementFormat e3m2(); ///< FP6, largest 28
  static ElementFormat e2m3(); ///< FP6, largest 7.5
  static ElementFormat e2m1(); ///< FP4, largest 6
  static ElementFormat e8m0(); ///< powers of two from 2^-127 to 2^127
  /// Any float of 3..32 bits; the bias is 2^(exponentBits - 1) - 1 unless given.
  static Expected<ElementFormat> makeFloat(int exponentBits, int mantissaBits, SpecialCodes specials,
                                           bool saturating);
  static Expected<ElementFormat> makeFloat(int exponentBits, int mantissaBits, int bias,
                                           SpecialCodes specials, bool saturating);
  /// Integers of 1..8 bits. One signed bit holds 0 and -1.
  static Expected<ElementFormat> makeInteger(int bits, bool isSigned, int exponent = 0);
  /// Odd integers of 1..8 bits, -(2^bits - 1) to 2^bits - 1.
  static Expected<ElementFormat> makeBipolar(int bits, int exponent = 0);

  /// What makes a format usable: widths in range, all values within binary32, at least one finite code.
  Status validate() const;

  /// The code of x. NaN becomes the positive quiet NaN code (largest mantissa bit; all ones for NanOnly and
  /// powers), or the code of 0 (+1 of bipolar integers) where there is none. The sign of zero is kept by floats.
  uint32_t encode(float x) const;
  /// The value of the code's low `bits` bits. NaN codes give the quiet NaN 0x7fc00000.
  float decode(uint32_t code) const;

  /// The largest finite value and the least one.
  float largest() const;
  float least() const;
  /// "f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "f6E3M2FN", "f6E2M3FN", "f4E2M1FN", "i8", "u4", "b1", "e8m0"; other floats
  /// "f<bits>E<e>M<m>", others with a bias of their own ".. bias <b>".
  std::string name() const;

  bool operator==(const ElementFormat &other) const;
  bool operator!=(const ElementFormat &other) const { return !(*this == other); }

private:
  uint32_t exponentMask() const { return (uint32_t(1) << exponentBits) - 1; }
  uint32_t mantissaMask() const { return (uint32_t(1) << mantissaBits) - 1; }
  uint32_t signBit() const { return uint32_t(1) << (exponentBits + mantissaBits); }
  uint32_t largestFiniteCode() const;
  uint32_t encodeFloat(float x) const;
  float decodeFloat(uint32_t code) const;
};

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_ELEMENTFORMAT_H
