//===- ReadLoops.h - Loops that only read memory ----------------------------===//
#ifndef COOPT_RUNTIME_BENCH_READLOOPS_H
#define COOPT_RUNTIME_BENCH_READLOOPS_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::bench {

/// Reads `words` 64-bit words once and returns their exclusive or, which shows that each was read.
using ReadLoop = uint64_t (*)(const uint64_t *data, size_t words);

struct NamedReadLoop {
  const char *name; ///< "avx512 x2 prefetch": instruction set, streams, software prefetch
  ReadLoop loop;
};

/// Those that this processor can run. A loop of n streams reads n equal parts side by side.
std::vector<NamedReadLoop> readLoops();

/// In ReadLoopsAvx512.cpp; for readLoops() alone.
void addAvx512ReadLoops(std::vector<NamedReadLoop> &loops);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_READLOOPS_H
