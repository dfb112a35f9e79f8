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

inline Expected attendInBinary64(const float *q, const float *keys, const float *values, int64_t first,
                                 int64_t count, int64_t size, float scale, Engine engine) {
  const bool usesTiles = engine == Engine::RoundedTiles;
  const auto product = [](double a, double b) { return a * b; };
  std::vector<double> query(size), scores;
  for (int64_t d = 0; d < size; ++d) {
    // In units of log2.
    query[d] = usesTiles ? toBf16(q[d] * (scale * numerics::kLog2E)) : q[d] * double(scale) * M_LOG2E;
  }
  double most = -std::numeric_limits<double>::infinity(), magnitude = 0;
  for (int64_t j = first; j < count; ++j) {
    double score = 0, sum = 0;
    for (int64_t d = 0; d < size; ++d) {
      double k = usesTiles ? toBf16(keys[j * size + d]) : keys[j * size + d];
      score += product(query[d], k);
      sum += std::fabs(product(query[d], k));
    }
    scores.push_back(score);
    most = std::max(most, score);
    magnitude = std::max(magnitude, sum * M_LN2);
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
    expected.bounds.push_back(numerics::attentionBound(count - first, size, u, magnitude, weighted, sum));
  }
  return expected;
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_CONVERSION_ATTENTIONORACLE_H
