#include "coopt/Numerics/TwoLevelQuantization.h"

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
static int divideRounded(int a, int b) {
  HostBuilder builder;
  return static_cast<int>(quantizeElement(builder, static_cast<float>(a), static_cast<float>(b),
                                          -kTwoLevelLargest, kTwoLevelLargest));
}

float numerics::twoLevelRowScale(const float *row, int64_t K) {
  return storedScale(ScaleType::F32, reduceAmax(row, K) / kTwoLevelLargest);
}

int numerics::twoLevelInner(float x, float rowScale) {
  HostBuilder builder;
  return static_cast<int>(quantizeElement(builder, x, rowScale, -kTwoLevelLargest, kTwoLevelLargest));
}

TwoLevelGroup numerics::twoLevelGroup(int low, int high) {
  int scale = std::clamp((high - low + kLevel2Max - 1) / kLevel2Max, 1, kLargestInnerScale);
  return {scale, std::clamp(divideRounded(-low, scale), 0, kLevel2Max)};
}

int numerics::twoLevelCode(int inner, TwoLevelGroup group) {
  return std::clamp(divideRounded(inner, group.scale) + group.zero, 0, kLevel2Max);
}

void numerics::quantizeRowTwoLevel(int64_t groupSize, const float *row, int64_t K, uint8_t *codes,
                                   float *rowScale, uint8_t *groupScales, uint8_t *zeros) {
  float scale = twoLevelRowScale(row, K);
  *rowScale = scale;
  int64_t length = groupLength(groupSize, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    // Rounding keeps the order: the least and the greatest number come from the least and the greatest element.
    int64_t least = begin, greatest = begin;
    for (int64_t i = begin; i < end; ++i) {
      least = row[i] < row[least] ? i : least;
      greatest = row[i] > row[greatest] ? i : greatest;
    }
    TwoLevelGroup group = twoLevelGroup(std::min(twoLevelInner(row[least], scale), 0),
                                        std::max(twoLevelInner(row[greatest], scale), 0));
    *groupScales++ = static_cast<uint8_t>(group.scale);
    *zeros++ = static_cast<uint8_t>(group.zero);
    for (int64_t i = begin; codes && i < end; ++i) {
      codes[i] = static_cast<uint8_t>(twoLevelCode(twoLevelInner(row[i], scale), group));
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
