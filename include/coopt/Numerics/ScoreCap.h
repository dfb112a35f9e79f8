//===- ScoreCap.h - Caps of attention scores -------------------------------===//
//
// cap * tanh(score / cap), which Gemma 2 calls attn_logit_softcapping: scores stay within -cap .. cap, and those that are
// small against it stay as they are (arXiv 2408.00118, section 2).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_SCORECAP_H
#define COOPT_NUMERICS_SCORECAP_H

#include "coopt/Numerics/SpecialFunctions.h"

namespace coopt::numerics {

/// Quotient, tanh of SpecialFunctions.h, product, each rounded: Fixed. The cap is positive and finite; an infinite
/// score gives the cap with its sign, a NaN gives NaN.
template <class B>
typename B::F32 cappedScore(B &b, typename B::F32 score, float cap) {
  typename B::F32 limit = b.constant(cap);
  return b.mul(limit, tanh(b, b.div(score, limit)));
}

inline float cappedScore(float score, float cap) {
  HostBuilder b;
  return cappedScore(b, score, cap);
}

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_SCORECAP_H
