#include "coopt/Numerics/GroupQuantization.h"

#include "Lanes.h"
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

/// The least of zero and all x, and the greatest; a NaN is in `high`.
struct Range {
  float low, high;
};

/// Of the consecutive groups of one row, of which the last may be shorter.
COOPT_VECTOR_CLONES
static void findRanges(const float *x, int64_t n, int64_t length, Range *out) {
  for (; n > 0; x += length, n -= length) {
    const int64_t count = n < length ? n : length;
    uint32_t largest = 0; // of the magnitudes, as their bits: those of NaN are above infinity's
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t magnitude = bitsOf(x[i]) & 0x7fffffffu;
      largest = magnitude > largest ? magnitude : largest;
    }
    const bool hasNan = largest > 0x7f800000u;
    *out++ = {leastOf(x, count, 0.0f),
              hasNan ? maximum(0.0f, reduceMax(x, count)) : greatestOf(x, count, 0.0f)};
  }
}

static GroupParameters asymmetricParameters(const IntegerGroupFormat &format, Range range) {
  HostBuilder b;
  float limit = static_cast<float>(format.maxCode());
  float scale = storedScale(format.scaleType, (range.high - range.low) / limit);
  return {scale, quantizeElement(b, -range.low, scale, 0.0f, limit)};
}

GroupParameters numerics::groupParameters(const IntegerGroupFormat &format, const float *x, int64_t n,
                                          float shrink) {
  float limit = static_cast<float>(format.maxCode());
  if (format.isSign()) {
    float sum = reduceSumOf(n, [&](int64_t i) { return std::fabs(x[i]); });
    return {storedScale(format.scaleType, sum / static_cast<float>(n) * shrink), 0};
  }
  if (format.symmetric) {
    return {storedScale(format.scaleType, reduceAmax(x, n) * shrink / limit), 0};
  }
  Range range = {0, 0};
  findRanges(x, n, n, &range);
  return asymmetricParameters(format, {range.low * shrink, range.high * shrink});
}

/// groupCode() of every element.
COOPT_VECTOR_CLONES
static void encodeGroup(const IntegerGroupFormat &stored, GroupParameters group, const float *x, int64_t n,
                        uint8_t *codes) {
  const IntegerGroupFormat format = stored; // codes are bytes: without this they might change it
  for (int64_t i = 0; i < n; ++i) {
    codes[i] = static_cast<uint8_t>(static_cast<int>(groupCode(format, group, x[i])));
  }
}

void numerics::quantizeRow(const IntegerGroupFormat &format, const float *row, int64_t K, int8_t *codes,
                           float *scales) {
  assert(format.symmetric && format.bits >= 1 && format.bits <= 8 &&
         "int8 codes belong to symmetric formats");
  int64_t length = groupLength(format, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    GroupParameters group = groupParameters(format, row + begin, end - begin);
    *scales++ = group.scale;
    if (codes) {
      encodeGroup(format, group, row + begin, end - begin, reinterpret_cast<uint8_t *>(codes + begin));
    }
  }
}

void numerics::quantizeRow(const IntegerGroupFormat &format, const float *row, int64_t K, uint8_t *codes,
                           float *scales, uint8_t *zeros) {
  assert(!format.symmetric && format.bits >= 1 && format.bits <= 8 &&
         "uint8 codes belong to asymmetric formats");
  int64_t length = groupLength(format, K);
  constexpr int64_t most = 128; // groups at a time
  Range ranges[most];
  for (int64_t batch = 0; batch < K; batch += std::min(K - batch, most * length)) {
    const int64_t batchEnd = batch + std::min(K - batch, most * length);
    findRanges(row + batch, batchEnd - batch, length, ranges);
    const Range *range = ranges;
    for (int64_t begin = batch; begin < batchEnd; begin += length) {
      const int64_t end = begin + std::min(length, K - begin);
      GroupParameters group = asymmetricParameters(format, *range++);
      *scales++ = group.scale;
      *zeros++ = static_cast<uint8_t>(group.zero);
      if (codes) {
        encodeGroup(format, group, row + begin, end - begin, codes + begin);
      }
    }
  }
}
