#include "Loader/Noise.h"

#include "Executor/ThreadPool.h"
#include "coopt/Numerics/Half.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

using namespace coopt;
using namespace coopt::runtime;
using package::ElementType;

namespace {

constexpr uint64_t kBlock = 1 << 16; ///< elements of one work item

struct Job {
  uint8_t *out;
  uint64_t count, seed;
  float scale;
  ElementType type;
};

template <typename T, typename Convert>
void fill(const Job &job, uint64_t first, uint64_t last, Convert convert) {
  float values[1024];
  for (uint64_t i = first; i < last;) {
    uint64_t count = std::min<uint64_t>(last - i, std::size(values));
    package::scaledNoise(job.seed, i, count, job.scale, values);
    for (uint64_t j = 0; j < count; ++j, ++i) {
      T value = convert(values[j]);
      std::memcpy(job.out + i * sizeof(T), &value, sizeof(T));
    }
  }
}

template <typename T>
T wrapped(float value) {
  // Beyond 2^63 a conversion would be undefined; there every multiple of 2^bits is as good as another.
  double nearest = std::nearbyint(static_cast<double>(value));
  return std::fabs(nearest) < 0x1p62 ? static_cast<T>(static_cast<int64_t>(nearest)) : T(0);
}

void work(void *context, int, uint32_t firstBlock, uint32_t lastBlock) {
  const Job &job = *static_cast<const Job *>(context);
  uint64_t first = firstBlock * kBlock;
  uint64_t last = std::min(lastBlock * kBlock, job.count);
  switch (job.type) {
  case ElementType::F32:
    return package::scaledNoise(job.seed, first, last - first, job.scale,
                                reinterpret_cast<float *>(job.out) + first);
  case ElementType::F64:
    return fill<double>(job, first, last, [](float x) { return static_cast<double>(x); });
  case ElementType::F16:
    return fill<uint16_t>(job, first, last, numerics::halfFromFloat);
  case ElementType::BF16:
    return fill<uint16_t>(job, first, last, numerics::bfloat16FromFloat);
  case ElementType::I8:
  case ElementType::U8:
    return fill<uint8_t>(job, first, last, wrapped<uint8_t>);
  case ElementType::I16:
    return fill<uint16_t>(job, first, last, wrapped<uint16_t>);
  case ElementType::I32:
    return fill<uint32_t>(job, first, last, wrapped<uint32_t>);
  case ElementType::I64:
    return fill<uint64_t>(job, first, last, wrapped<uint64_t>);
  case ElementType::F8E4M3FN:
  case ElementType::F8E5M2:
  case ElementType::I1:
    return;
  }
}

} // namespace

Expected<AlignedMemory> runtime::makeNoise(const package::Parameter &parameter) {
  if (parameter.type == ElementType::F8E4M3FN || parameter.type == ElementType::F8E5M2 ||
      parameter.type == ElementType::I1) {
    return fail(std::string("seeded noise of type ") + package::elementName(parameter.type) +
                " is not supported");
  }
  auto memory = AlignedMemory::allocate(parameter.bytes);
  if (!memory) {
    return memory;
  }
  Job job{memory->data(), parameter.bytes / package::elementBytes(parameter.type), parameter.noise->seed,
          static_cast<float>(parameter.noise->scale), parameter.type};
  uint64_t blocks = (job.count + kBlock - 1) / kBlock;
  if (blocks > UINT32_MAX) {
    return fail("too large for seeded noise");
  }
  ThreadPool(availableThreads()).run(static_cast<uint32_t>(blocks), work, &job);
  return memory;
}
