#include "coopt/Numerics/Reduction.h"

using namespace coopt;

float numerics::reduceSum(const float *x, int64_t n, int64_t stride) {
  return reduceSumOf(n, [&](int64_t i) { return x[i * stride]; });
}

// The maximum does not depend on the order, so that one running value stands for the 16 partial ones.
float numerics::reduceMax(const float *x, int64_t n, int64_t stride) {
  float result = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < n; ++i) {
    result = maximum(result, x[i * stride]);
  }
  return result;
}

// Magnitudes are ordered as their bits are, and all NaN lie above infinity.
float numerics::reduceAmax(const float *x, int64_t n, int64_t stride) {
  uint32_t result = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint32_t magnitude = bitsOf(x[i * stride]) & 0x7fffffffu;
    result = magnitude > result ? magnitude : result;
  }
  return floatOf(result);
}
