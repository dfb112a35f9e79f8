#include "Executor/ThreadPool.h"

#include "Executor/FloatEnvironment.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sched.h>
#include <system_error>

using namespace coopt;
using namespace coopt::runtime;

static constexpr uint64_t kOpen = uint64_t(1) << 31;
static constexpr uint64_t kGeneration = uint64_t(1) << 32;
static constexpr uint64_t kInside = kOpen - 1;

static inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

int runtime::availableThreads() {
  cpu_set_t set;
  int allowed = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen("/sys/fs/cgroup/cpu.max", "r"),
                                              [](FILE *f) { return std::fclose(f); });
  long long quota = 0, period = 0;
  if (file && std::fscanf(file.get(), "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0) {
    allowed = static_cast<int>(std::min<long long>(allowed, std::max<long long>(1, quota / period)));
  }
  return std::max(1, allowed);
}

ThreadPool::ThreadPool(int threads)
    : count(std::max(1, threads)), runs(static_cast<size_t>(std::max(1, threads))) {}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping.store(true);
  }
  wake.notify_all();
  for (std::thread &worker : workers) {
    worker.join();
  }
}

void ThreadPool::start() {
  try {
    for (int worker = 1; worker < count; ++worker) {
      workers.emplace_back([this, worker] { workerMain(worker); });
    }
  } catch (const std::system_error &) {
    // The system has no more threads to give: fewer do the same work.
  }
}

bool ThreadPool::take(Run &run, uint32_t most, bool fromFront, uint32_t &first, uint32_t &last) {
  uint64_t bounds = run.bounds.load();
  while (true) {
    uint32_t begin = static_cast<uint32_t>(bounds >> 32), end = static_cast<uint32_t>(bounds);
    if (begin >= end) {
      return false;
    }
    uint32_t number = std::min(most, end - begin);
    first = fromFront ? begin : end - number;
    last = first + number;
    uint64_t rest = fromFront ? uint64_t(last) << 32 | end : uint64_t(begin) << 32 | first;
    if (run.bounds.compare_exchange_weak(bounds, rest)) {
      return true;
    }
  }
}

void ThreadPool::takeItems(int worker) {
  uint32_t first = 0, last = 0;
  for (int distance = 0; distance < count; ++distance) {
    Run &run = runs[static_cast<size_t>((worker + distance) % count)];
    while (take(run, chunk, distance == 0, first, last)) {
      work(context, worker, first, last);
    }
  }
}

void ThreadPool::workerMain(int worker) {
  FloatEnvironment environment;
  uint64_t seen = 0; // the generation that this worker took part in last
  auto isNew = [&](uint64_t value) { return (value & kOpen) != 0 && value / kGeneration != seen; };
  while (true) {
    uint64_t now = state.load();
    // Dispatches follow each other within microseconds: looking for a while is cheaper than sleeping.
    for (int spins = 0; spins < 2000 && !isNew(now) && !stopping.load(std::memory_order_relaxed); ++spins) {
      pause();
      now = state.load();
    }
    if (!isNew(now)) {
      std::unique_lock<std::mutex> lock(mutex);
      sleepers.fetch_add(1);
      wake.wait(lock, [&] {
        now = state.load();
        return stopping.load() || isNew(now);
      });
      sleepers.fetch_sub(1);
      if (stopping.load()) {
        return;
      }
    }
    if (!state.compare_exchange_strong(now, now + 1)) {
      continue;
    }
    seen = now / kGeneration;
    takeItems(worker);
    state.fetch_sub(1);
  }
}

void ThreadPool::run(uint32_t itemCount, Work function, void *argument) {
  if (itemCount == 0) {
    return;
  }
  if (count == 1 || itemCount == 1) {
    function(argument, 0, 0, itemCount);
    return;
  }
  if (workers.empty()) {
    start();
  }
  work = function;
  context = argument;
  // A few chunks a thread: enough to even out, few enough that the counter does not matter.
  chunk = std::max<uint32_t>(1, itemCount / (static_cast<uint32_t>(count) * 4));
  for (uint64_t i = 0, threads = static_cast<uint64_t>(count); i < threads; ++i) {
    runs[i].bounds.store((itemCount * i / threads) << 32 | itemCount * (i + 1) / threads);
  }
  uint64_t generation = (state.load() / kGeneration + 1) * kGeneration;
  state.store(generation | kOpen);
  if (sleepers.load() > 0) {
    // The lock orders this after the sleeper's look at `state`.
    {
      std::lock_guard<std::mutex> lock(mutex);
    }
    wake.notify_all();
  }
  takeItems(0);
  state.fetch_and(~kOpen);
  for (int spins = 0; (state.load() & kInside) != 0; ++spins) {
    if (spins < 4000) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}
