//===- FixedAttention.h - Attention with the same bits everywhere ---------===//
//
// One query head over keys [first, count), in blocks of 64 keys aligned to key 0. With sinks and first > sinks, over keys
// [0, sinks) before them, in their own blocks (a block with keys of both spans comes twice); with first <= sinks, over [0, count).
// With R of Reduction.h,
// exp2 of SpecialFunctions.h, L = log2(e) in binary32, every product and sum rounded, nothing fused:
//
//   start: m = -inf, l = +0, o_d = +0
//   for each block that holds a key of the span, ascending:
//     s_j = scale * R_d(q_d * k_jd)                    for the keys j of the span
//     s_j = cap * tanh(s_j / cap)                      with a cap: ScoreCap.h
//     m'  = max(m, max_j s_j)
//     a   = exp2((m - m') * L)        p_j = exp2((s_j - m') * L)
//     l   = l * a + R_j(p_j)          o_d = o_d * a + R_j(p_j * v_jd)        m = m'
//   end: o_d / l
//
// R_j counts j from the start of the block, so a key keeps its partial sum whatever is masked before it;
// masked and absent keys are skipped. The block of 64 is part of the meaning. Parallel splits are across
// heads and queries only. An empty span gives NaN (0 / 0); so does a span whose scores so far are all -inf.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_FIXEDATTENTION_H
#define COOPT_NUMERICS_FIXEDATTENTION_H

#include <cstdint>
#include <limits>

namespace coopt::numerics {

/// Keys per block of the fixed attention.
constexpr int kAttentionBlock = 64;
/// The longest window and the most sinks: kernels compare positions as integers of 32 bits.
constexpr int64_t kLongestWindow = std::numeric_limits<int32_t>::max();

/// Rows of binary32 elements in memory: element (row, column) is base[row * rowStride + column *
/// columnStride].
struct StridedRows {
  const float *base;
  int64_t rowStride;
  int64_t columnStride = 1;
  float at(int64_t row, int64_t column) const { return base[row * rowStride + column * columnStride]; }
};

/// The attention of q (headSize elements) over rows [first, count) of keys and values into o (headSize).
/// Causal attention has count = position of the query + 1; a sliding window of w keys has first = max(0,
/// count - w). A negative first is 0. A cap of 0 is none. With sinks, the first `sinks` keys are seen as well: a window
/// and its sinks are Lambda-shaped attention (arXiv 2309.17453, 2308.16137; positions stay those of the text).
void fixedAttention(const float *q, StridedRows keys, StridedRows values, int64_t count, int64_t headSize,
                    float scale, float *o, int64_t first = 0, float cap = 0, int64_t sinks = 0);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_FIXEDATTENTION_H
