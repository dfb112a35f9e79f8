//===- AttentionOracle.h - Attention in binary64 ----------------------------===//
#ifndef COOPT_TEST_UNIT_CONVERSION_ATTENTIONORACLE_H
#define COOPT_TEST_UNIT_CONVERSION_ATTENTIONORACLE_H

#include "coopt/Numerics/Bound.h"
#include "coopt/Numerics/SpecialFunctions.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace coopt::test {

/// To nearest, halves away from zero.
inline float toBf16(float x) { return numerics::floatOf((numerics::bitsOf(x) + 0x8000) & 0xffff0000); }

/// One row's attention over keys first .. count - 1, in binary64, and how far the engine may be from it.
struct Expected {
  std::vector<double> values, bounds;
};

enum class Engine {
  Fused,       ///< binary32
  Tiles,       ///< operands rounded to bf16: bounded as what they are
  RoundedTiles ///< the operands are what the matrix unit gets: what it does with them is bounded as if exact
};

/// A cap of 0 is none.
inline Expected attendInBinary64(const float *q, const float *keys, const float *values, int64_t first,
                                 int64_t count, int64_t size, float scale, Engine engine, float cap = 0) {
  const bool usesTiles = engine == Engine::RoundedTiles;
  const auto product = [](double a, double b) { return a * b; };
  std::vector<double> query(size), scores;
  for (int64_t d = 0; d < size; ++d) {
    // In units of log2, or of the cap.
    const double factor = cap != 0 ? double(scale) / cap : scale * M_LOG2E;
    const float rounded = cap != 0 ? scale / cap : scale * numerics::kLog2E;
    query[d] = usesTiles ? toBf16(q[d] * rounded) : q[d] * factor;
  }
  const double unit = cap != 0 ? cap : M_LN2;
  double most = -std::numeric_limits<double>::infinity(), magnitude = 0;
  for (int64_t j = first; j < count; ++j) {
    double score = 0, sum = 0;
    for (int64_t d = 0; d < size; ++d) {
      double k = usesTiles ? toBf16(keys[j * size + d]) : keys[j * size + d];
      score += product(query[d], k);
      sum += std::fabs(product(query[d], k));
    }
    scores.push_back(cap != 0 ? cap * M_LOG2E * std::tanh(score) : score);
    most = std::max(most, scores.back());
    magnitude = std::max(magnitude, sum * unit);
  }
  double total = 0;
  for (double &score : scores) {
    score = std::exp2(score - most);
    total += score;
  }
  numerics::Roundoff u;
  u.weights = engine == Engine::Fused ? 0 : 0x1p-8;
  u.input = engine == Engine::Tiles ? 0x1p-8 : 0;
  Expected expected;
  for (int64_t d = 0; d < size; ++d) {
    double sum = 0, weighted = 0;
    for (int64_t j = first; j < count; ++j) {
      double v = usesTiles ? toBf16(values[j * size + d]) : values[j * size + d];
      sum += scores[j - first] / total * v;
      weighted += scores[j - first] / total * std::fabs(v);
    }
    expected.values.push_back(sum);
    expected.bounds.push_back(numerics::attentionBound(
        count - first, size + (cap != 0 ? numerics::kScoreCapSize : 0), u, magnitude, weighted, sum));
  }
  return expected;
}

/// The same over the keys below `sinks` and those from `first` on, as if no others were there.
inline Expected attendWithSinks(const float *q, const float *keys, const float *values, int64_t first,
                                int64_t count, int64_t size, float scale, Engine engine, float cap,
                                int64_t sinks) {
  std::vector<float> seenKeys, seenValues;
  for (int64_t j = 0; j < count; ++j) {
    if (j < sinks || j >= first) {
      seenKeys.insert(seenKeys.end(), keys + j * size, keys + (j + 1) * size);
      seenValues.insert(seenValues.end(), values + j * size, values + (j + 1) * size);
    }
  }
  return attendInBinary64(q, seenKeys.data(), seenValues.data(), 0,
                          static_cast<int64_t>(seenKeys.size()) / size, size, scale, engine, cap);
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_CONVERSION_ATTENTIONORACLE_H
