#include "Bench/PeakLoops.h"

using namespace coopt;
using namespace coopt::bench;

#if defined(__x86_64__)

#include <immintrin.h>

namespace {

constexpr int kChains = 12; // two units of latency four or five

__attribute__((target("avx512f"))) bool floatLoop(uint64_t iterations) {
  float x[16], y[16];
  for (int lane = 0; lane < 16; ++lane) {
    x[lane] = static_cast<float>(lane % 3 - 1);
    y[lane] = static_cast<float>(lane % 5 - 2);
  }
  __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(y), sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) {
    sums[chain] = _mm512_set1_ps(static_cast<float>(chain));
  }
  for (uint64_t i = 0; i < iterations; ++i) {
#pragma clang loop unroll(full)
    for (__m512 &sum : sums) {
      sum = _mm512_fmadd_ps(a, b, sum);
      __asm__ volatile("" : "+v"(sum)); // one instruction a step, whatever the compiler knows of the operands
    }
  }
  bool good = true;
  for (int chain = 0; chain < kChains; ++chain) {
    float got[16];
    _mm512_storeu_ps(got, sums[chain]);
    for (int lane = 0; lane < 16; ++lane) {
      good =
          good && got[lane] == static_cast<float>(chain) + x[lane] * y[lane] * static_cast<float>(iterations);
    }
  }
  return good;
}

__attribute__((target("avx512f,avx512vnni"))) bool vnniLoop(uint64_t iterations) {
  uint8_t x[64];
  int8_t y[64];
  for (int i = 0; i < 64; ++i) {
    x[i] = static_cast<uint8_t>(i * 37 + 11);
    y[i] = static_cast<int8_t>(i * 53 + 7);
  }
  __m512i a = _mm512_loadu_si512(x), b = _mm512_loadu_si512(y), sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) {
    sums[chain] = _mm512_set1_epi32(chain);
  }
  for (uint64_t i = 0; i < iterations; ++i) {
#pragma clang loop unroll(full)
    for (__m512i &sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, a, b);
      __asm__ volatile("" : "+v"(sum));
    }
  }
  bool good = true;
  for (int chain = 0; chain < kChains; ++chain) {
    uint32_t got[16];
    _mm512_storeu_si512(got, sums[chain]);
    for (int lane = 0; lane < 16; ++lane) {
      int32_t once = 0;
      for (int k = lane * 4; k < lane * 4 + 4; ++k) {
        once += x[k] * y[k];
      }
      good = good && got[lane] == static_cast<uint32_t>(chain) +
                                      static_cast<uint32_t>(once) * static_cast<uint32_t>(iterations);
    }
  }
  return good;
}

} // namespace

void bench::addAvx512Loop(std::vector<PeakLoop> &loops) {
  loops.push_back({"avx512_fma", Operand::Float32, kChains * 16 * 2, 1 << 18, floatLoop});
}

void bench::addAvx512VnniLoop(std::vector<PeakLoop> &loops) {
  loops.push_back({"avx512_vnni", Operand::Int8, kChains * 64 * 2, 1 << 18, vnniLoop});
}

#endif
