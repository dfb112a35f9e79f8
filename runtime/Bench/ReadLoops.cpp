#include "Bench/ReadLoops.h"

#include "Device/CpuFeatures.h"

using namespace coopt;
using namespace coopt::bench;

template <size_t Streams>
static uint64_t plain(const uint64_t *data, size_t words) {
  size_t part = words / (Streams * 8) * 8;
  uint64_t sums[Streams][8] = {};
  for (size_t i = 0; i < part; i += 8) {
    for (size_t s = 0; s < Streams; ++s) {
      for (size_t lane = 0; lane < 8; ++lane) {
        sums[s][lane] ^= data[s * part + i + lane];
      }
    }
  }
  uint64_t sum = 0;
  for (auto &stream : sums) {
    for (uint64_t lane : stream) {
      sum ^= lane;
    }
  }
  for (size_t i = Streams * part; i < words; ++i) {
    sum ^= data[i];
  }
  return sum;
}

std::vector<NamedReadLoop> bench::readLoops() {
  std::vector<NamedReadLoop> loops = {{"plain x1", plain<1>}, {"plain x2", plain<2>}, {"plain x4", plain<4>}};
  if (runtime::hasCpuFeature("avx512f").value_or(false)) {
    addAvx512ReadLoops(loops);
  }
  return loops;
}
