//===- DyadicScale.h - Requantisation by a multiplier and a shift ---------===//
//
// An int32 accumulator of scale s_a s_w becomes integers of scale s_out without floats (HAWQ-V3, arXiv
// 2011.10680, batch_frexp and fixedpoint_mul of its repository):
//
//   S = float(s_a s_w) / float(s_out) in binary64 = m 2^e, m in [0.5, 1)
//   M = floor(m 2^31 + 1/2), E = 31 - e;  an M of 2^31 is written as 2^30 with E - 1, so that M has 31 bits
//   out = clamp(rne(acc M / 2^E), low, high), exactly: products of up to 62 bits
//
// (The repository rounds the product to binary64 before the division; the results differ only where 53 bits do
// not hold it.) Residual additions requantise and round each branch, then add and clamp.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_DYADICSCALE_H
#define COOPT_NUMERICS_DYADICSCALE_H

#include "coopt/Support/Error.h"

#include <cstdint>

namespace coopt::numerics {

struct DyadicScale {
  int32_t multiplier = 1 << 30; ///< 2^30 .. 2^31 - 1
  int shift = 30;

  /// Errors: scales that are not positive and finite.
  static Expected<DyadicScale> make(float accumulatorScale, float outputScale);

  /// rne(acc * multiplier / 2^shift), clamped to [low, high].
  int32_t requantize(int32_t accumulator, int32_t low, int32_t high) const;
};

/// The sum of two branches with scales of their own, each rounded to within int32 before, then clamped.
int32_t addRequantized(int32_t a, const DyadicScale &scaleOfA, int32_t b, const DyadicScale &scaleOfB,
                       int32_t low, int32_t high);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_DYADICSCALE_H
