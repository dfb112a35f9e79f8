// Items are computed once each, whoever takes them, whatever the number of items and threads and their speed.
#include "Executor/ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <memory>

using namespace coopt::runtime;

namespace {

struct Job {
  std::vector<std::atomic<int>> times;
  int threads;
  int slowWorker = -1;
  std::atomic<bool> isBad{false};

  Job(uint32_t items, int threads) : times(items), threads(threads) {}
};

void count(void *context, int worker, uint32_t first, uint32_t last) {
  Job &job = *static_cast<Job *>(context);
  if (worker < 0 || worker >= job.threads || first >= last || last > job.times.size()) {
    job.isBad = true;
    return;
  }
  for (uint32_t i = first; i < last; ++i) {
    ++job.times[i];
  }
  if (worker == job.slowWorker) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void expectOnce(ThreadPool &pool, Job &job) {
  pool.run(static_cast<uint32_t>(job.times.size()), count, &job);
  EXPECT_FALSE(job.isBad);
  for (const std::atomic<int> &times : job.times) {
    ASSERT_EQ(times.load(), 1);
  }
}

TEST(ThreadPool, ComputesEachItemOnce) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    for (uint32_t items : {0u, 1u, 2u, 3u, 5u, 6u, 8u, 97u, 10007u}) {
      for (int repeat = 0; repeat < 20; ++repeat) {
        Job job(items, threads);
        expectOnce(pool, job);
      }
    }
  }
}

TEST(ThreadPool, OthersTakeWhatASlowThreadLeaves) {
  for (int slow : {0, 1, 2}) {
    ThreadPool pool(3);
    Job job(301, 3);
    job.slowWorker = slow;
    expectOnce(pool, job);
  }
}

} // namespace
