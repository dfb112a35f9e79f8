#include "Commands.h"

#include "Executor/ThreadPool.h"
#include "coopt/Import/CalibrationFile.h"

#include <chrono>
#include <cstdio>

using namespace coopt;
using namespace coopt::run;

static int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Stopwatch::Stopwatch() : start(nanoseconds()) {}
double Stopwatch::seconds() const { return static_cast<double>(nanoseconds() - start) * 1e-9; }

Expected<std::unique_ptr<Measurement>> Measurement::create(const Options &options, const Package &package) {
  std::unique_ptr<Measurement> measurement(new Measurement(options));
  measurement->package = package;
  if (options.stats) {
    measurement->statistics = std::make_unique<runtime::Statistics>();
    if (const auto &model = package->manifest().model) {
      measurement->sparsity = model->sparsity;
    }
  }
  if (!options.trace.empty()) {
    auto trace = runtime::Trace::create(options.trace, package->code().simulated());
    if (!trace) {
      return forward(trace.error());
    }
    measurement->trace = std::move(*trace);
  }
  if (!options.record.empty()) {
    auto recorder = runtime::Recorder::create(package, options.record);
    if (!recorder) {
      return forward(recorder.error());
    }
    measurement->recorder = std::move(*recorder);
  }
  if (!options.collectStatistics.empty()) {
    int threads = options.threads == 0 ? runtime::availableThreads() : options.threads;
    auto statistics = runtime::InputStatistics::create(package->manifest(), options.collectHessian,
                                                       static_cast<unsigned>(threads));
    if (!statistics) {
      return forward(statistics.error(), options.package);
    }
    measurement->inputStatistics = std::move(*statistics);
  }
  return measurement;
}

std::vector<runtime::Observer *> Measurement::observers() const {
  std::vector<runtime::Observer *> list;
  for (runtime::Observer *observer : std::initializer_list<runtime::Observer *>{
           statistics.get(), trace.get(), recorder.get(), inputStatistics.get()}) {
    if (observer) {
      list.push_back(observer);
    }
  }
  return list;
}

void Measurement::phase(const std::string &name, int64_t tokens, double seconds) {
  for (Phase &phase : phases) {
    if (phase.name == name) {
      phase.tokens += tokens;
      phase.seconds += seconds;
      return;
    }
  }
  phases.push_back({name, tokens, seconds});
}

static void printExperts(const runtime::ExpertStatistics &counts) {
  auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; };
  auto percent = [&](uint64_t part) {
    return counts.requests > 0 ? 100 * static_cast<double>(part) / static_cast<double>(counts.requests) : 0.0;
  };
  std::fprintf(
      stderr,
      "experts  %.3f MB kept of %.3f MB; %.2f%% of %llu requests there (%.2f%% foreseen), %.2f%% guessed; "
      "%.3f MB read (%.3f MB while waited for), stalled %.4f s\n",
      megabytes(std::min(counts.limit, counts.total)), megabytes(counts.total), percent(counts.hits),
      static_cast<unsigned long long>(counts.requests), percent(counts.foreseen), percent(counts.guessed),
      megabytes(counts.bytesRead), megabytes(counts.bytesWaited), counts.stallSeconds);
}

static double percentOf(uint64_t part, uint64_t whole) {
  return whole > 0 ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

void Measurement::printTable() const {
  if (!sparsity.empty()) {
    std::fprintf(stderr, "sparsity %s\n", sparsity.c_str());
  }
  if (const runtime::ExpertStore *experts = package->experts()) {
    printExperts(experts->statistics());
  }
  for (const Phase &phase : phases) {
    std::fprintf(stderr, "%-8s %8lld tokens %10.4f s %12.1f tokens/s\n", phase.name.c_str(),
                 static_cast<long long>(phase.tokens), phase.seconds,
                 phase.seconds > 0 ? static_cast<double>(phase.tokens) / phase.seconds : 0.0);
  }
  const uint64_t cycles = statistics->simulated().cycles;
  const machine::NpuMachine *simulated = package->code().simulated();
  if (simulated) { // the host's time has nothing to do with it
    std::fputs(npu::print(*simulated, package->code().variant(), statistics->simulated()).c_str(), stderr);
  }
  auto rows = statistics->rows();
  double total = 0;
  size_t width = 5;
  for (const auto &row : rows) {
    total += row.seconds;
    width = std::max(width, row.opId.size());
  }
  std::fprintf(stderr, "%-*s %8s %12s %7s %9s", static_cast<int>(width), "op id", "calls", "seconds", "share",
               "GB/s");
  std::fprintf(stderr, simulated ? " %14s %7s\n" : "\n", "cycles", "share");
  for (const auto &row : rows) {
    std::fprintf(stderr, "%-*s %8llu %12.6f %6.2f%% %9.3f", static_cast<int>(width), row.opId.c_str(),
                 static_cast<unsigned long long>(row.calls), row.seconds,
                 total > 0 ? 100 * row.seconds / total : 0.0,
                 row.seconds > 0 ? row.bytes / row.seconds * 1e-9 : 0.0);
    std::fprintf(stderr, simulated ? " %14llu %6.2f%%\n" : "\n", static_cast<unsigned long long>(row.cycles),
                 percentOf(row.cycles, cycles));
  }
  std::fprintf(stderr, "%-*s %8s %12.6f", static_cast<int>(width), "all dispatches", "", total);
  std::fprintf(stderr, simulated ? " %7s %9s %14llu\n" : "\n", "", "",
               static_cast<unsigned long long>(cycles));
}

Status Measurement::finish() {
  if (statistics) {
    printTable();
  }
  if (trace) {
    if (auto status = trace->finish(); !status) {
      return status;
    }
  }
  if (inputStatistics) {
    std::vector<import::CalibrationEntry> entries;
    for (const auto &entry : inputStatistics->entries()) {
      if (entry.moments.rows() > 0) { // the run may have reached some entry points only
        entries.push_back({entry.opId, entry.sameInput, &entry.moments, entry.expertRows});
      }
    }
    if (auto status = import::writeCalibrationFile(options.collectStatistics, entries); !status) {
      return status;
    }
  }
  return recorder ? recorder->finish() : Status();
}

Expected<std::unique_ptr<runtime::Session>> run::openSession(const Options &options, const Package &package,
                                                             const Measurement &measurement) {
  auto session = runtime::Session::open(package, options.threads);
  if (!session) {
    return forward(session.error(), options.package);
  }
  (*session)->observe(measurement.observers());
  (*session)->seed(options.seed);
  return session;
}
