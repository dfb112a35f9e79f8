//===- Slice.h - The part of a program that decides what is executed ---------===//
#ifndef COOPT_NPUISA_SLICE_H
#define COOPT_NPUISA_SLICE_H

#include "coopt/NpuIsa/Image.h"

namespace coopt::npu {

/// What of a program decides which entries are executed and what they touch.
struct DecidingPart {
  /// By core and entry, whether its values may decide: whether a `load`, or a list of dma.gather or dma.scatter, may read what it writes, or what
  /// was made of that. Who executes these alone sees the same loads and lists.
  std::vector<std::vector<bool>> entries;
  /// Bytes of DRAM that they read: ascending ranges that do not touch.
  struct Range {
    uint64_t first = 0, bytes = 0;
  };
  std::vector<Range> dram;

  bool reads(uint64_t first, uint64_t bytes) const;
};

/// Of an image that the checks accept: its values are those of the stream's order, so what comes behind an entry, and in no loop with it, does not decide for
/// it. Ranges are those of all rounds of an entry, and an entry of the matrix engine needs all of its others, so it may be more than what is needed.
/// Errors: an address without bounds.
Expected<DecidingPart> partThatDecides(const Image &image);

} // namespace coopt::npu

#endif // COOPT_NPUISA_SLICE_H
