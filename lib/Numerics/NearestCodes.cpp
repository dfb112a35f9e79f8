#include "NearestCodes.h"

#include <limits>

using namespace coopt;
using namespace coopt::numerics;

uint32_t NearestCodes::codeOf(int64_t key) const {
  const auto signedKey = static_cast<int32_t>(key);
  return table.nearest(floatOf(static_cast<uint32_t>(signedKey ^ ((signedKey >> 31) & 0x7fffffff))),
                       rounding);
}

/// The code grows with the number, so equal codes at both ends are equal between them.
void NearestCodes::findSteps(int64_t low, int64_t high, uint32_t lowCode, uint32_t highCode) {
  if (lowCode == highCode) {
    return;
  }
  if (low + 1 == high) {
    steps.push_back({high, highCode});
    return;
  }
  const int64_t middle = (low + high) / 2;
  const uint32_t code = codeOf(middle);
  findSteps(low, middle, lowCode, code);
  findSteps(middle, high, code, highCode);
}

NearestCodes::NearestCodes(ElementTable numbers, Rounding rounding)
    : table(std::move(numbers)), rounding(rounding) {
  if (rounding == Rounding::Stochastic) {
    return;
  }
  const float infinity = std::numeric_limits<float>::infinity();
  const int64_t low = keyOf(-infinity), high = keyOf(infinity);
  steps.push_back({std::numeric_limits<int64_t>::min(), codeOf(low)});
  findSteps(low, high, codeOf(low), codeOf(high));
  steps.push_back({std::numeric_limits<int64_t>::max(), 0});
  size_t step = 0;
  for (int64_t range = 0; range < kRanges; ++range) {
    const int64_t begin = (range - kRanges / 2) * (int64_t(1) << kRangeBits);
    while (steps[step].begin <= begin) {
      ++step;
    }
    firstStep[static_cast<size_t>(range)] = static_cast<uint16_t>(step);
  }
}
