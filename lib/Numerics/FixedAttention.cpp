#include "coopt/Numerics/FixedAttention.h"

#include "coopt/Numerics/Reduction.h"
#include "coopt/Numerics/ScoreCap.h"
#include "coopt/Numerics/SpecialFunctions.h"

#include <algorithm>
#include <utility>

using namespace coopt;
using namespace coopt::numerics;

void numerics::fixedAttention(const float *q, StridedRows keys, StridedRows values, int64_t count,
                              int64_t headSize, float scale, float *o, int64_t first, float cap,
                              int64_t sinks) {
  first = first <= sinks ? 0 : first;
  sinks = first == 0 ? 0 : sinks;
  float most = -std::numeric_limits<float>::infinity();
  float denominator = 0;
  std::fill(o, o + std::max<int64_t>(headSize, 0), 0.0f);

  float scores[kAttentionBlock];
  auto addBlock = [&](int64_t block, int64_t from, int64_t to) {
    int64_t begin = std::max(from - block, int64_t(0));
    int64_t end = std::min(to - block, int64_t(kAttentionBlock));
    float newMost = most;
    for (int64_t j = begin; j < end; ++j) {
      float dot = reduceSumOf(headSize, [&](int64_t d) { return q[d] * keys.at(block + j, d); });
      scores[j] = scale * dot;
      if (cap != 0) {
        scores[j] = cappedScore(scores[j], cap);
      }
      newMost = maximum(newMost, scores[j]);
    }

    float decay = numerics::exp2((most - newMost) * kLog2E);
    PartialSums weights;
    for (int64_t j = begin; j < end; ++j) {
      scores[j] = numerics::exp2((scores[j] - newMost) * kLog2E);
      weights.add(j, scores[j]);
    }
    denominator = denominator * decay + weights.total();
    for (int64_t d = 0; d < headSize; ++d) {
      PartialSums sums;
      for (int64_t j = begin; j < end; ++j) {
        sums.add(j, scores[j] * values.at(block + j, d));
      }
      o[d] = o[d] * decay + sums.total();
    }
    most = newMost;
  };
  for (auto [from, to] : {std::pair{int64_t(0), sinks}, std::pair{first, count}}) {
    for (int64_t block = from / kAttentionBlock * kAttentionBlock; block < to; block += kAttentionBlock) {
      addBlock(block, from, to);
    }
  }

  for (int64_t d = 0; d < headSize; ++d) {
    o[d] = o[d] / denominator;
  }
}
