#include "coopt/Numerics/DyadicScale.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace coopt;
using namespace coopt::numerics;

Expected<DyadicScale> DyadicScale::make(float accumulatorScale, float outputScale) {
  auto isUsable = [](float x) { return x > 0 && std::isfinite(x); };
  if (!isUsable(accumulatorScale) || !isUsable(outputScale)) {
    return fail("dyadic scale: expected positive finite scales, got " + std::to_string(accumulatorScale) +
                " and " + std::to_string(outputScale));
  }
  int exponent = 0;
  double fraction =
      std::frexp(static_cast<double>(accumulatorScale) / static_cast<double>(outputScale), &exponent);
  auto multiplier = static_cast<int64_t>(std::floor(std::ldexp(fraction, 31) + 0.5));
  if (multiplier == int64_t(1) << 31) {
    multiplier >>= 1;
    ++exponent;
  }
  return DyadicScale{static_cast<int32_t>(multiplier), 31 - exponent};
}

int32_t DyadicScale::requantize(int32_t accumulator, int32_t low, int32_t high) const {
  int64_t product = int64_t(accumulator) * multiplier; // below 2^62
  int64_t result = 0;
  if (shift > 0 && shift < 63) {
    int64_t unit = int64_t(1) << shift;
    result = product >> shift;
    int64_t rest = product - result * unit;
    result += rest > unit / 2 || (rest == unit / 2 && (result & 1) != 0);
  } else if (shift <= 0 && product != 0) {
    int64_t limit = shift > -63 ? std::numeric_limits<int64_t>::max() >> -shift : 0;
    result = product > limit    ? std::numeric_limits<int64_t>::max()
             : product < -limit ? std::numeric_limits<int64_t>::min()
                                : product * (int64_t(1) << -shift);
  }
  return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(result, low), high));
}

int32_t numerics::addRequantized(int32_t a, const DyadicScale &scaleOfA, int32_t b,
                                 const DyadicScale &scaleOfB, int32_t low, int32_t high) {
  constexpr int32_t least = std::numeric_limits<int32_t>::min(), most = std::numeric_limits<int32_t>::max();
  int64_t sum = int64_t(scaleOfA.requantize(a, least, most)) + scaleOfB.requantize(b, least, most);
  return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(sum, low), high));
}
