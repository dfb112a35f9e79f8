//===- Parallel.h - Independent pieces of work on several threads -----------===//
#ifndef COOPT_CALIBRATION_PARALLEL_H
#define COOPT_CALIBRATION_PARALLEL_H

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace coopt::calibration {

/// Calls work(i) for i in [0, count), in any order, on at most `threads` threads. The calls must not throw and must not
/// depend on each other.
template <class Work>
void parallelFor(int64_t count, unsigned threads, Work &&work) {
  std::atomic<int64_t> next{0};
  auto run = [&] {
    for (int64_t i = next++; i < count; i = next++) {
      work(i);
    }
  };
  std::vector<std::thread> workers;
  int64_t wanted = std::min<int64_t>(count, threads);
  for (int64_t i = 1; i < wanted; ++i) {
    try {
      workers.emplace_back(run);
    } catch (const std::system_error &) {
      break; // no more threads to be had: those that there are do the work
    }
  }
  run();
  for (std::thread &worker : workers) {
    worker.join();
  }
}

} // namespace coopt::calibration

#endif // COOPT_CALIBRATION_PARALLEL_H
