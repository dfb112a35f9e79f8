// Reductions whose result does not depend on the order, in plain loops that become vector instructions.
#ifndef COOPT_LIB_NUMERICS_LANES_H
#define COOPT_LIB_NUMERICS_LANES_H

#include "coopt/Support/VectorClones.h"

#include <cstdint>

namespace coopt::numerics {

/// combine(.. combine(first, x[0]) .., x[n - 1]), in another order.
template <class Combine>
COOPT_INLINE float reduceInLanes(const float *x, int64_t n, float first, Combine combine) {
  constexpr int64_t lanes = 32;
  float partial[lanes];
  for (int64_t j = 0; j < lanes; ++j) {
    partial[j] = first;
  }
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int64_t j = 0; j < lanes; ++j) {
      partial[j] = combine(partial[j], x[i + j]);
    }
  }
  for (; i < n; ++i) {
    partial[0] = combine(partial[0], x[i]);
  }
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    for (int64_t j = 0; j < half; ++j) {
      partial[j] = combine(partial[j], partial[j + half]);
    }
  }
  return partial[0];
}

/// The least of `first` and all x, the greatest; a NaN is neither.
COOPT_INLINE float leastOf(const float *x, int64_t n, float first) {
  return reduceInLanes(x, n, first, [](float a, float b) { return b < a ? b : a; });
}
COOPT_INLINE float greatestOf(const float *x, int64_t n, float first) {
  return reduceInLanes(x, n, first, [](float a, float b) { return b > a ? b : a; });
}

} // namespace coopt::numerics

#endif // COOPT_LIB_NUMERICS_LANES_H
