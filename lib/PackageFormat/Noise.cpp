#include "coopt/PackageFormat/Package.h"

using namespace coopt;

uint64_t package::splitMix64(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float package::noise(uint64_t seed, uint64_t index) {
  return static_cast<float>(splitMix64(seed, index) >> 40) * 0x1p-23f - 1.0f;
}
