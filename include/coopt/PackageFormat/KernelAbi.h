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
constexpr uint32_t kVersion = 2;

/// What a check found.
enum class FaultKind : int64_t {
  None,
  Index,    ///< an index `value` outside [0, bound)
  Slice,    ///< a slice whose last element, `value`, lies outside [0, bound)
  Sizes,    ///< extents `value` and `bound` that should be equal
  Negative, ///< a size or a padding `value` below 0
};
constexpr int64_t kFaultKinds = 5;

/// Filled in by the first check of a worker that fails; the worker then leaves its kernel at once, before it
/// reads or writes what the check is about.
struct Fault {
  FaultKind kind = FaultKind::None;
  int64_t value = 0, bound = 0;
  int64_t line = 0, column = 0; ///< of the function's text; 0 where that is not known
};

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
  /// This worker's report, None on entry; kernels that check nothing leave it alone.
  Fault *fault;
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
