//===- KernelAbi.h - How generated code is called ---------------------------===//
//
// The contract between generated kernels and whatever runs them: the runtime's CPU executor now, other
// devices later. A kernel is a function over a range of work items; the number of work items follows from the
// schedule and the run-time sizes, never from the number of threads, so results don't depend on it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_KERNELABI_H
#define COOPT_PACKAGEFORMAT_KERNELABI_H

#include <cstdint>

namespace coopt::abi {

/// The version of this contract; part of every package.
constexpr uint32_t kVersion = 1;

/// The arguments of one dispatch. Every worker gets its own Block, with the same buffers and sizes and its
/// own scratch.
struct Block {
  /// Base addresses in the kernel's operand order, each at least 64-byte aligned.
  void *const *buffers;
  /// Run-time scalars in the kernel's order: dynamic extents first, in the order of the buffers and their
  /// dimensions, then the kernel's own scalars (positions, offsets).
  const int64_t *sizes;
  /// Scratch of this worker: Kernel::scratchBytes bytes, 64-byte aligned, contents undefined on entry.
  void *scratch;
};

/// What a kernel may ask of its host. Kernels import no symbol; services come through this table, which only
/// grows.
struct Services {
  uint32_t version;
};

/// Computes work items first..last-1.
using Kernel = void (*)(const Block *block, const Services *services, uint32_t first, uint32_t last);

} // namespace coopt::abi

#endif // COOPT_PACKAGEFORMAT_KERNELABI_H
