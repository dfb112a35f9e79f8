#include "coopt/Numerics/GroupQuantization.h"

#include "coopt/Numerics/Half.h"
#include "coopt/Numerics/Reduction.h"

#include <algorithm>
#include <cassert>

using namespace coopt;
using namespace coopt::numerics;

static int64_t groupLength(const IntegerGroupFormat &format, int64_t K) {
  return format.groupSize > 0 ? std::min(format.groupSize, K) : K;
}

int64_t numerics::groupCount(const IntegerGroupFormat &format, int64_t K) {
  if (K <= 0) {
    return 0;
  }
  int64_t length = groupLength(format, K);
  return K / length + (K % length != 0);
}

float numerics::storedScale(ScaleType type, float scale) {
  if (type == ScaleType::F16) {
    bool overflows = scale <= std::numeric_limits<float>::max() && scale > 65504.0f;
    scale = overflows ? 65504.0f : floatFromHalf(halfFromFloat(scale));
  }
  return scale == 0 ? 1.0f : scale;
}

void numerics::quantizeRow(const IntegerGroupFormat &format, const float *row, int64_t K, int8_t *codes,
                           float *scales) {
  assert(format.symmetric && format.bits >= 1 && format.bits <= 8 &&
         "int8 codes belong to symmetric formats");
  HostBuilder b;
  float limit = static_cast<float>(format.maxCode());
  int64_t length = groupLength(format, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    if (format.isSign()) {
      float sum = reduceSumOf(end - begin, [&](int64_t i) { return std::fabs(row[begin + i]); });
      *scales++ = storedScale(format.scaleType, sum / static_cast<float>(end - begin));
      for (int64_t i = begin; codes && i < end; ++i) {
        codes[i] = row[i] >= 0 ? 1 : -1;
      }
      continue;
    }
    float scale = storedScale(format.scaleType, reduceAmax(row + begin, end - begin) / limit);
    *scales++ = scale;
    for (int64_t i = begin; codes && i < end; ++i) {
      codes[i] = static_cast<int8_t>(quantizeElement(b, row[i], scale, -limit, limit));
    }
  }
}

void numerics::quantizeRow(const IntegerGroupFormat &format, const float *row, int64_t K, uint8_t *codes,
                           float *scales, uint8_t *zeros) {
  assert(!format.symmetric && format.bits >= 1 && format.bits <= 8 &&
         "uint8 codes belong to asymmetric formats");
  HostBuilder b;
  float limit = static_cast<float>(format.maxCode());
  int64_t length = groupLength(format, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    float high = maximum(0.0f, reduceMax(row + begin, end - begin));
    float low = 0.0f;
    for (int64_t i = begin; i < end; ++i) {
      low = row[i] < low ? row[i] : low; // a NaN is already in `high`
    }
    float scale = storedScale(format.scaleType, (high - low) / limit);
    float zero = quantizeElement(b, -low, scale, 0.0f, limit);
    *scales++ = scale;
    *zeros++ = static_cast<uint8_t>(zero);
    for (int64_t i = begin; codes && i < end; ++i) {
      float q = quantizeElement(b, row[i], scale, -kQuotientLimit, kQuotientLimit) + zero;
      codes[i] = static_cast<uint8_t>(std::min(std::max(q, 0.0f), limit));
    }
  }
}
