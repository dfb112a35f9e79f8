//===- GroupQuantization.h - Integer codes with a scale per group ---------===//
//
// A row of K binary32 numbers is cut into groups of g (0: the row is one group; the last group may be short;
// a group longer than K is one group). Each group of b-bit codes has one scale s and, if asymmetric, one zero
// z. All operations are binary32, nearest even; division is division.
//
//   symmetric   qmax = 2^(b-1) - 1;  s = amax / qmax;  q = rne(clamp(x / s, -qmax, qmax));  x~ = q * s
//   asymmetric  qmax = 2^b - 1;  lo = min(x, 0), hi = max(x, 0) over the group;  s = (hi - lo) / qmax;
//               z = clamp(rne(-lo / s), 0, qmax);  q = clamp(rne(x / s) + z, 0, qmax);  x~ = (q - z) * s
//
//   one bit     symmetric with b = 1:  s = R(|x|) / n, the mean magnitude (the scale of least squared error for
//               codes +-1, XNOR-Net);  q = 1 if x >= 0 (and for -0), else -1;  x~ = q * s
//
// With f16 scales, s is rounded to binary16 before it is used (finite values saturate at 65504). A scale that
// is 0 then (amax = 0, or underflow) is replaced by 1, which makes the codes 0 (z). The dynamic quantisation
// of activations per token is the symmetric case with b = 8, one group and f32 scales.
//
// Non-finite input is no error: if a group holds a NaN or an infinity, or its range overflows binary32, its
// scale is NaN or infinite. A quotient that is NaN counts as 0, so all codes of such a group are 0, and all
// of it decodes to NaN (signs: NaN or infinities): bad input stays visible.
//
// These are the codes as kernels take them; BlockFormat.h:decodeRow is the decoder of all formats, for which
// FormatTable.h:integerGroupFormat describes these.
//
// Sources: symmetric with clamped amax is common practice; asymmetric after BitMoD's quant_int_asym with
// the range extended to hold 0.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_GROUPQUANTIZATION_H
#define COOPT_NUMERICS_GROUPQUANTIZATION_H

#include "coopt/Numerics/HostBuilder.h"

#include <cstdint>

namespace coopt::numerics {

enum class ScaleType { F32, F16 };

/// An integer group format. Symmetric codes are signed, asymmetric codes unsigned; both are held one per
/// byte.
struct IntegerGroupFormat {
  int bits = 8;          ///< 1..8
  int64_t groupSize = 0; ///< elements per group; 0 is the whole row
  bool symmetric = true;
  ScaleType scaleType = ScaleType::F32;

  /// Codes are +-1 and the scale is the mean magnitude.
  bool isSign() const { return symmetric && bits == 1; }
  /// The largest code: 2^(bits-1) - 1 if symmetric (1 of signs), else 2^bits - 1.
  int maxCode() const { return isSign() ? 1 : (1 << (symmetric ? bits - 1 : bits)) - 1; }
};

/// Per-token int8 of activations: symmetric, one group, f32 scale.
constexpr IntegerGroupFormat kDynamicInt8{8, 0, true, ScaleType::F32};

/// Bound of |x / s| before an asymmetric code's zero is added: beyond any code, exact in quantizeElement.
constexpr float kQuotientLimit = 0x1p+21f;

/// Number of groups of a row of K elements: ceil(K / groupSize), 1 for whole rows; 0 if K <= 0.
int64_t groupCount(const IntegerGroupFormat &format, int64_t K);

/// Quantises row[0..K). codes: K, or null for the scales alone; scales: groupCount, already rounded to the scale type. The format's
/// `symmetric` must be true.
void quantizeRow(const IntegerGroupFormat &format, const float *row, int64_t K, int8_t *codes, float *scales);

/// The same for asymmetric formats. zeros: groupCount.
void quantizeRow(const IntegerGroupFormat &format, const float *row, int64_t K, uint8_t *codes, float *scales,
                 uint8_t *zeros);

/// The scale of a group as the format stores it: rounded to the scale type, 0 replaced by 1.
float storedScale(ScaleType type, float scale);

/// rne(clamp(x / scale, low, high)) over a builder, as an integral binary32; a NaN quotient gives +0.
/// low <= 0 <= high are integers of at most 22 bits.
template <class B>
typename B::F32 quantizeElement(B &b, typename B::F32 x, typename B::F32 scale, float low, float high) {
  typename B::F32 q = b.div(x, scale);
  typename B::F32 lowest = b.constant(low);
  q = b.select(b.lessThan(q, lowest), lowest, q);
  typename B::F32 highest = b.constant(high);
  q = b.select(b.greaterThan(q, highest), highest, q);
  q = b.select(b.isNan(q), b.constant(0.0f), q);
  typename B::F32 magic = b.constant(0x1.8p+23f); // adding 1.5 * 2^23 rounds to an integer, ties to even
  q = b.add(q, magic);
  return b.sub(q, magic);
}

/// Scales for which quotientToRound serves, from .. to.
constexpr float kLeastInvertedScale = 0x1p-40f, kLargestInvertedScale = 0x1p+60f;

/// A quotient for quantizeElement to clamp and round: what that makes of it is what it makes of x / scale, for
/// all x and scales within the bounds above. `reciprocal` is 1 / scale. The builder has F32 fma(x, y, z) = x * y + z, rounded
/// once.
///
/// The product x * reciprocal is within two ulps of the quotient; a step with its exact remainder makes it within one,
/// and another the rounded quotient (P. Markstein, Computation of elementary functions on the IBM RISC
/// System/6000 processor, 1990, theorem 5), where nothing leaves the normal numbers: for all quotients from 2^-2 to 2^24.
/// Smaller ones stay below 1/2 and become 0. Where x or the product is infinite the remainder is no number, and the product,
/// infinite as well, is taken.
template <class B>
typename B::F32 quotientToRound(B &b, typename B::F32 x, typename B::F32 scale, typename B::F32 reciprocal) {
  typename B::F32 product = b.mul(x, reciprocal), minusScale = b.mul(scale, b.constant(-1.0f));
  typename B::F32 q = b.fma(b.fma(product, minusScale, x), reciprocal, product);
  q = b.fma(b.fma(q, minusScale, x), reciprocal, q);
  return b.select(b.isNan(q), product, q);
}

/// What all elements of a group share; the zero is an integral number, 0 if symmetric.
struct GroupParameters {
  float scale = 1;
  float zero = 0;
};

/// The parameters of the group x[0..n), n >= 1. With `shrink` below 1 its range (amax; lo and hi) is multiplied by that first, so
/// that what lies outside is clipped; 1 is the rule above.
GroupParameters groupParameters(const IntegerGroupFormat &format, const float *x, int64_t n,
                                float shrink = 1);

/// The code of x under given parameters, as an integral binary32.
inline float groupCode(const IntegerGroupFormat &format, GroupParameters group, float x) {
  HostBuilder b;
  float limit = static_cast<float>(format.maxCode());
  if (format.isSign()) {
    return x >= 0 ? 1.0f : -1.0f;
  }
  if (format.symmetric) {
    return quantizeElement(b, x, group.scale, -limit, limit);
  }
  float q = quantizeElement(b, x, group.scale, -kQuotientLimit, kQuotientLimit) + group.zero;
  return q < 0 ? 0.0f : q > limit ? limit : q;
}

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_GROUPQUANTIZATION_H
