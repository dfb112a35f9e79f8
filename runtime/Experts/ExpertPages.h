//===- ExpertPages.h - A parameter of which only some pages are in memory -----===//
#ifndef COOPT_RUNTIME_EXPERTS_EXPERTPAGES_H
#define COOPT_RUNTIME_EXPERTS_EXPERTPAGES_H

#include "Experts/ExpertReader.h"
#include "Experts/FreePages.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::runtime {

/// Addresses for a whole parameter, at which the pages that someone holds have its bytes and the others none. Pages lie as in the
/// file, so that they can be read without a copy, and kernels find an expert where they would in a mapped file. Neighbours may
/// hold the same page. Not for several threads at once, but for data().
class ExpertPages {
public:
  /// A run of pages, numbered from the one in which the parameter begins.
  struct Span {
    uint64_t first = 0, last = 0;
    uint64_t bytes() const { return (last - first) * ExpertReader::kPage; }
  };

  /// Reserves addresses for `bytes` bytes that begin at `fileOffset`. Errors: there are no more addresses.
  static Expected<ExpertPages> reserve(uint64_t fileOffset, uint64_t bytes);

  ExpertPages(ExpertPages &&other) noexcept { swap(other); }
  ExpertPages &operator=(ExpertPages &&other) noexcept {
    swap(other);
    return *this;
  }
  ~ExpertPages();

  /// The parameter's first byte.
  const void *data() const { return base + begin; }
  /// The pages on which bytes first..last-1 of the parameter lie.
  Span pagesOf(uint64_t first, uint64_t last) const;

  /// Holds pages; those that no one held are read, to memory of `free` first. The bytes that were read; on an error nothing is
  /// held.
  Expected<uint64_t> hold(Span span, ExpertReader &reader, FreePages &free);
  /// Lets go; the memory of pages that no one else holds is free.
  void release(Span span, FreePages &free);

private:
  ExpertPages() = default;
  void swap(ExpertPages &other) noexcept;

  uint8_t *base = nullptr;
  uint64_t length = 0;     ///< of the addresses
  uint64_t begin = 0;      ///< of the parameter on the first page
  uint64_t fileOffset = 0; ///< of the first page
  std::vector<uint16_t> holders;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXPERTS_EXPERTPAGES_H
