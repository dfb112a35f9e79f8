#include "coopt/PackageFormat/Package.h"
#include "coopt/Support/VectorClones.h"

using namespace coopt;

static COOPT_INLINE uint64_t mixed(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static COOPT_INLINE float unit(uint64_t seed, uint64_t index) {
  // 24 bits: by way of 32-bit integers, which processors without AVX-512 convert, too.
  return static_cast<float>(static_cast<int32_t>(mixed(seed, index) >> 40)) * 0x1p-23f - 1.0f;
}

uint64_t package::splitMix64(uint64_t seed, uint64_t index) { return mixed(seed, index); }

float package::noise(uint64_t seed, uint64_t index) { return unit(seed, index); }

COOPT_VECTOR_CLONES
void package::scaledNoise(uint64_t seed, uint64_t first, uint64_t count, float scale, float *out) {
  for (uint64_t i = 0; i < count; ++i) {
    out[i] = scale * unit(seed, first + i);
  }
}
