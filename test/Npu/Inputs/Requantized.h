//===- Requantized.h - Seeded tiles for the requantiser, and their codes ----===//
#ifndef COOPT_TEST_NPU_REQUANTIZED_H
#define COOPT_TEST_NPU_REQUANTIZED_H

#include "Npu/Requantizer.h"
#include "Workload.h"
#include "coopt/CostModel/MatrixArray.h"

#include <algorithm>

namespace coopt::npu::test {

/// clamp(rne(sum * multiplier / 2^shift), low, high), found among all codes: the one that is nearest, of two the even one.
/// Every int8 code is a candidate before the limits.
inline int32_t nearestCode(int32_t sum, int32_t multiplier, int32_t shift, int32_t low, int32_t high) {
  using Wide = __int128;
  const Wide product = Wide(sum) * multiplier, unit = Wide(1) << shift;
  // Beyond the codes by half a unit or more the nearest is a limit, whatever is between.
  int32_t best = -1000;
  Wide bestDistance = 0;
  for (int32_t code = -129; code <= 128; ++code) {
    Wide distance = product - code * unit;
    distance = distance < 0 ? -distance : distance;
    if (best == -1000 || distance < bestDistance || (distance == bestDistance && code % 2 == 0)) {
      best = code;
      bestDistance = distance;
    }
  }
  return std::min(std::max(best, low), high);
}

/// One to five tiles back to back, with the scales that such sums have and with extremes of them.
struct Requantized {
  Stimulus stimulus;
  size_t tiles = 0;
  int64_t cycles = 0; ///< by the law
  std::vector<Word> expected;

  Requantized(int64_t columns, Random &random) {
    tiles = random.in(1, 5);
    for (size_t tile = 0; tile < tiles; ++tile) {
      const int64_t m = random.in(1, 40);
      int32_t low = -128, high = 127;
      if (random.in(0, 1) == 1) {
        low = random.code();
        high = static_cast<int32_t>(random.in(low, 127));
      }
      RequantizerTile data{{}, low, high, {}};
      for (int64_t c = 0; c < columns; ++c) {
        bool isHalf = random.in(0, 3) == 0; // then ties are met
        auto multiplier = static_cast<int32_t>(isHalf ? 1 << 30 : random.in(1 << 30, 0x7fffffff));
        auto shift = static_cast<int>(random.in(0, 3) == 0 ? random.in(0, 63) : random.in(31, 50));
        data.scales.push_back({multiplier, shift});
      }
      for (int64_t i = 0; i < m; ++i) {
        Word codes(columns);
        for (int64_t c = 0; c < columns; ++c) {
          int32_t sum = static_cast<int32_t>(random.next());
          sum >>= random.in(0, 31);
          if (random.in(0, 15) == 0) {
            sum = random.in(0, 1) == 0 ? INT32_MIN : INT32_MAX;
          }
          data.sums.push_back(sum);
          codes[c] = nearestCode(sum, data.scales[c].multiplier, data.scales[c].shift, low, high);
        }
        expected.push_back(codes);
      }
      if (Status status = appendTile(data, stimulus); !status) {
        failure = status.error().message;
      }
      cycles += tile + 1 == tiles ? cost::requantizerLatency(m) : cost::requantizerInterval(m);
    }
  }

  /// "" if the words are as expected, else what differs.
  std::string compare(const std::vector<Word> &words) const {
    for (size_t i = 0; i < expected.size(); ++i) {
      for (size_t c = 0; c < expected[i].size(); ++c) {
        if (words[i][c] != expected[i][c]) {
          return "word " + std::to_string(i) + ", lane " + std::to_string(c) + ": expected " +
                 std::to_string(expected[i][c]) + ", got " + std::to_string(words[i][c]);
        }
      }
    }
    return failure;
  }
  std::string failure;
};

} // namespace coopt::npu::test

#endif // COOPT_TEST_NPU_REQUANTIZED_H
