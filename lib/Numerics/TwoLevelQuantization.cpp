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

void numerics::quantizeRowTwoLevel(int64_t groupSize, const float *row, int64_t K, uint8_t *codes,
                                   float *rowScale, uint8_t *groupScales, uint8_t *zeros) {
  float scale = storedScale(ScaleType::F32, reduceAmax(row, K) / kTwoLevelLargest);
  *rowScale = scale;
  HostBuilder builder;
  auto levelOne = [&](int64_t i) {
    return static_cast<int>(quantizeElement(builder, row[i], scale, -kTwoLevelLargest, kTwoLevelLargest));
  };
  int64_t length = groupLength(groupSize, K);
  for (int64_t begin = 0; begin < K; begin += length) {
    int64_t end = begin + std::min(length, K - begin);
    // Rounding keeps the order: the least and the greatest number come from the least and the greatest element.
    int64_t least = begin, greatest = begin;
    for (int64_t i = begin; i < end; ++i) {
      least = row[i] < row[least] ? i : least;
      greatest = row[i] > row[greatest] ? i : greatest;
    }
    int low = std::min(levelOne(least), 0), high = std::max(levelOne(greatest), 0);
    int inner = std::clamp((high - low + kLevel2Max - 1) / kLevel2Max, 1, kLargestInnerScale);
    int zero = std::clamp(divideRounded(-low, inner), 0, kLevel2Max);
    *groupScales++ = static_cast<uint8_t>(inner);
    *zeros++ = static_cast<uint8_t>(zero);
    for (int64_t i = begin; codes && i < end; ++i) {
      codes[i] = static_cast<uint8_t>(std::clamp(divideRounded(levelOne(i), inner) + zero, 0, kLevel2Max));
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
