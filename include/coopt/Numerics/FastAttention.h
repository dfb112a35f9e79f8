//===- FastAttention.h - What the fast attention computes with -------------===//
//
// The fast attention is Bounded (Bound.h): softmax over the visible keys in any order. Its weights come from
// a shorter exponential than exp2 of SpecialFunctions.h: arguments are differences to a maximum, so that it
// needs no overflow and no subnormal results. Caps of scores have a hyperbolic tangent made of it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_FASTATTENTION_H
#define COOPT_NUMERICS_FASTATTENTION_H

#include "coopt/Numerics/SpecialFunctions.h"

namespace coopt::numerics {

/// 2^x for x <= 0, within 2^-22.6 of it relatively from -126 on; 2^-126 below, -infinity included. 2^0 is 1.
/// The builder B has those of HostBuilder and F32 fma(F32 x, F32 y, F32 z) = x * y + z, rounded once.
/// Coefficients: fitted as those of exp2, with the lowest fixed at 1.
template <class B>
typename B::F32 attentionWeight(B &b, typename B::F32 x) {
  typename B::F32 low = b.constant(-126.0f);
  x = b.select(b.lessThan(x, low), low, x);
  // x = n + r, |r| <= 1/2. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  typename B::F32 magic = b.constant(0x1.8p+23f);
  typename B::F32 shifted = b.add(x, magic);
  typename B::F32 r = b.sub(x, b.sub(shifted, magic));
  typename B::F32 p = b.constant(0x1.5bda3ep-10f);
  for (float c : {0x1.3ce8acp-7f, 0x1.c6b6d8p-5f, 0x1.ebf9c2p-3f, 0x1.62e42ap-1f, 1.0f}) {
    p = b.fma(p, r, b.constant(c));
  }
  // p lies in [0.7, 1.5]: n goes into its exponent.
  typename B::I32 n = b.shiftLeft(b.bitcastToInt(shifted), b.integer(23));
  return b.bitcastToFloat(b.addInt(b.bitcastToInt(p), n));
}

/// tanh(x) within 3 ulp, odd to the bit: the polynomial of tanh of SpecialFunctions.h below 5/8, with fused products,
/// (1 - w) / (1 + w) with w = e^(-2|x|) above. 1 for infinity.
template <class B>
typename B::F32 attentionTanh(B &b, typename B::F32 x) {
  typename B::F32 a = detail::absolute(b, x);
  typename B::F32 z = b.mul(a, a);
  typename B::F32 p = b.constant(-0x1.750ce2p-8f);
  for (float c : {0x1.51f8cep-6f, -0x1.b835a4p-5f, 0x1.1106f6p-3f, -0x1.555532p-2f}) {
    p = b.fma(p, z, b.constant(c));
  }
  typename B::F32 small = b.fma(b.mul(p, z), a, a);
  typename B::F32 w = attentionWeight(b, b.mul(a, b.constant(-2 * kLog2E)));
  typename B::F32 one = b.constant(1.0f);
  typename B::F32 large = b.div(b.sub(one, w), b.add(one, w));
  typename B::Bool isSmall = b.lessThan(a, b.constant(0.625f));
  return detail::withSignOf(b, b.select(isSmall, small, large), x);
}

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_FASTATTENTION_H
