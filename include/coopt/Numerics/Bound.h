//===- Bound.h - How far a Bounded result may lie from the float64 one ----===//
//
// Operations are Exact, Fixed (same bits everywhere) or Bounded. For Bounded ones, y computed on an engine
// and y64 computed in binary64 from the same inputs satisfy |y - y64| <= the bound below. u_* are unit
// roundoffs: 2^-24 for binary32, 2^-11 for f16, 2^-8 for bf16.
//
// The constants are those of the standard error analysis of inner products (Higham, Accuracy and Stability of
// Numerical Algorithms, chapter 3), with room for the engine's own order and the scale factors.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BOUND_H
#define COOPT_NUMERICS_BOUND_H

#include <cstdint>

namespace coopt::numerics {

/// The unit roundoffs of an engine.
struct Roundoff {
  double accumulator = 0x1p-24; ///< u_acc, a field of the engine in the machine description
  double input = 0;             ///< u_in: operands converted by the lowering; 0 if none are
  double output = 0x1p-24;      ///< u_out: the type the result is stored in
  double weights = 0;           ///< u_p: attention weights stored in a narrower type; 0 if not
};

/// (2 (K + 3) u_acc + u_in) sum|a||w| + u_out |y64|, for a contraction of length K.
double contractionBound(int64_t K, const Roundoff &u, double sumOfMagnitudes, double exact);

/// What a cap of scores (ScoreCap.h) counts as in attentionBound, in elements of keys.
constexpr int64_t kScoreCapSize = 4;

/// ((1 + u_in) e^(2d) - 1 + u_p + 2 (T + 11) u_acc) sum p|v| + u_out |o64| with
/// d = (2 (D + 3) u_acc + u_in (2 + u_in)) scoreMagnitude, for attention over T keys of size D with queries,
/// keys and values rounded by u_in; scoreMagnitude = max_j |scale| sum_d |q_d||k_jd|, weightedMagnitude =
/// sum_j p_j |v_j| with the normalised p of the float64 result. With capped scores D is that of the keys plus
/// kScoreCapSize: quotient, tanh (3 ulp at most) and product are off by 8 u_acc |score| at most, and tanh grows no
/// faster than its argument.
double attentionBound(int64_t T, int64_t D, const Roundoff &u, double scoreMagnitude,
                      double weightedMagnitude, double exact);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BOUND_H
