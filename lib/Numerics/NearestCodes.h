// The nearest code of a table for many numbers: the places where the code changes are found once.
#ifndef COOPT_LIB_NUMERICS_NEARESTCODES_H
#define COOPT_LIB_NUMERICS_NEARESTCODES_H

#include "coopt/Numerics/ElementTable.h"
#include "coopt/Numerics/HostBuilder.h"

#include <array>

namespace coopt::numerics {

/// table.nearest(x, rounding, random). All roundings but the stochastic one are steps over the ordered binary32 numbers:
/// x falls into one of 4096 ranges by its upper 12 bits, in which few steps are left to look at.
class NearestCodes {
public:
  NearestCodes(ElementTable table, Rounding rounding);

  uint32_t operator()(float x, uint32_t random) const {
    if (rounding == Rounding::Stochastic || x != x) {
      return table.nearest(x, rounding, random);
    }
    const int32_t key = keyOf(x);
    size_t step = firstStep[static_cast<size_t>((key >> kRangeBits) + kRanges / 2)];
    while (steps[step].begin <= key) {
      ++step;
    }
    return steps[step - 1].code;
  }
  float largestMagnitude() const { return table.largestMagnitude(); }

private:
  static constexpr int kRangeBits = 20;
  static constexpr int kRanges = 1 << (32 - kRangeBits);
  /// From this key on, up to the next step, numbers have this code.
  struct Step {
    int64_t begin;
    uint32_t code;
  };

  /// Ascending with the numbers, -0 before +0.
  static int32_t keyOf(float x) {
    const auto bits = static_cast<int32_t>(bitsOf(x));
    return bits ^ ((bits >> 31) & 0x7fffffff);
  }
  uint32_t codeOf(int64_t key) const;
  void findSteps(int64_t low, int64_t high, uint32_t lowCode, uint32_t highCode);

  ElementTable table;
  Rounding rounding;
  std::vector<Step> steps;
  std::array<uint16_t, kRanges> firstStep{}; ///< the first one that begins behind the start of a range
};

} // namespace coopt::numerics

#endif // COOPT_LIB_NUMERICS_NEARESTCODES_H
