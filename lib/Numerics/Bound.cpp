#include "coopt/Numerics/Bound.h"

#include <cmath>

using namespace coopt;

double numerics::contractionBound(int64_t K, const Roundoff &u, double sumOfMagnitudes, double exact) {
  double relative = 2 * (static_cast<double>(K) + 3) * u.accumulator + u.input;
  return relative * sumOfMagnitudes + u.output * std::fabs(exact);
}

double numerics::attentionBound(int64_t T, int64_t D, const Roundoff &u, double scoreMagnitude,
                                double weightedMagnitude, double exact) {
  double scoreRoundoff = 2 * (static_cast<double>(D) + 3) * u.accumulator + u.input * (2 + u.input);
  double values = std::expm1(2 * scoreRoundoff * scoreMagnitude);
  double relative =
      values + u.input * (1 + values) + u.weights + 2 * (static_cast<double>(T) + 11) * u.accumulator;
  return relative * weightedMagnitude + u.output * std::fabs(exact);
}
