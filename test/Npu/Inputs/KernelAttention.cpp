#include "KernelCases.h"

#include "coopt/Numerics/FixedAttention.h"

using namespace coopt;
using namespace coopt::npu::test;

/// Keys and values of `size` positions behind `past` others, and the attention of their queries: layer 1 of 2, with 2 heads of keys that 4 heads
/// of queries share.
void npu::test::attention(ImageRun &run, int64_t size) {
  constexpr int64_t kHeads = 2, kQueries = 4, kWidth = 8, kPositions = 160, kFirstSlab = 1 * 2 * kHeads;
  const auto past = static_cast<int64_t>(run.random() % 153);
  const std::vector<float> keys = run.floats(static_cast<size_t>(size * kHeads * kWidth)),
                           values = run.floats(static_cast<size_t>(size * kHeads * kWidth)),
                           queries = run.floats(static_cast<size_t>(size * kQueries * kWidth)),
                           before = run.floats(8 * kPositions * kWidth);
  std::vector<float> state = before, results(queries.size());
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t h = 0; h < kHeads; ++h) {
      for (int64_t d = 0; d < kWidth; ++d) {
        const auto from = static_cast<size_t>((i * kHeads + h) * kWidth + d);
        const auto to = static_cast<size_t>(((kFirstSlab + h) * kPositions + past + i) * kWidth + d);
        state[to] = keys[from];
        state[to + kHeads * kPositions * kWidth] = values[from];
      }
    }
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t h = 0; h < kQueries; ++h) {
      const float *slab = state.data() + (kFirstSlab + h / 2) * kPositions * kWidth;
      const auto place = static_cast<size_t>((i * kQueries + h) * kWidth);
      numerics::fixedAttention(&queries[place], {slab, kWidth}, {slab + kHeads * kPositions * kWidth, kWidth},
                               past + i + 1, kWidth, 0.35f, &results[place]);
    }
  }
  run.input(keys);
  run.input(values);
  run.input(queries);
  run.updated(before, state);
  run.output(results);
  const auto rows = static_cast<int32_t>(size);
  run.block({static_cast<int32_t>(past), rows, 2, 8, rows, 2, 8, rows, 4, 8, 8, 160, 8, rows, 4, 8});
}
