#include "Executor/AlignedMemory.h"

#include <algorithm>
#include <string>
#include <sys/mman.h>

using namespace coopt;
using namespace coopt::runtime;

Expected<AlignedMemory> AlignedMemory::allocate(uint64_t bytes) {
  AlignedMemory memory;
  size_t length = std::max<uint64_t>(bytes, 1);
  void *base = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    return fail("not enough memory for " + std::to_string(bytes) + " bytes");
  }
  constexpr size_t hugeFrom = size_t(4) << 20;
  if (length >= hugeFrom) {
    ::madvise(base, length, MADV_HUGEPAGE); // a wish: fewer TLB misses when weights are streamed
  }
  memory.base = static_cast<uint8_t *>(base);
  memory.length = length;
  return memory;
}

AlignedMemory::~AlignedMemory() {
  if (base) {
    ::munmap(base, length);
  }
}
