//===- FastAttention.h - What the fast attention computes with -------------===//
//
// The fast attention is Bounded (Bound.h): softmax over the visible keys in any order. Its weights come from
// a shorter exponential than exp2 of SpecialFunctions.h: arguments are differences to a maximum, so that it
// needs no overflow and no subnormal results.
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

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_FASTATTENTION_H
