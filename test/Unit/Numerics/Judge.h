// What the tests of special functions share: errors in ulp against a double precision judge.
#ifndef COOPT_TEST_NUMERICS_JUDGE_H
#define COOPT_TEST_NUMERICS_JUDGE_H

#include "coopt/Numerics/HostBuilder.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace coopt::numerics::test {

/// The spacing of binary32 at the number nearest to `exact`; 2^-149 among the subnormals.
inline double ulpAt(double exact) {
  // Infinite and huge results share the spacing of the largest binade; bits instead of logb: sweeps are long.
  float magnitude = static_cast<float>(std::min(std::fabs(exact), static_cast<double>(FLT_MAX)));
  uint64_t exponent = std::max(bitsOf(magnitude) >> 23, 1u);
  uint64_t bits = (exponent - 127 - 23 + 1023) << 52;
  double ulp;
  std::memcpy(&ulp, &bits, sizeof(ulp));
  return ulp;
}

/// |got - exact| in units of `unit`, or of the ulp at `exact` if unit is 0. Infinity counts as 2^128, where
/// the next binary32 number would be; a NaN on one side only is an infinite error.
inline double errorOf(float got, double exact, double unit = 0) {
  if (std::isnan(exact) || std::isnan(got)) {
    return std::isnan(exact) && std::isnan(got) ? 0 : HUGE_VAL;
  }
  auto bounded = [](double x) { return std::max(-0x1p128, std::min(0x1p128, x)); };
  return std::fabs(bounded(got) - bounded(exact)) / (unit != 0 ? unit : ulpAt(exact));
}

} // namespace coopt::numerics::test

#endif // COOPT_TEST_NUMERICS_JUDGE_H
