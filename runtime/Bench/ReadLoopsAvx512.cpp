#include "Bench/ReadLoops.h"

using namespace coopt;
using namespace coopt::bench;

#if defined(__x86_64__)

#include <immintrin.h>

template <size_t Streams, bool Prefetch>
__attribute__((target("avx512f"))) static uint64_t wide(const uint64_t *data, size_t words) {
  constexpr size_t kLine = 8, kUnroll = 4,
                   kAhead = 256; // words; 2 KiB ahead hides what the hardware's prefetcher leaves
  size_t part = words / (Streams * kLine * kUnroll) * kLine * kUnroll;
  __m512i sums[Streams][kUnroll];
  for (auto &stream : sums) {
    for (__m512i &sum : stream) {
      sum = _mm512_setzero_si512();
    }
  }
  for (size_t i = 0; i < part; i += kLine * kUnroll) {
#pragma clang loop unroll(full)
    for (size_t s = 0; s < Streams; ++s) {
      const uint64_t *at = data + s * part + i;
#pragma clang loop unroll(full)
      for (size_t u = 0; u < kUnroll; ++u) {
        if (Prefetch) {
          _mm_prefetch(reinterpret_cast<const char *>(at + u * kLine + kAhead), _MM_HINT_T0);
        }
        sums[s][u] = _mm512_xor_si512(sums[s][u], _mm512_loadu_si512(at + u * kLine));
      }
    }
  }
  uint64_t sum = 0;
  for (auto &stream : sums) {
    for (__m512i lanes : stream) {
      uint64_t values[8];
      _mm512_storeu_si512(values, lanes);
      for (uint64_t value : values) {
        sum ^= value;
      }
    }
  }
  for (size_t i = Streams * part; i < words; ++i) {
    sum ^= data[i];
  }
  return sum;
}

void bench::addAvx512ReadLoops(std::vector<NamedReadLoop> &loops) {
  loops.insert(loops.end(), {{"avx512 x1", wide<1, false>},
                             {"avx512 x2", wide<2, false>},
                             {"avx512 x3", wide<3, false>},
                             {"avx512 x4", wide<4, false>},
                             {"avx512 x1 prefetch", wide<1, true>},
                             {"avx512 x2 prefetch", wide<2, true>},
                             {"avx512 x4 prefetch", wide<4, true>}});
}

#else

void bench::addAvx512ReadLoops(std::vector<NamedReadLoop> &) {}

#endif
