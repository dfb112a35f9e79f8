#include "Experts/ExpertPages.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

using namespace coopt;
using namespace coopt::runtime;

static constexpr uint64_t kPage = ExpertReader::kPage;

Expected<ExpertPages> ExpertPages::reserve(uint64_t fileOffset, uint64_t bytes) {
  ExpertPages pages;
  pages.begin = fileOffset % kPage;
  pages.fileOffset = fileOffset - pages.begin;
  pages.length = std::max<uint64_t>((pages.begin + bytes + kPage - 1) / kPage, 1) * kPage;
  void *address = ::mmap(nullptr, pages.length, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    pages.length = 0;
    return fail("no addresses for " + std::to_string(bytes) + " bytes: " + std::strerror(errno));
  }
  pages.base = static_cast<uint8_t *>(address);
  pages.holders.assign(static_cast<size_t>(pages.length / kPage), 0);
  return pages;
}

ExpertPages::~ExpertPages() {
  if (base) {
    ::munmap(base, length);
  }
}

void ExpertPages::swap(ExpertPages &other) noexcept {
  std::swap(base, other.base);
  std::swap(length, other.length);
  std::swap(begin, other.begin);
  std::swap(fileOffset, other.fileOffset);
  std::swap(holders, other.holders);
}

ExpertPages::Span ExpertPages::pagesOf(uint64_t first, uint64_t last) const {
  return {(begin + first) / kPage, (begin + last + kPage - 1) / kPage};
}

/// Calls `action` with each run of pages of `span` for which `holds` is true.
template <typename Holds, typename Action>
static Status forRuns(ExpertPages::Span span, Holds holds, Action action) {
  for (uint64_t page = span.first; page < span.last;) {
    uint64_t end = page;
    while (end < span.last && holds(end)) {
      ++end;
    }
    if (end > page) {
      if (Status status = action(page, end); !status) {
        return status;
      }
    }
    page = end + 1;
  }
  return {};
}

Expected<uint64_t> ExpertPages::hold(Span span, ExpertReader &reader, FreePages &free) {
  uint64_t bytes = 0;
  Status status = forRuns(
      span, [&](uint64_t page) { return holders[page] == 0; },
      [&](uint64_t first, uint64_t last) {
        bytes += (last - first) * kPage;
        if (!reader.bringsMemory()) {
          free.place(base + first * kPage, last - first);
        }
        return reader.read(fileOffset + first * kPage, base + first * kPage,
                           static_cast<size_t>((last - first) * kPage));
      });
  for (uint64_t page = span.first; page < span.last; ++page) {
    ++holders[page];
  }
  if (!status) {
    release(span, free);
    return forward(status.error());
  }
  return bytes;
}

void ExpertPages::release(Span span, FreePages &free) {
  for (uint64_t page = span.first; page < span.last; ++page) {
    --holders[page];
  }
  (void)forRuns(
      span, [&](uint64_t page) { return holders[page] == 0; },
      [&](uint64_t first, uint64_t last) -> Status {
        free.add(base + first * kPage, last - first);
        return {};
      });
}
