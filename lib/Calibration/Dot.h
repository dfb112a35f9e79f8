//===- Dot.h - A dot product of one shape ------------------------------------===//
#ifndef COOPT_LIB_CALIBRATION_DOT_H
#define COOPT_LIB_CALIBRATION_DOT_H

#include <cstdint>

namespace coopt::calibration {

/// The sum of a[i] * b[i] in binary64, in eight partial sums: one sequence of operations, which vectorises.
template <class A>
double dot(const A *a, const double *b, int64_t n) {
  constexpr int kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      lanes[l] += static_cast<double>(a[i + l]) * b[i + l];
    }
  }
  for (int l = 0; i < n; ++i, ++l) {
    lanes[l] += static_cast<double>(a[i]) * b[i];
  }
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

} // namespace coopt::calibration

#endif // COOPT_LIB_CALIBRATION_DOT_H
