//===- FreePages.h - Memory that was given up, for who needs some ---------------===//
#ifndef COOPT_RUNTIME_EXPERTS_FREEPAGES_H
#define COOPT_RUNTIME_EXPERTS_FREEPAGES_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::runtime {

/// Pages of private anonymous memory that no one needs any more, still at the addresses where they were used last. Moving them to
/// other addresses (mremap) took 6 microseconds a megabyte where this was measured; direct reads to memory that is there took two
/// thirds of the time of reads to pages that the system must first clear, and a fifth of the processor's.
class FreePages {
public:
  static constexpr uint64_t kPage = 4096;

  /// Takes over `pages` pages from `address` on, which is a multiple of kPage.
  void add(uint8_t *address, uint64_t pages);
  /// Gives the addresses from `address` on memory as far as there is some; the rest gets it from the system when it is written to.
  void place(uint8_t *address, uint64_t pages);

private:
  struct Run {
    uint8_t *address = nullptr;
    uint64_t pages = 0;
    uint8_t *end() const { return address + pages * kPage; }
  };
  /// The parts of a run without memory of its own.
  std::vector<Run> missing(Run wanted);
  void move(Run wanted);

  std::vector<Run> runs;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXPERTS_FREEPAGES_H
