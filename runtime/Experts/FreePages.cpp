#include "Experts/FreePages.h"

#include <algorithm>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 // Linux 5.7
#endif

using namespace coopt::runtime;

void FreePages::add(uint8_t *address, uint64_t pages) { runs.push_back({address, pages}); }

std::vector<FreePages::Run> FreePages::missing(Run wanted) {
  // What was used there last may be there still.
  std::vector<Run> own, others;
  for (const Run &run : runs) {
    uint8_t *first = std::max(run.address, wanted.address), *last = std::min(run.end(), wanted.end());
    if (first >= last) {
      others.push_back(run);
      continue;
    }
    own.push_back({first, static_cast<uint64_t>(last - first) / kPage});
    if (run.address < first) {
      others.push_back({run.address, static_cast<uint64_t>(first - run.address) / kPage});
    }
    if (last < run.end()) {
      others.push_back({last, static_cast<uint64_t>(run.end() - last) / kPage});
    }
  }
  if (own.empty()) {
    return {wanted};
  }
  runs = std::move(others);
  std::sort(own.begin(), own.end(), [](const Run &a, const Run &b) { return a.address < b.address; });
  std::vector<Run> rest;
  uint8_t *at = wanted.address;
  for (const Run &run : own) {
    if (at < run.address) {
      rest.push_back({at, static_cast<uint64_t>(run.address - at) / kPage});
    }
    at = run.end();
  }
  if (at < wanted.end()) {
    rest.push_back({at, static_cast<uint64_t>(wanted.end() - at) / kPage});
  }
  return rest;
}

void FreePages::move(Run wanted) {
  while (wanted.pages > 0 && !runs.empty()) {
    // Whole runs where there is one of the size: pieces would be more and more mappings.
    auto run = std::find_if(runs.begin(), runs.end(), [&](const Run &r) { return r.pages == wanted.pages; });
    if (run == runs.end()) {
      run = std::max_element(runs.begin(), runs.end(),
                             [](const Run &a, const Run &b) { return a.pages < b.pages; });
    }
    uint64_t pages = std::min(run->pages, wanted.pages);
    void *moved = ::mremap(run->address, pages * kPage, pages * kPage,
                           MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, wanted.address);
    if (moved == MAP_FAILED) {
      // Too many mappings, or a system that can't: this memory goes back, and other comes with the first write.
      ::madvise(run->address, pages * kPage, MADV_DONTNEED);
    }
    wanted.address += pages * kPage;
    wanted.pages -= pages;
    run->address += pages * kPage;
    run->pages -= pages;
    if (run->pages == 0) {
      runs.erase(run);
    }
  }
}

void FreePages::place(uint8_t *address, uint64_t pages) {
  for (const Run &run : missing({address, pages})) {
    move(run);
  }
}
