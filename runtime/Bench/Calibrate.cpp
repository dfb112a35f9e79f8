#include "Bench/Calibrate.h"

#include "Bench/Limits.h"
#include "Bench/Report.h"
#include "Bench/Samples.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

using namespace coopt;
using namespace coopt::bench;

namespace {

constexpr int kRounds = 9;
constexpr uint64_t kLeastMemory = uint64_t(256) << 20;

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};

/// Memory whose pages are all there and not all the same.
class Buffer {
public:
  static Expected<Buffer> create(uint64_t bytes) {
    Buffer buffer;
    buffer.size = std::max<uint64_t>(bytes / 4096 * 4096, 4096);
    buffer.memory.reset(std::aligned_alloc(4096, buffer.size));
    if (!buffer.memory) {
      return fail("no memory for a buffer of " + std::to_string(buffer.size) + " bytes");
    }
    auto *words = static_cast<uint64_t *>(buffer.memory.get());
    for (uint64_t i = 0; i < buffer.size / 8; ++i) {
      words[i] = i * 0x9e3779b97f4a7c15u;
    }
    return buffer;
  }
  Region region() const { return {memory.get(), size}; }

private:
  std::unique_ptr<void, Free> memory;
  uint64_t size = 0;
};

/// One buffer a thread, each read by its thread again and again.
struct CacheJob {
  std::vector<Buffer> buffers;
  std::vector<uint64_t> sums;
  ReadLoop loop = nullptr;
  uint64_t passes = 1;

  static void work(void *context, int, uint32_t first, uint32_t last) {
    auto &job = *static_cast<CacheJob *>(context);
    for (uint32_t i = first; i < last; ++i) {
      const Region region = job.buffers[i].region();
      uint64_t sum = 0;
      for (uint64_t pass = 0; pass < job.passes; ++pass) {
        sum ^= job.loop(static_cast<const uint64_t *>(region.data), region.bytes / 8);
      }
      job.sums[i] = sum;
    }
  }
};

void nothing(void *, int, uint32_t, uint32_t) {}

double secondsOf(runtime::ThreadPool &pool, uint32_t items, runtime::ThreadPool::Work work, void *context) {
  const int64_t start = nanoseconds();
  pool.run(items, work, context);
  return std::max(1e-9, static_cast<double>(nanoseconds() - start) * 1e-9);
}

/// Bytes a second and core from one level.
class CacheLevel {
public:
  static Expected<CacheLevel> create(const machine::Cache &cache, int threads) {
    constexpr uint64_t kBytesOfAPass = uint64_t(1) << 24; // about a millisecond
    CacheLevel level;
    const auto share = static_cast<uint64_t>(cache.bytes / cache.sharedByCores);
    for (int i = 0; i < threads; ++i) {
      auto buffer = Buffer::create(share / 2);
      if (!buffer) {
        return forward(buffer.error());
      }
      level.job.buffers.push_back(std::move(*buffer));
    }
    level.job.sums.resize(static_cast<size_t>(threads));
    const uint64_t bytes = level.job.buffers[0].region().bytes;
    // An odd number of passes: their exclusive or is that of one.
    level.job.passes = std::max<uint64_t>(kBytesOfAPass / bytes, 1) | 1;
    for (const Buffer &buffer : level.job.buffers) {
      const Region region = buffer.region();
      const auto *words = static_cast<const volatile uint64_t *>(region.data);
      uint64_t sum = 0;
      for (uint64_t i = 0; i < region.bytes / 8; ++i) {
        sum ^= words[i];
      }
      level.expected.push_back(sum);
    }
    return level;
  }

  /// The quickest of the read loops.
  Expected<double> bandwidth(runtime::ThreadPool &pool) {
    double best = 0;
    for (const NamedReadLoop &named : readLoops()) {
      job.loop = named.loop;
      const double seconds = secondsOf(pool, static_cast<uint32_t>(job.buffers.size()), CacheJob::work, &job);
      if (job.sums != expected) {
        return fail(std::string("read loop '") + named.name + "': the checksum of what was read is wrong");
      }
      best = std::max(best, static_cast<double>(job.passes * job.buffers[0].region().bytes) / seconds);
    }
    return best;
  }

private:
  CacheJob job;
  std::vector<uint64_t> expected;
};

Expected<double> median(const std::vector<double> &samples) {
  auto summary = summarize(samples);
  return summary ? Expected<double>(summary->median) : forward(summary.error());
}

/// Operations per second of all threads, by loop.
using Peaks = std::vector<std::pair<std::string, double>>;

std::optional<double> peakOf(const Peaks &peaks, std::initializer_list<const char *> names) {
  for (const char *name : names) {
    for (const auto &[known, rate] : peaks) {
      if (known == name) {
        return rate;
      }
    }
  }
  return std::nullopt;
}

void setRates(machine::CpuMachine &cpu, const Peaks &peaks) {
  using machine::InstructionSet;
  const double each = 1e-9 / static_cast<double>(cpu.cores);
  double clock = 1; // measured over nominal, of what has no loop
  for (auto variant = cpu.variants.rbegin(); variant != cpu.variants.rend(); ++variant) {
    const bool is512 = variant->set >= InstructionSet::Avx512;
    const auto floats = is512                                  ? peakOf(peaks, {"avx512_fma"})
                        : variant->set == InstructionSet::Avx2 ? peakOf(peaks, {"avx2_fma"})
                                                               : std::nullopt;
    const auto integers = variant->set == InstructionSet::Amx ? peakOf(peaks, {"amx_int8"})
                          : is512                             ? peakOf(peaks, {"avx512_vnni"})
                                                              : std::nullopt;
    if (floats) {
      clock = *floats * each / variant->f32GflopsPerCore;
    }
    variant->f32GflopsPerCore = floats ? *floats * each : variant->f32GflopsPerCore * clock;
    variant->i8GopsPerCore = integers ? *integers * each : variant->i8GopsPerCore * clock;
  }
}

} // namespace

Expected<machine::Machine> bench::calibrate(int threads, const std::string &name,
                                            const std::function<void(const std::string &)> &progress) {
  machine::Machine machine = machine::hostMachine();
  machine::CpuMachine &cpu = *machine.cpu();
  if (threads == 0) {
    threads = runtime::availableThreads();
  }
  cpu.cores = threads;
  for (machine::Cache &cache : cpu.caches) {
    cache.sharedByCores = std::min<int64_t>(cache.sharedByCores, threads);
  }
  runtime::ThreadPool pool(threads);
  progress("memory");
  const auto last = static_cast<uint64_t>(cpu.caches.back().bytes);
  auto memory =
      Buffer::create(std::min(std::max(4 * last, kLeastMemory),
                              std::max(static_cast<uint64_t>(cpu.memory.bytes) / 4, uint64_t(1) << 24)));
  if (!memory) {
    return forward(memory.error());
  }
  auto limits = Limits::create(threads, {memory->region()});
  if (!limits) {
    return forward(limits.error());
  }
  std::vector<CacheLevel> levels;
  for (const machine::Cache &cache : cpu.caches) {
    auto level = CacheLevel::create(cache, threads);
    if (!level) {
      return forward(level.error());
    }
    levels.push_back(std::move(*level));
  }

  const size_t peaks = limits->peaks().size();
  std::vector<std::vector<double>> cacheSamples(levels.size()), peakSamples(peaks);
  std::vector<double> memorySamples, dispatchSamples, itemSamples;
  for (int round = 0; round < kRounds; ++round) {
    progress("round " + std::to_string(round + 1) + " of " + std::to_string(kRounds));
    auto take = [](std::vector<double> &samples, Expected<double> value) -> Status {
      if (!value) {
        return forward(value.error());
      }
      samples.push_back(*value);
      return {};
    };
    Status status = take(memorySamples, limits->readBandwidth());
    for (size_t i = 0; i < levels.size() && status; ++i) {
      status = take(cacheSamples[i], levels[i].bandwidth(pool));
    }
    for (size_t i = 0; i < peaks && status; ++i) {
      status = take(peakSamples[i], limits->peak(i));
    }
    if (!status) {
      return forward(status.error());
    }
    constexpr int kRuns = 200;
    constexpr uint32_t kItems = 1 << 16;
    double few = 0;
    for (int i = 0; i < kRuns; ++i) {
      few += secondsOf(pool, static_cast<uint32_t>(threads), nothing, nullptr) / kRuns;
    }
    const double many = secondsOf(pool, kItems, nothing, nullptr);
    dispatchSamples.push_back(few);
    itemSamples.push_back(std::max(many - few, 0.0) * threads / kItems);
  }

  auto bandwidth = median(memorySamples), dispatch = median(dispatchSamples), item = median(itemSamples);
  if (!bandwidth || !dispatch || !item) {
    return fail("a measurement took no time");
  }
  cpu.memory.gbytesPerSecond = *bandwidth * 1e-9;
  cpu.dispatchNanoseconds = *dispatch * 1e9;
  cpu.workItemNanoseconds = *item * 1e9;
  for (size_t i = 0; i < levels.size(); ++i) {
    auto each = median(cacheSamples[i]);
    if (!each) {
      return forward(each.error());
    }
    cpu.caches[i].gbytesPerSecondPerCore = *each * 1e-9;
  }
  Peaks rates;
  for (size_t i = 0; i < peaks; ++i) {
    auto rate = median(peakSamples[i]);
    if (!rate) {
      return forward(rate.error());
    }
    rates.emplace_back(limits->peaks()[i].name, *rate);
  }
  setRates(cpu, rates);
  const MachineInfo info = machineInfo();
  machine.name = name;
  machine.source = "measured with coopt-bench --calibrate on " + info.processor + ", " +
                   std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") + info.date;
  if (Status valid = machine::validate(machine); !valid) {
    return forward(valid.error(), "what was measured");
  }
  return machine;
}

std::string bench::calibrationTable(const machine::Machine &machine) {
  const machine::CpuMachine &cpu = *machine.cpu();
  auto number = [](double value) { return formatNumber("%.4g", value); };
  std::vector<std::vector<std::string>> rows = {{machine.name, "", "unit"}};
  rows.push_back({"cores", std::to_string(cpu.cores), ""});
  for (size_t i = 0; i < cpu.caches.size(); ++i) {
    rows.push_back({"L" + std::to_string(i + 1) + ", " + std::to_string(cpu.caches[i].bytes >> 10) + " KiB",
                    number(cpu.caches[i].gbytesPerSecondPerCore), "GB/s a core"});
  }
  rows.push_back({"memory", number(cpu.memory.gbytesPerSecond), "GB/s"});
  for (const machine::SimdVariant &variant : cpu.variants) {
    rows.push_back({std::string(machine::name(variant.set)) + ", f32", number(variant.f32GflopsPerCore),
                    "GFLOPS a core"});
    rows.push_back(
        {std::string(machine::name(variant.set)) + ", int8", number(variant.i8GopsPerCore), "GOPS a core"});
  }
  rows.push_back({"a dispatch", number(cpu.dispatchNanoseconds), "ns"});
  rows.push_back({"a work item", number(cpu.workItemNanoseconds), "ns"});
  return alignColumns(rows, 1);
}
