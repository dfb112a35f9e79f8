#include "coopt/Numerics/TwoLevelQuantization.h"

#include "Lanes.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/Reduction.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::numerics;

static constexpr int kLevel2Max = 15;
static constexpr int kLargestInnerScale = 16;

static int64_t groupLength(int64_t groupSize, int64_t K) {
  return groupSize > 0 ? std::min(groupSize, K) : K;
}

int64_t numerics::twoLevelGroupCount(int64_t groupSize, int64_t K) {
  return groupCount(IntegerGroupFormat{4, groupSize, false, ScaleType::F32}, K);
}

/// a / b rounded to nearest, ties to even; b > 0.
static COOPT_INLINE int divideRounded(int a, int b) {
  HostBuilder builder;
  return static_cast<int>(quantizeElement(builder, static_cast<float>(a), static_cast<float>(b),
                                          -kTwoLevelLargest, kTwoLevelLargest));
}

float numerics::twoLevelRowScale(const float *row, int64_t K) {
  return storedScale(ScaleType::F32, reduceAmax(row, K) / kTwoLevelLargest);
}

static COOPT_INLINE int innerOf(float x, float rowScale) {
  HostBuilder builder;
  return static_cast<int>(quantizeElement(builder, x, rowScale, -kTwoLevelLargest, kTwoLevelLargest));
}

int numerics::twoLevelInner(float x, float rowScale) { return innerOf(x, rowScale); }

TwoLevelGroup numerics::twoLevelGroup(int low, int high) {
  int scale = std::clamp((high - low + kLevel2Max - 1) / kLevel2Max, 1, kLargestInnerScale);
  return {scale, std::clamp(divideRounded(-low, scale), 0, kLevel2Max)};
}

static COOPT_INLINE int codeOf(int inner, TwoLevelGroup group) {
  const int code = divideRounded(inner, group.scale) + group.zero;
  return code < 0 ? 0 : code > kLevel2Max ? kLevel2Max : code;
}

int numerics::twoLevelCode(int inner, TwoLevelGroup group) { return codeOf(inner, group); }

COOPT_VECTOR_CLONES
static void findRange(const float *x, int64_t n, float &least, float &greatest) {
  // As if from the first element on: a NaN there stays, and stands for zero.
  least = x[0] != x[0] ? x[0] : leastOf(x, n, x[0]);
  greatest = x[0] != x[0] ? x[0] : greatestOf(x, n, x[0]);
}

COOPT_VECTOR_CLONES
static void encodeGroup(const float *x, int64_t n, float rowScale, TwoLevelGroup group, uint8_t *codes) {
  for (int64_t i = 0; i < n; ++i) {
    codes[i] = static_cast<uint8_t>(codeOf(innerOf(x[i], rowScale), group));
  }
}

void numerics::quantizeRowTwoLevel(int64_t groupSize, const float *row, int64_t K, uint8_t *codes,
                                   float *rowScale, uint8_t *groupScales, uint8_t *zeros) {
  float scale = twoLevelRowScale(row, K);
  *rowScale = scale;
  int64_t length = groupLength(groupSize, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    // Rounding keeps the order: the least and the greatest number come from the least and the greatest element.
    float least = 0, greatest = 0;
    findRange(row + begin, end - begin, least, greatest);
    TwoLevelGroup group =
        twoLevelGroup(std::min(innerOf(least, scale), 0), std::max(innerOf(greatest, scale), 0));
    *groupScales++ = static_cast<uint8_t>(group.scale);
    *zeros++ = static_cast<uint8_t>(group.zero);
    if (codes) {
      encodeGroup(row + begin, end - begin, scale, group, codes + begin);
    }
  }
}

void numerics::decodeRowTwoLevel(int64_t groupSize, const uint8_t *codes, const uint8_t *groupScales,
                                 const uint8_t *zeros, int64_t K, int8_t *values) {
  int64_t length = groupLength(groupSize, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    int inner = *groupScales++;
    int zero = *zeros++;
    for (int64_t i = begin; i < end; ++i) {
      values[i] = static_cast<int8_t>((codes[i] - zero) * inner);
    }
  }
}
