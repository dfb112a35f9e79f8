#include "Npu/Sim/Simulator.h"
#include "Npu/Sim/Durations.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <deque>
#include <queue>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// Engines: the control unit, matrix, vector, topk, then the channels of DMA.
constexpr unsigned kEngines = 4 + kChannels;
constexpr unsigned kParts = 3;

unsigned engineOf(const Entry &entry) {
  const Engine engine = find(entry.opcode)->engine;
  return engine == Engine::Dma      ? 4 + entry.channel
         : engine == Engine::TopK   ? 3
         : engine == Engine::Vector ? 2
         : engine == Engine::Matrix ? 1
                                    : 0;
}

/// The part of its engine that an entry needs.
unsigned partOf(const Entry &entry) {
  switch (find(entry.opcode)->timing) {
  case Timing::WeightLoad:
  case Timing::Tables:
    return 1;
  case Timing::Drain:
    return 2;
  default:
    return 0;
  }
}

class Simulator {
public:
  Simulator(const machine::NpuMachine &machine, const std::vector<Entry> &entries, const MemoryMap &memories)
      : machine(machine), core(machine.cores.front()), entries(entries), memories(memories), control(entries),
        values(memories) {}

  Expected<Report> run();

private:
  const machine::NpuMachine &machine;
  const machine::NpuCore &core;
  const std::vector<Entry> &entries;
  const MemoryMap &memories;
  Control control;
  Core values;
  Settings settings; ///< as entries start

  struct Queued {
    Entry entry;
    size_t number;
    uint64_t available; ///< the earliest start
  };
  struct Running {
    Entry entry;
    size_t number;
    uint64_t start, end;
  };
  /// An engine, or the control unit.
  struct EngineState {
    std::deque<Queued> queue;
    std::deque<Running> running;            ///< in order, ends ascending
    std::array<uint64_t, kParts> free = {}; ///< when each part is
    uint64_t idleSince = 0;                 ///< of an engine that runs nothing
    std::optional<unsigned> waited;         ///< the semaphore that the head of the queue has waited for
    bool wasUsed = false;
    EngineTime time;
  };
  std::array<EngineState, kEngines> engines;
  std::array<uint64_t, kSemaphores> semaphores = {};
  Report report;

  struct Event {
    uint64_t time;
    uint64_t order; ///< of equal times, as they came
    enum class Kind { Control, Start, End, Signal } kind;
    unsigned which; ///< engine or semaphore
    bool operator<(const Event &other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  std::priority_queue<Event> events;
  uint64_t now = 0, order = 0;
  /// Of the control unit: why it stands still.
  std::optional<std::pair<Cause, unsigned>> controlWaits;
  uint64_t controlSince = 0;

  void post(uint64_t time, Event::Kind kind, unsigned which) { events.push({time, order++, kind, which}); }
  bool take(const Entry &entry, EngineState &engine);
  void signal(const Entry &entry);
  Status stepControl();
  void controlStands(Cause cause, unsigned which);
  void controlGoesOn();
  Status tryStart(unsigned number);
  Status end(unsigned number);
  bool isIdle() const {
    return std::all_of(engines.begin(), engines.end(), [](const EngineState &engine) {
      return engine.queue.empty() && engine.running.empty();
    });
  }
  tl::unexpected<Error> fault(size_t number, const Error &error) const {
    return fail("entry " + std::to_string(number) + " (" + find(entries[number].opcode)->mnemonic +
                "): " + error.message);
  }
  Expected<Report> finish();
};

/// Takes what an entry waits for, if all of it is there.
bool Simulator::take(const Entry &entry, EngineState &engine) {
  std::array<uint64_t, kSemaphores> needed = {};
  for (SemaphoreUse use : entry.waits) {
    needed[use.semaphore] += use.count;
    if (needed[use.semaphore] > semaphores[use.semaphore]) {
      engine.waited = use.semaphore;
      return false;
    }
  }
  for (SemaphoreUse use : entry.waits) {
    semaphores[use.semaphore] -= use.count;
  }
  return true;
}

void Simulator::signal(const Entry &entry) {
  for (SemaphoreUse use : entry.signals) {
    for (unsigned i = 0; i < use.count; ++i) {
      post(now + static_cast<uint64_t>(core.semaphoreWakeCycles), Event::Kind::Signal, use.semaphore);
    }
  }
}

void Simulator::controlStands(Cause cause, unsigned which) {
  if (!controlWaits) {
    controlSince = now;
  }
  controlWaits = {cause, which};
}

void Simulator::controlGoesOn() {
  if (controlWaits) {
    engines[0].time.stalls[*controlWaits] += now - controlSince;
    controlWaits.reset();
  }
}

/// One entry, if the control unit can go on.
Status Simulator::stepControl() {
  if (control.isAtEnd()) {
    return {};
  }
  const size_t number = control.position();
  const Entry &raw = entries[number];
  const std::string_view mnemonic = find(raw.opcode)->mnemonic;
  const unsigned engine = engineOf(raw);
  if (engine != 0 && engines[engine].queue.size() >= static_cast<size_t>(core.queueDepth)) {
    controlStands(Cause::Queue, engine);
    return {};
  }
  const bool isSkipped = control.isSkipped();
  if (engine == 0 && !isSkipped) {
    if ((mnemonic == "fence" || mnemonic == "halt") && !isIdle()) {
      controlStands(Cause::Fence, 0);
      return {};
    }
    if (!take(raw, engines[0])) {
      controlStands(Cause::Semaphore, *engines[0].waited);
      return {};
    }
  }
  controlGoesOn();
  auto entry = control.step(memories);
  if (!entry) {
    return fault(number, entry.error());
  }
  if (engine == 0 && !isSkipped) {
    signal(raw);
  }
  if (*entry) {
    engines[engine].queue.push_back(
        {std::move(**entry), number, now + 1 + static_cast<uint64_t>(core.issueCycles)});
    post(engines[engine].queue.back().available, Event::Kind::Start, engine);
  }
  ++engines[0].time.busy;
  post(now + 1, Event::Kind::Control, 0);
  return {};
}

Status Simulator::tryStart(unsigned number) {
  EngineState &engine = engines[number];
  while (!engine.queue.empty() && engine.queue.front().available <= now) {
    Queued &head = engine.queue.front();
    const unsigned part = number == 1 ? partOf(head.entry) : 0;
    // What was loaded is there before it is taken into use, sums before they are drained.
    uint64_t free = engine.free[part];
    const bool swaps = number == 1 && head.entry.opcode != 0 &&
                       find(head.entry.opcode)->timing == Timing::Stream &&
                       find(head.entry.opcode)->mnemonic != std::string_view("mxu.multiply") &&
                       chosen(head.entry, "swap") == "yes";
    free = swaps ? std::max(free, engine.free[1]) : free;
    if (number == 1 && part == 2 && !engine.running.empty()) {
      free = std::max(free, engine.running.back().end);
    }
    if (free > now) {
      post(free, Event::Kind::Start, number);
      return {};
    }
    if (!take(head.entry, engine)) {
      return {};
    }
    if (engine.running.empty() && engine.idleSince < now) {
      const uint64_t handedOut = std::clamp(head.available, engine.idleSince, now);
      engine.time.stalls[{Cause::NotHandedOut, 0}] += handedOut - engine.idleSince;
      const auto why =
          engine.waited ? std::pair(Cause::Semaphore, *engine.waited) : std::pair(Cause::Part, 0u);
      engine.time.stalls[why] += now - handedOut;
    }
    engine.waited.reset();
    engine.wasUsed = true;
    auto accesses = settings.accesses(head.entry);
    if (!accesses) {
      return fault(head.number, accesses.error());
    }
    const Duration duration = durationOf(machine, settings, head.entry, *accesses);
    settings.update(head.entry);
    engine.free[part] = now + duration.occupied;
    const uint64_t last = engine.running.empty() ? 0 : engine.running.back().end;
    const uint64_t ends = std::max(now + duration.latency, last);
    engine.running.push_back({std::move(head.entry), head.number, now, ends});
    post(ends, Event::Kind::End, number);
    engine.queue.pop_front();
    post(now, Event::Kind::Control, 0); // there is a place in the queue
  }
  return {};
}

Status Simulator::end(unsigned number) {
  EngineState &engine = engines[number];
  const Running done = std::move(engine.running.front());
  engine.running.pop_front();
  if (Status status = values.execute(done.entry); !status) {
    return fault(done.number, status.error());
  }
  report.slices.push_back({number, done.number, done.start, now});
  signal(done.entry);
  if (engine.running.empty()) {
    engine.idleSince = now;
  }
  post(now, Event::Kind::Start, number);
  post(now, Event::Kind::Control, 0); // a fence may wait for it
  return {};
}

/// Cycles in which an engine ran something: the union of its slices.
Expected<Report> Simulator::finish() {
  if (!control.isAtEnd() || !isIdle()) {
    return fail("the program stands still"); // the static checks would have said why
  }
  report.cycles = now;
  std::array<uint64_t, kEngines> covered = {}, reached = {};
  for (const Slice &slice : report.slices) {
    const uint64_t from = std::max(slice.start, reached[slice.engine]);
    covered[slice.engine] += slice.end > from ? slice.end - from : 0;
    reached[slice.engine] = std::max(reached[slice.engine], slice.end);
  }
  static const char *const names[] = {"control", "matrix", "vector", "topk"};
  std::array<unsigned, kEngines> places = {};
  for (unsigned number = 0; number < kEngines; ++number) {
    EngineState &engine = engines[number];
    if (number != 0 && !engine.wasUsed) {
      continue;
    }
    engine.time.name = number < 4 ? names[number] : "dma " + std::to_string(number - 4);
    uint64_t stalls = 0;
    for (const auto &[cause, cycles] : engine.time.stalls) {
      stalls += cycles;
    }
    if (number != 0) {
      engine.time.busy = covered[number];
      engine.time.stalls[{Cause::Finished, 0}] += report.cycles - engine.idleSince;
      stalls += report.cycles - engine.idleSince;
    }
    if (engine.time.busy + stalls != report.cycles) {
      return fail(engine.time.name + ": " + std::to_string(engine.time.busy) + " busy cycles and " +
                  std::to_string(stalls) + " others are not the " + std::to_string(report.cycles) +
                  " of the program");
    }
    places[number] = static_cast<unsigned>(report.engines.size());
    report.engines.push_back(std::move(engine.time));
  }
  for (Slice &slice : report.slices) {
    slice.engine = places[slice.engine];
  }
  return std::move(report);
}

Expected<Report> Simulator::run() {
  post(0, Event::Kind::Control, 0);
  uint64_t controlAt = 0; // the control unit does one thing a cycle
  while (!events.empty()) {
    const Event event = events.top();
    events.pop();
    now = event.time;
    Status status;
    switch (event.kind) {
    case Event::Kind::Control:
      if (now >= controlAt) {
        const uint64_t before = engines[0].time.busy;
        status = stepControl();
        controlAt = engines[0].time.busy != before ? now + 1 : now;
      }
      break;
    case Event::Kind::Start:
      status = tryStart(event.which);
      break;
    case Event::Kind::End:
      status = end(event.which);
      break;
    case Event::Kind::Signal:
      ++semaphores[event.which];
      for (unsigned engine = 1; engine < kEngines && status; ++engine) {
        status = tryStart(engine);
      }
      post(now, Event::Kind::Control, 0);
      break;
    }
    if (!status) {
      return forward(status.error());
    }
  }
  return finish();
}

} // namespace

const char *npu::name(Cause cause) {
  static const char *const names[] = {"not handed out", "semaphore", "part", "queue", "fence", "finished"};
  return names[static_cast<size_t>(cause)];
}

Expected<Report> npu::simulate(const machine::NpuMachine &machine, const Image &image,
                               const MemoryMap &memories) {
  if (image.cores.size() != 1) {
    return fail("expected the code of one core, got that of " + std::to_string(image.cores.size()));
  }
  if (Status checked = checkProgram(image, limitsOf(machine)); !checked) {
    return forward(checked.error());
  }
  Memory &dram = *memories[static_cast<size_t>(Space::Dram)];
  for (const Data &data : image.data) {
    if (data.address > dram.size() || data.bytes.size() > dram.size() - data.address) {
      return fail("data at " + std::to_string(data.address) + " lie outside of DRAM");
    }
    std::memcpy(dram.at(data.address), data.bytes.data(), data.bytes.size());
  }
  return simulateChecked(machine, image, memories);
}

Expected<Report> npu::simulateChecked(const machine::NpuMachine &machine, const Image &image,
                                      const MemoryMap &memories) {
  return Simulator(machine, image.cores[0], memories).run();
}
