#include "coopt/Numerics/Reduction.h"

#include "Lanes.h"

using namespace coopt;

float numerics::reduceSum(const float *x, int64_t n, int64_t stride) {
  return reduceSumOf(n, [&](int64_t i) { return x[i * stride]; });
}

// The maximum does not depend on the order, so that any partial values stand for the 16 of the definition.
COOPT_VECTOR_CLONES
static float rowMax(const float *x, int64_t n) {
  return numerics::reduceInLanes(x, n, -std::numeric_limits<float>::infinity(), [](float a, float b) {
    numerics::HostBuilder builder;
    return numerics::maximum(builder, a, b);
  });
}

float numerics::reduceMax(const float *x, int64_t n, int64_t stride) {
  if (stride == 1) {
    return rowMax(x, n);
  }
  float result = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < n; ++i) {
    result = maximum(result, x[i * stride]);
  }
  return result;
}

// Magnitudes are ordered as their bits are, and all NaN lie above infinity.
static COOPT_INLINE uint32_t largestMagnitude(const float *x, int64_t n, int64_t stride) {
  uint32_t result = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint32_t magnitude = numerics::bitsOf(x[i * stride]) & 0x7fffffffu;
    result = magnitude > result ? magnitude : result;
  }
  return result;
}

COOPT_VECTOR_CLONES
static float rowAmax(const float *x, int64_t n) { return numerics::floatOf(largestMagnitude(x, n, 1)); }

float numerics::reduceAmax(const float *x, int64_t n, int64_t stride) {
  return stride == 1 ? rowAmax(x, n) : numerics::floatOf(largestMagnitude(x, n, stride));
}
