#include "Bench/PeakLoops.h"

using namespace coopt;
using namespace coopt::bench;

#if defined(__x86_64__)

#include <immintrin.h>

namespace {

constexpr int kChains = 10; // two units of latency four or five

__attribute__((target("avx2,fma"))) bool floatLoop(uint64_t iterations) {
  float x[8], y[8];
  for (int lane = 0; lane < 8; ++lane) {
    x[lane] = static_cast<float>(lane % 3 - 1);
    y[lane] = static_cast<float>(lane % 5 - 2);
  }
  __m256 a = _mm256_loadu_ps(x), b = _mm256_loadu_ps(y), sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) {
    sums[chain] = _mm256_set1_ps(static_cast<float>(chain));
  }
  for (uint64_t i = 0; i < iterations; ++i) {
#pragma clang loop unroll(full)
    for (__m256 &sum : sums) {
      sum = _mm256_fmadd_ps(a, b, sum);
      __asm__ volatile("" : "+x"(sum)); // one instruction a step, whatever the compiler knows of the operands
    }
  }
  bool good = true;
  for (int chain = 0; chain < kChains; ++chain) {
    float got[8];
    _mm256_storeu_ps(got, sums[chain]);
    for (int lane = 0; lane < 8; ++lane) {
      good =
          good && got[lane] == static_cast<float>(chain) + x[lane] * y[lane] * static_cast<float>(iterations);
    }
  }
  return good;
}

__attribute__((target("avx2,avxvnni"))) bool vnniLoop(uint64_t iterations) {
  uint8_t x[32];
  int8_t y[32];
  for (int i = 0; i < 32; ++i) {
    x[i] = static_cast<uint8_t>(i * 37 + 11);
    y[i] = static_cast<int8_t>(i * 53 + 7);
  }
  __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(x)),
          b = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(y)), sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) {
    sums[chain] = _mm256_set1_epi32(chain);
  }
  for (uint64_t i = 0; i < iterations; ++i) {
#pragma clang loop unroll(full)
    for (__m256i &sum : sums) {
      sum = _mm256_dpbusd_avx_epi32(sum, a, b);
      __asm__ volatile("" : "+x"(sum));
    }
  }
  bool good = true;
  for (int chain = 0; chain < kChains; ++chain) {
    uint32_t got[8];
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(got), sums[chain]);
    for (int lane = 0; lane < 8; ++lane) {
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

void bench::addAvx2Loop(std::vector<PeakLoop> &loops) {
  loops.push_back({"avx2_fma", Operand::Float32, kChains * 8 * 2, 1 << 18, floatLoop});
}

void bench::addAvxVnniLoop(std::vector<PeakLoop> &loops) {
  loops.push_back({"avx_vnni", Operand::Int8, kChains * 32 * 2, 1 << 18, vnniLoop});
}

#endif
