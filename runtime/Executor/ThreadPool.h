//===- ThreadPool.h - Work items for a fixed set of threads -----------------===//
#ifndef COOPT_RUNTIME_EXECUTOR_THREADPOOL_H
#define COOPT_RUNTIME_EXECUTOR_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace coopt::runtime {

/// How many threads this process may use: its affinity mask and, where one is set, its control group's quota.
int availableThreads();
/// Of one session.
constexpr int kMaxThreads = 1024;

/// Runs ranges of work items on `threads` threads, one of them the caller's. Each thread has a run of
/// consecutive items, which it takes a few at a time from the front: neighbouring items read neighbouring
/// memory, and what one of them fetched ahead serves the next. Who has none left takes from the back of
/// another's, so threads of different speed finish together. Which thread runs which items is not
/// determined; what a kernel computes for an item may not depend on it. One run() at a time.
class ThreadPool {
public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int threads() const { return count; }

  /// Computes items first..last-1; `worker` is in 0..threads-1 and is used by one thread at a time.
  using Work = void (*)(void *context, int worker, uint32_t first, uint32_t last);
  void run(uint32_t items, Work work, void *context);

private:
  void workerMain(int worker);
  void takeItems(int worker);
  void start();

  /// Items that no one has taken yet: the first in the upper, the end in the lower 32 bits.
  struct alignas(64) Run {
    std::atomic<uint64_t> bounds{0};
  };
  /// Takes up to `most` items from the front or the back of a run; false if there are none.
  static bool take(Run &run, uint32_t most, bool fromFront, uint32_t &first, uint32_t &last);

  const int count;
  std::vector<std::thread> workers; ///< made at the first run() that needs them

  // The current job; written while no worker is inside.
  Work work = nullptr;
  void *context = nullptr;
  uint32_t chunk = 1;
  std::vector<Run> runs; ///< one a thread

  /// Generation of the job (upper 32 bits), whether it may be joined (bit 31), how many workers are inside
  /// (lower bits). A worker that wakes too late finds the job closed: the caller waits only for those that
  /// joined.
  alignas(64) std::atomic<uint64_t> state{0};
  alignas(64) std::atomic<int> sleepers{0};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable wake;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXECUTOR_THREADPOOL_H
