//===- Reduction.h - Row reductions of a stated shape ---------------------===//
//
// R(x) of n elements: 16 partial results p_j; element i is combined into p_(i mod 16), i ascending; then
// p_j = p_j combined with p_(j+h) for h = 8, 4, 2, 1; the result is p_0. The shape belongs to the operation,
// so the bits depend on no vector width, thread count or tile size. Absent (masked) elements are skipped:
// they leave their partial result as it is.
//
//   sum   p_j starts at +0; combining is one rounded addition. R of nothing is +0.
//   max   p_j starts at -inf; combining is `maximum`: NaN if either is NaN, -0 below +0 (maximum of IEEE
//         754-2019), hence independent of order. R of nothing is -inf.
//   amax  max of |x_i|, p_j starting at +0. R of nothing is +0.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_REDUCTION_H
#define COOPT_NUMERICS_REDUCTION_H

#include "coopt/Numerics/HostBuilder.h"

#include <cstdint>
#include <limits>

namespace coopt::numerics {

/// Number of partial results of R.
constexpr int kReductionLanes = 16;

/// The greater of two numbers over a builder (HostBuilder.h), with selects only: any NaN gives NaN, -0 < +0.
template <class B>
typename B::F32 maximum(B &b, typename B::F32 x, typename B::F32 y) {
  // Equal numbers have equal bits, except for zeros of two signs, whose common bits are +0.
  typename B::I32 xBits = b.bitcastToInt(x);
  typename B::I32 yBits = b.bitcastToInt(y);
  typename B::F32 result = b.bitcastToFloat(b.andInt(xBits, yBits));
  result = b.select(b.greaterThan(x, y), x, result);
  result = b.select(b.lessThan(x, y), y, result);
  result = b.select(b.isNan(y), y, result);
  return b.select(b.isNan(x), x, result);
}
inline float maximum(float x, float y) {
  HostBuilder b;
  return maximum(b, x, y);
}

/// The 16 partial results of a sum or maximum, for elements that come one by one or with gaps.
class PartialSums {
public:
  /// Adds element `index` (not negative); callers go through the indices in ascending order.
  void add(int64_t index, float value) { partial[index % kReductionLanes] += value; }
  float total() const {
    float p[kReductionLanes];
    for (int j = 0; j < kReductionLanes; ++j) {
      p[j] = partial[j];
    }
    for (int h = kReductionLanes / 2; h > 0; h /= 2) {
      for (int j = 0; j < h; ++j) {
        p[j] += p[j + h];
      }
    }
    return p[0];
  }

private:
  float partial[kReductionLanes] = {};
};

/// R of `element(i)`, i in [0, n), for sums whose terms are computed: reduceSumOf(n, [&](int64_t i) {..}).
template <class Element>
float reduceSumOf(int64_t n, Element &&element) {
  PartialSums sums;
  for (int64_t i = 0; i < n; ++i) {
    sums.add(i, element(i));
  }
  return sums.total();
}

/// R of n elements x[0], x[stride], x[2 * stride], ..; n <= 0 is nothing. The stride counts elements.
float reduceSum(const float *x, int64_t n, int64_t stride = 1);
float reduceMax(const float *x, int64_t n, int64_t stride = 1);
float reduceAmax(const float *x, int64_t n, int64_t stride = 1);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_REDUCTION_H
