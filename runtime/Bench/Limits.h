//===- Limits.h - What the machine could do at most, measured ----------------===//
#ifndef COOPT_RUNTIME_BENCH_LIMITS_H
#define COOPT_RUNTIME_BENCH_LIMITS_H

#include "Bench/PeakLoops.h"
#include "Bench/ReadLoops.h"
#include "Executor/ThreadPool.h"
#include "coopt/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace coopt::bench {

int64_t nanoseconds(); ///< of the steady clock

struct Region {
  const void *data = nullptr;
  uint64_t bytes = 0;
};

/// Bandwidth of reading the same memory that the program reads, and peaks of the instruction families, on a given number
/// of threads. Every loop's result is compared with what it must be.
class Limits {
public:
  /// Tries every read loop once; the two quickest are those that readBandwidth() takes the better one of. Errors: nothing
  /// to read; a loop whose result is wrong.
  static Expected<Limits> create(int threads, const std::vector<Region> &regions);

  /// Bytes per second: all regions once or, where they are small, as often as two milliseconds need.
  Expected<double> readBandwidth();
  /// The quickest loop so far: "avx512 x2".
  const std::string &readLoop() const { return reading[0].name; }
  uint64_t readBytes() const { return bytes; }

  const std::vector<PeakLoop> &peaks() const { return computing; }
  /// Operations per second of peaks()[index] on all threads.
  Expected<double> peak(size_t index);

private:
  struct Loop {
    std::string name;
    ReadLoop loop;
    double best = 0;
  };
  Expected<double> read(const Loop &loop);

  std::unique_ptr<runtime::ThreadPool> pool;
  std::vector<Region> pieces;
  uint64_t bytes = 0, checksum = 0;
  std::vector<Loop> reading;
  std::vector<PeakLoop> computing;
};

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_LIMITS_H
