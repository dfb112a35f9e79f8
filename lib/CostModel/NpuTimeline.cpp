#include "coopt/CostModel/NpuTimeline.h"

#include <algorithm>

using namespace coopt::cost;

NpuTimeline::Buffer NpuTimeline::buffer() {
  uses.emplace_back();
  return uses.size() - 1;
}

double NpuTimeline::startOf(size_t engine, double entry) const {
  const std::deque<Pushed> &queue = queues[engine];
  auto step = std::find_if(queue.rbegin(), queue.rend(), [&](const Pushed &of) { return of.first <= entry; });
  return step == queue.rend() ? 0 : step->start + step->cycles * (entry - step->first) / step->entries;
}

void NpuTimeline::run(const Step &step, std::initializer_list<Buffer> reads,
                      std::initializer_list<Buffer> writes) {
  const size_t engine = core.hasOneChannel && step.engine == Stores ? size_t(Loads) : step.engine;
  const double depth = static_cast<double>(core.queueDepth), first = state.pushed[engine];
  state.control = std::max(state.control + 1, startOf(engine, first - depth));
  double start = std::max(state.free[engine], state.control + core.issueCycles);
  auto wait = [&](size_t other, double done) {
    start = other == engine || done == 0 ? start : std::max(start, done + core.wakeCycles);
  };
  for (Buffer buffer : reads) {
    wait(uses[buffer].writer, uses[buffer].written);
  }
  for (Buffer buffer : writes) {
    wait(uses[buffer].writer, uses[buffer].written);
    for (size_t other = 0; other < kEngines; ++other) {
      wait(other, uses[buffer].read[other]);
    }
  }
  const double done = start + step.cycles + step.results;
  queues[engine].push_back({first, step.entries, start, step.cycles});
  while (queues[engine].front().first + queues[engine].front().entries + depth < first) {
    queues[engine].pop_front();
  }
  state.pushed[engine] += step.entries;
  state.control =
      std::max(state.control + step.control - 1, startOf(engine, first + step.entries - 1 - depth));
  state.controlBusy += step.control;
  state.free[engine] = start + step.cycles;
  state.busy[engine] += step.cycles;
  state.done[engine] = std::max(state.done[engine], done);
  for (Buffer buffer : reads) {
    uses[buffer].read[engine] = done;
  }
  for (Buffer buffer : writes) {
    uses[buffer].written = done;
    uses[buffer].writer = engine;
  }
}

void NpuTimeline::wait() {
  for (double &free : state.free) {
    free = std::max(free, last() + core.wakeCycles);
  }
}

/// What engines have done since `before` they do so much later, as rounds that are like the last ones were before. What others do beside that stays.
void NpuTimeline::skip(double cycles, double times, const State &before) {
  std::array<bool, kEngines> works = {};
  for (size_t engine = 0; engine < kEngines; ++engine) {
    works[engine] = state.pushed[engine] != before.pushed[engine];
  }
  auto later = [&](double &time, size_t engine) {
    time += works[engine] && time >= before.free[engine] ? cycles * times : 0;
  };
  for (Use &use : uses) {
    if (use.writer < kEngines) {
      later(use.written, use.writer);
    }
    for (size_t engine = 0; engine < kEngines; ++engine) {
      later(use.read[engine], engine);
    }
  }
  for (size_t engine = 0; engine < kEngines; ++engine) {
    state.busy[engine] += times * (state.busy[engine] - before.busy[engine]);
    for (Pushed &step : queues[engine]) {
      later(step.start, engine);
    }
    later(state.done[engine], engine);
    later(state.free[engine], engine);
  }
  for (size_t i = 0; i < kSums; ++i) {
    state.sums[i] += times * (state.sums[i] - before.sums[i]);
  }
  state.controlBusy += times * (state.controlBusy - before.controlBusy);
  state.control += cycles * times;
}

void NpuTimeline::loop(int64_t rounds, const std::vector<Buffer> &own,
                       const std::function<void(int64_t)> &body) {
  constexpr int64_t kFirst = 2, kLike = 2; // of each: rounds may alternate between two buffers
  constexpr double kControl = 2;           // an entry at either end
  State before;
  int64_t skipped = 0;
  for (int64_t round = 0; round + skipped < rounds; ++round) {
    if (round == kFirst) {
      before = state;
    }
    if (round == kFirst + kLike) {
      const int64_t times = (rounds - round) / kLike;
      // What goes on beside the loop, as loads for later, says nothing of its rounds.
      double cycles = 0;
      for (size_t engine = 0; engine < kEngines; ++engine) {
        cycles = std::max(cycles, state.free[engine] - before.free[engine]);
      }
      skip(cycles, static_cast<double>(times), before);
      skipped = times * kLike;
      if (round + skipped == rounds) {
        break;
      }
    }
    body(round);
    hold(kControl);
  }
  for (Buffer buffer : own) {
    const Use &use = uses[buffer];
    for (size_t other = 0; use.writer < kEngines && other < kEngines; ++other) {
      if (other != use.writer && use.read[other] > 0) {
        state.free[use.writer] = std::max(state.free[use.writer], use.read[other] + core.wakeCycles);
      }
    }
  }
}

double NpuTimeline::last() const { return *std::max_element(state.done.begin(), state.done.end()); }

double NpuTimeline::end() const { return std::max(last(), state.control); }
