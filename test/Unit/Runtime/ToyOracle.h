//===- ToyOracle.h - The toy model without cache, chunks and kernels --------===//
#ifndef COOPT_TEST_UNIT_RUNTIME_TOYORACLE_H
#define COOPT_TEST_UNIT_RUNTIME_TOYORACLE_H

#include "TestPackages.h"

#include <algorithm>

namespace coopt::test {

/// The logits after tokens[0..count-1], recomputed from nothing. Binary32 in the order of the kernels, so
/// values are equal.
inline std::vector<float> toyLogits(const std::vector<int32_t> &tokens, size_t count) {
  float features[kToyFeatures];
  for (int d = 0; d < kToyFeatures; ++d) {
    float sum = 0;
    float query = toyTable(tokens[count - 1], d);
    for (size_t j = 0; j < count; ++j) {
      float embedded = toyTable(tokens[j], d);
      sum += (0.5f * embedded) * (1.0f + embedded) * query;
    }
    features[d] = sum;
  }
  std::vector<float> logits(kToyVocabulary);
  for (int v = 0; v < kToyVocabulary; ++v) {
    for (int d = 0; d < kToyFeatures; ++d) {
      logits[static_cast<size_t>(v)] += features[d] * toyHead(v, d);
    }
  }
  return logits;
}

inline int32_t toyGreedy(const std::vector<int32_t> &tokens) {
  std::vector<float> logits = toyLogits(tokens, tokens.size());
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_RUNTIME_TOYORACLE_H
