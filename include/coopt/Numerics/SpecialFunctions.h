//===- SpecialFunctions.h - exp2, sigmoid, tanh, erf, log2, .. bit by bit -===//
//
// Each function is one sequence of IEEE 754 binary32 operations (nearest even, subnormals kept, nothing
// fused) and of 32-bit integer operations, without data-dependent control flow. It is written once, over a
// builder: HostBuilder evaluates it, the compiler's builder emits it, so all machines compute the same bits.
// NaN gives NaN; payload and sign of a NaN are unspecified.
//
// Maximal errors against the exact result of the binary32 argument, over all 2^32 arguments (the slow test
// suite repeats the sweep). The ulp is that of the binary32 number nearest the exact result, 2^-149 for
// subnormal results.
//
//   function  error
//   exp2      1.08 ulp, over- and underflow included
//   log2      1.36 ulp (negative arguments NaN, +-0 gives -inf)
//   tanh      1.61 ulp
//   erf       1.34 ulp
//   rsqrt     1.50 ulp (two roundings)
//   log       2.0 ulp: log2 and one rounded product, as log10 with 2.5 ulp
//   log1p     3.5 ulp
//   expm1     64.5 ulp: the error of exp; |x| <= 1: 3.6 ulp
//   exp       64.2 ulp: exp2 of one rounded product, whose error grows with |x|; |x| <= 1: 1.62 ulp
//   sigmoid   1.59 * 2^-24 absolute; -1 <= x: 2.00 ulp. Below -88.7 the result is 0.
//
// Coefficients: minimax fits of the relative error of the result (Lawson's reweighted least squares on 400
// Chebyshev points, targets computed with 120 bits), rounded to binary32 from the lowest power upwards, the
// remaining ones fitted again after each rounding.
//
// A builder B has types F32, I32, Bool and the members of HostBuilder.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_SPECIALFUNCTIONS_H
#define COOPT_NUMERICS_SPECIALFUNCTIONS_H

#include "coopt/Numerics/HostBuilder.h"

#include <initializer_list>
#include <limits>

namespace coopt::numerics {

/// log2(e) rounded to binary32: the L of exp, sigmoid and of the fixed attention.
constexpr float kLog2E = 0x1.715476p+0f;

namespace detail {

/// c[0] + x * (c[1] + x * (..)), each product and sum rounded.
template <class B>
typename B::F32 horner(B &b, typename B::F32 x, std::initializer_list<float> coefficients) {
  const float *c = coefficients.end() - 1;
  typename B::F32 sum = b.constant(*c);
  while (c != coefficients.begin()) {
    typename B::F32 product = b.mul(sum, x);
    sum = b.add(product, b.constant(*--c));
  }
  return sum;
}

template <class B>
typename B::F32 absolute(B &b, typename B::F32 x) {
  typename B::I32 bits = b.bitcastToInt(x);
  return b.bitcastToFloat(b.andInt(bits, b.integer(0x7fffffff)));
}

/// magnitude with the sign bit of x; magnitude's own sign bit must be clear (or the value NaN).
template <class B>
typename B::F32 withSignOf(B &b, typename B::F32 magnitude, typename B::F32 x) {
  typename B::I32 bits = b.bitcastToInt(x);
  typename B::I32 sign = b.andInt(bits, b.integer(std::numeric_limits<int32_t>::min()));
  typename B::I32 magnitudeBits = b.bitcastToInt(magnitude);
  return b.bitcastToFloat(b.orInt(magnitudeBits, sign));
}

/// 2^n for n in [-126, 127].
template <class B>
typename B::F32 powerOfTwo(B &b, typename B::I32 n) {
  typename B::I32 biased = b.addInt(n, b.integer(127));
  return b.bitcastToFloat(b.shiftLeft(biased, b.integer(23)));
}

} // namespace detail

/// -x (exact, changes the sign of zeros too).
template <class B>
typename B::F32 negate(B &b, typename B::F32 x) {
  return b.sub(b.constant(-0.0f), x);
}

/// 2^x. -inf gives 0, +inf gives +inf, results below 2^-126 are rounded into the subnormals.
template <class B>
typename B::F32 exp2(B &b, typename B::F32 x) {
  // Outside [-151, 129] the result is 0 or inf anyway; the bounds keep the integer exponent small. A NaN
  // passes.
  typename B::F32 low = b.constant(-151.0f);
  x = b.select(b.lessThan(x, low), low, x);
  typename B::F32 high = b.constant(129.0f);
  x = b.select(b.greaterThan(x, high), high, x);

  // x = n + r, |r| <= 1/2. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  typename B::F32 magic = b.constant(0x1.8p+23f);
  typename B::F32 shifted = b.add(x, magic);
  typename B::F32 whole = b.sub(shifted, magic);
  typename B::F32 r = b.sub(x, whole);
  typename B::F32 p = detail::horner(
      b, r, {0x1.62e43p-1f, 0x1.ebfbdcp-3f, 0x1.c6af7cp-5f, 0x1.3b2dep-7f, 0x1.5f082ep-10f, 0x1.416b52p-13f});
  p = b.mul(p, r);
  p = b.add(p, b.constant(1.0f));

  // 2^n in two factors: n reaches beyond the normal exponents, and only the last product may round.
  typename B::I32 shiftedBits = b.bitcastToInt(shifted);
  typename B::I32 n = b.subInt(shiftedBits, b.integer(0x4b400000)); // the bits of 1.5 * 2^23
  typename B::I32 half = b.shiftRightArithmetic(n, b.integer(1));
  typename B::I32 rest = b.subInt(n, half);
  p = b.mul(p, detail::powerOfTwo(b, half));
  return b.mul(p, detail::powerOfTwo(b, rest));
}

/// e^x as exp2(x * L).
template <class B>
typename B::F32 exp(B &b, typename B::F32 x) {
  return exp2(b, b.mul(x, b.constant(kLog2E)));
}

/// 1 / (1 + exp2(-(x * L))).
template <class B>
typename B::F32 sigmoid(B &b, typename B::F32 x) {
  typename B::F32 product = b.mul(x, b.constant(kLog2E));
  typename B::F32 power = exp2(b, negate(b, product));
  typename B::F32 one = b.constant(1.0f);
  typename B::F32 denominator = b.add(one, power);
  return b.div(one, denominator);
}

/// Hyperbolic tangent, odd to the bit.
template <class B>
typename B::F32 tanh(B &b, typename B::F32 x) {
  typename B::F32 a = detail::absolute(b, x);

  // Below 5/8: a + a * z * P(z), z = a^2.
  typename B::F32 z = b.mul(a, a);
  typename B::F32 p = detail::horner(
      b, z, {-0x1.555532p-2f, 0x1.1106f6p-3f, -0x1.b835a4p-5f, 0x1.51f8cep-6f, -0x1.750ce2p-8f});
  p = b.mul(p, z);
  p = b.mul(p, a);
  typename B::F32 small = b.add(a, p);

  // Above: 1 - 2 / (e^2a + 1).
  typename B::F32 power = exp2(b, b.mul(a, b.constant(2 * kLog2E)));
  typename B::F32 one = b.constant(1.0f);
  typename B::F32 denominator = b.add(power, one);
  typename B::F32 quotient = b.div(b.constant(2.0f), denominator);
  typename B::F32 large = b.sub(one, quotient);

  typename B::Bool isSmall = b.lessThan(a, b.constant(0.625f));
  return detail::withSignOf(b, b.select(isSmall, small, large), x);
}

/// Error function, odd to the bit.
template <class B>
typename B::F32 erf(B &b, typename B::F32 x) {
  typename B::F32 a = detail::absolute(b, x);

  // Below 59/64: a + a * P(z), z = a^2.
  typename B::F32 z = b.mul(a, a);
  typename B::F32 p = detail::horner(b, z,
                                     {0x1.06eba8p-3f, -0x1.81274p-2f, 0x1.ce2d64p-4f, -0x1.b80116p-6f,
                                      0x1.5449a2p-8f, -0x1.a6023p-11f, 0x1.4f3dfep-14f});
  p = b.mul(p, a);
  typename B::F32 small = b.add(a, p);

  // Above: 1 - exp2(a * Q(a)), where a * Q(a) = log2(erfc(a)); beyond 4 the result rounds to 1.
  typename B::F32 four = b.constant(4.0f);
  typename B::F32 bounded = b.select(b.greaterThan(a, four), four, a);
  typename B::F32 q = detail::horner(b, bounded,
                                     {-0x1.a0d814p+0f, -0x1.d5285cp-1f, -0x1.39e98cp-3f, 0x1.18e774p-5f,
                                      -0x1.58a7ep-8f, 0x1.e96044p-12f, -0x1.11834p-16f});
  q = b.mul(q, bounded);
  typename B::F32 complement = exp2(b, q);
  typename B::F32 large = b.sub(b.constant(1.0f), complement);

  typename B::Bool isSmall = b.lessThan(a, b.constant(0.921875f));
  return detail::withSignOf(b, b.select(isSmall, small, large), x);
}

/// Binary logarithm. +-0 gives -inf, negative arguments NaN, +inf gives +inf; subnormal arguments are exact.
template <class B>
typename B::F32 log2(B &b, typename B::F32 x) {
  // Subnormal arguments are scaled into the normal range.
  typename B::Bool isTiny = b.lessThan(x, b.constant(0x1p-126f));
  typename B::F32 scaled = b.mul(x, b.constant(0x1p+23f));
  typename B::F32 y = b.select(isTiny, scaled, x);
  typename B::F32 zero = b.constant(0.0f);
  typename B::F32 offset = b.select(isTiny, b.constant(-23.0f), zero);

  // y = 2^e * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)): f is exact.
  typename B::I32 bits = b.bitcastToInt(y);
  typename B::I32 distance = b.subInt(bits, b.integer(0x3f3504f4)); // the bits of sqrt(1/2)
  typename B::I32 e = b.shiftRightArithmetic(distance, b.integer(23));
  typename B::I32 mantissaBits = b.subInt(bits, b.shiftLeft(e, b.integer(23)));
  typename B::F32 f = b.sub(b.bitcastToFloat(mantissaBits), b.constant(1.0f));

  // log2(1 + f) = f + f * P(f).
  typename B::F32 p =
      detail::horner(b, f,
                     {0x1.c551dap-2f, -0x1.715476p-1f, 0x1.ec7022p-2f, -0x1.7156c6p-2f, 0x1.278bbp-2f,
                      -0x1.eb6c08p-3f, 0x1.a21cf2p-3f, -0x1.818b8ap-3f, 0x1.7eb34p-3f, -0x1.dcc07ep-4f});
  p = b.mul(p, f);
  p = b.add(f, p);

  // e as binary32 without a conversion: |e| < 2^22 placed under the exponent of 1.5 * 2^23.
  typename B::I32 placed = b.addInt(e, b.integer(0x4b400000));
  typename B::F32 whole = b.sub(b.bitcastToFloat(placed), b.constant(0x1.8p+23f));
  whole = b.add(whole, offset);
  typename B::F32 result = b.add(whole, p);

  typename B::F32 infinity = b.constant(std::numeric_limits<float>::infinity());
  typename B::F32 largest = b.constant(std::numeric_limits<float>::max());
  result = b.select(b.greaterThan(x, largest), infinity, result);
  typename B::F32 minusInfinity = b.constant(-std::numeric_limits<float>::infinity());
  typename B::F32 nan = b.constant(std::numeric_limits<float>::quiet_NaN());
  typename B::F32 outside = b.select(b.lessThan(x, zero), nan, minusInfinity);
  result = b.select(b.greaterThan(x, zero), result, outside);
  return b.select(b.isNan(x), x, result);
}

/// Natural logarithm: log2(x) times ln 2, rounded.
template <class B>
typename B::F32 log(B &b, typename B::F32 x) {
  return b.mul(log2(b, x), b.constant(0x1.62e43p-1f));
}

/// Decimal logarithm: log2(x) times log10(2), rounded.
template <class B>
typename B::F32 log10(B &b, typename B::F32 x) {
  return b.mul(log2(b, x), b.constant(0x1.344136p-2f));
}

/// log(1 + x). With u = 1 + x, rounded, log(u) x / (u - 1): the error of u cancels (W. Kahan).
template <class B>
typename B::F32 log1p(B &b, typename B::F32 x) {
  typename B::F32 one = b.constant(1.0f);
  typename B::F32 u = b.add(one, x);
  typename B::F32 logarithm = log(b, u);
  typename B::F32 factor = b.div(x, b.sub(u, one));
  typename B::F32 corrected = b.mul(logarithm, factor);
  // From 2^24 on u is x or next to it; infinity has no quotient.
  typename B::F32 result = b.select(b.greaterThan(x, b.constant(0x1p+24f)), logarithm, corrected);
  // u = 1, or NaN: x.
  return b.select(b.greaterThan(u, one), result, b.select(b.lessThan(u, one), result, x));
}

/// e^x - 1. With u = e^x, rounded, (u - 1) x / log(u): the error of u cancels near 0 (W. Kahan).
template <class B>
typename B::F32 expm1(B &b, typename B::F32 x) {
  typename B::F32 one = b.constant(1.0f);
  typename B::F32 u = exp(b, x);
  typename B::F32 difference = b.sub(u, one);
  typename B::F32 factor = b.div(x, log(b, u));
  typename B::F32 corrected = b.mul(difference, factor);
  // Beyond, u - 1 is as good as u, or -1; neither 0 nor infinity has a quotient.
  typename B::F32 result = b.select(b.greaterThan(x, b.constant(17.0f)), difference, corrected);
  result = b.select(b.lessThan(x, b.constant(-17.0f)), difference, result);
  return b.select(b.greaterThan(u, one), result, b.select(b.lessThan(u, one), result, x));
}

/// 1 / sqrt(x), both rounded. +-0 gives +-inf, negative arguments NaN.
template <class B>
typename B::F32 rsqrt(B &b, typename B::F32 x) {
  typename B::F32 root = b.sqrt(x);
  return b.div(b.constant(1.0f), root);
}

// The same, evaluated on the host.
inline float exp2(float x) {
  HostBuilder b;
  return exp2(b, x);
}
inline float exp(float x) {
  HostBuilder b;
  return exp(b, x);
}
inline float sigmoid(float x) {
  HostBuilder b;
  return sigmoid(b, x);
}
inline float tanh(float x) {
  HostBuilder b;
  return tanh(b, x);
}
inline float erf(float x) {
  HostBuilder b;
  return erf(b, x);
}
inline float log2(float x) {
  HostBuilder b;
  return log2(b, x);
}
inline float log(float x) {
  HostBuilder b;
  return log(b, x);
}
inline float log10(float x) {
  HostBuilder b;
  return log10(b, x);
}
inline float log1p(float x) {
  HostBuilder b;
  return log1p(b, x);
}
inline float expm1(float x) {
  HostBuilder b;
  return expm1(b, x);
}
inline float rsqrt(float x) {
  HostBuilder b;
  return rsqrt(b, x);
}

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_SPECIALFUNCTIONS_H
