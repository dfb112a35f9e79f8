#include "Bench/Limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>

using namespace coopt;
using namespace coopt::bench;

// Small enough to spread over the threads, large enough that handing one out does not show.
static constexpr uint64_t kPiece = 1 << 20;
static constexpr double kShortest = 2e-3;

int64_t bench::nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Cuts regions into pieces of whole words: what is left over, seven bytes at most, is not read.
static std::vector<Region> cut(const std::vector<Region> &regions, int threads) {
  uint64_t total = 0;
  for (const Region &region : regions) {
    total += region.bytes;
  }
  uint64_t share = total / (static_cast<uint64_t>(threads) * 4) / 64 * 64;
  uint64_t size = std::min(kPiece, std::max<uint64_t>(4096, share));
  std::vector<Region> pieces;
  for (const Region &region : regions) {
    for (uint64_t at = 0; at + 8 <= region.bytes; at += size) {
      uint64_t length = std::min(size, region.bytes - at) / 8 * 8;
      pieces.push_back({static_cast<const uint8_t *>(region.data) + at, length});
    }
  }
  return pieces;
}

Expected<Limits> Limits::create(int threads, const std::vector<Region> &regions) {
  Limits limits;
  limits.pool = std::make_unique<runtime::ThreadPool>(threads);
  limits.pieces = cut(regions, limits.pool->threads());
  for (const Region &piece : limits.pieces) {
    limits.bytes += piece.bytes;
    auto *words = static_cast<const volatile uint64_t *>(piece.data);
    for (uint64_t i = 0; i < piece.bytes / 8; ++i) {
      limits.checksum ^= words[i];
    }
  }
  if (limits.bytes == 0 || limits.pieces.size() > UINT32_MAX) {
    return fail("the package has no parameters that a bandwidth could be measured on");
  }
  for (const NamedReadLoop &named : readLoops()) {
    Loop loop{named.name, named.loop, 0};
    for (int i = 0; i < 2; ++i) {
      auto bandwidth = limits.read(loop);
      if (!bandwidth) {
        return forward(bandwidth.error());
      }
      loop.best = std::max(loop.best, *bandwidth);
    }
    limits.reading.push_back(loop);
  }
  std::sort(limits.reading.begin(), limits.reading.end(),
            [](const Loop &a, const Loop &b) { return a.best > b.best; });
  limits.reading.resize(std::min<size_t>(2, limits.reading.size()));
  limits.computing = peakLoops();
  return limits;
}

namespace {
struct ReadJob {
  const std::vector<Region> *pieces;
  ReadLoop loop;
  std::atomic<uint64_t> sum{0};
};
struct PeakJob {
  const PeakLoop *loop;
  std::atomic<bool> good{true};
};
} // namespace

static void readWork(void *context, int, uint32_t first, uint32_t last) {
  auto &job = *static_cast<ReadJob *>(context);
  uint64_t sum = 0;
  for (uint32_t i = first; i < last; ++i) {
    const Region &piece = (*job.pieces)[i];
    sum ^= job.loop(static_cast<const uint64_t *>(piece.data), piece.bytes / 8);
  }
  job.sum.fetch_xor(sum);
}

static void peakWork(void *context, int, uint32_t first, uint32_t last) {
  auto &job = *static_cast<PeakJob *>(context);
  for (uint32_t i = first; i < last; ++i) {
    if (!job.loop->run(job.loop->iterations)) {
      job.good.store(false);
    }
  }
}

Expected<double> Limits::read(const Loop &loop) {
  double best = 0, spent = 0;
  // The quickest pass is the limit: a pass that was interrupted says nothing about the memory.
  for (int pass = 0; pass == 0 || (spent < kShortest && pass < 1000); ++pass) {
    ReadJob job;
    job.pieces = &pieces;
    job.loop = loop.loop;
    int64_t start = nanoseconds();
    pool->run(static_cast<uint32_t>(pieces.size()), readWork, &job);
    double seconds = std::max(1e-9, static_cast<double>(nanoseconds() - start) * 1e-9);
    if (job.sum.load() != checksum) {
      return fail("read loop '" + loop.name + "': the checksum of what was read is wrong");
    }
    spent += seconds;
    best = std::max(best, static_cast<double>(bytes) / seconds);
  }
  return best;
}

Expected<double> Limits::readBandwidth() {
  double best = 0;
  for (Loop &loop : reading) {
    auto bandwidth = read(loop);
    if (!bandwidth) {
      return bandwidth;
    }
    loop.best = std::max(loop.best, *bandwidth);
    best = std::max(best, *bandwidth);
  }
  if (reading.size() == 2 && reading[1].best > reading[0].best) {
    std::swap(reading[0], reading[1]);
  }
  return best;
}

Expected<double> Limits::peak(size_t index) {
  const PeakLoop &loop = computing[index];
  auto items = static_cast<uint32_t>(pool->threads()) * 2;
  double best = 0;
  for (int pass = 0; pass < 3; ++pass) {
    PeakJob job;
    job.loop = &loop;
    int64_t start = nanoseconds();
    pool->run(items, peakWork, &job);
    double seconds = std::max(1e-9, static_cast<double>(nanoseconds() - start) * 1e-9);
    if (!job.good.load()) {
      return fail(std::string("loop '") + loop.name + "': the sums are wrong");
    }
    best = std::max(best, static_cast<double>(loop.operations * loop.iterations) * items / seconds);
  }
  return best;
}
