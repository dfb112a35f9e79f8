//===- AlignedMemory.h - Zeroed memory for buffers --------------------------===//
#ifndef COOPT_RUNTIME_EXECUTOR_ALIGNEDMEMORY_H
#define COOPT_RUNTIME_EXECUTOR_ALIGNEDMEMORY_H

#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace coopt::runtime {

/// Page-aligned zeros from the operating system: pages that are never touched cost nothing, so buffers can be
/// as large as the largest sizes need.
class AlignedMemory {
public:
  /// At least one byte, so that data() is a valid address even for empty buffers.
  static Expected<AlignedMemory> allocate(uint64_t bytes);

  AlignedMemory() = default;
  AlignedMemory(AlignedMemory &&other) noexcept { swap(other); }
  AlignedMemory &operator=(AlignedMemory &&other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedMemory();

  uint8_t *data() const { return base; }
  size_t size() const { return length; }

private:
  void swap(AlignedMemory &other) noexcept {
    std::swap(base, other.base);
    std::swap(length, other.length);
  }
  uint8_t *base = nullptr;
  size_t length = 0;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXECUTOR_ALIGNEDMEMORY_H
