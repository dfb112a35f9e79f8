//===- Order.cpp - Progress and order of the cores' streams -----------------===//
//
// Engines of all cores, in order, joined by semaphores of one producer and one consumer, are a network of Kahn: whether it stands still, and which signal
// meets which wait, depends on no one's speed. So one execution with vector clocks decides for all. An engine's number here counts those of the
// cores before: core * Stream::kEngines + engine.
//
//===----------------------------------------------------------------------===//
#include "Stream.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <iterator>
#include <utility>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr int64_t kFewRounds = 3, kMostRounds = 17;  ///< of a loop that are looked at
constexpr size_t kMostSteps = 200000;                ///< entries and rounds
constexpr size_t kMostComparisons = size_t(1) << 28; ///< of accesses with those before: seconds
constexpr size_t kLongHistory = 256;

using Clock = std::vector<uint32_t>;

void join(Clock &clock, const Clock &other) {
  for (size_t i = 0; i < clock.size(); ++i) {
    clock[i] = std::max(clock[i], other[i]);
  }
}

/// An entry in one round of its loops.
struct Event {
  const Stream *stream;
  size_t entry;
  size_t engine;
  Accesses accesses;
};

/// What is not known before: how often loops run whose count is data, and whether predicates hold.
struct Guess {
  int64_t rounds;
  bool predicates;
};

//===-- The entries in the order of the control unit -------------------------===//

class Unroller {
public:
  Unroller(const Stream &stream, Guess guess, int64_t rounds)
      : stream(stream), guess(guess), rounds(rounds) {}

  Expected<std::vector<Event>> run() {
    if (Status status = walk(0, stream.entries().size()); !status) {
      return forward(status.error());
    }
    return std::move(events);
  }

private:
  const Stream &stream;
  const Guess guess;
  const int64_t rounds;
  Registers registers = {};
  Settings settings;
  std::vector<Event> events;
  size_t steps = 0;

  Status step(size_t entry) {
    if (++steps > kMostSteps) {
      return stream.failAt(entry, "the stream is too long to be decided");
    }
    return {};
  }

  Status walk(size_t first, size_t end) {
    for (size_t i = first; i < end; i = stream.isLoop(i) ? stream.behindLoop(i) : i + 1) {
      const Entry &entry = stream.entries()[i];
      if (stream.isLoop(i)) {
        if (Status status = walkLoop(i); !status) {
          return status;
        }
        continue;
      }
      if (entry.predicate != kNoRegister && !guess.predicates) {
        continue;
      }
      auto accesses = stream.accesses(i, registers, settings);
      if (!accesses) {
        return forward(accesses.error());
      }
      if (Status status = step(i); !status) {
        return status;
      }
      events.push_back(
          {&stream, i, stream.number() * Stream::kEngines + stream.engineOf(i), std::move(*accesses)});
      settings.update(entry);
      execute(entry, registers);
    }
    return {};
  }

  Status walkLoop(size_t loop) {
    const Entry &entry = stream.entries()[loop];
    const Operand &count = entry["count"];
    int64_t times = count.value;
    if (count.reg != kNoRegister) {
      const Interval value = registers[count.reg];
      const bool isKnown = value.isBounded() && value.least == value.most;
      times = std::min(times, isKnown ? value.most : guess.rounds);
    }
    // What other cores wait for depends on all rounds.
    const bool isWhole = stream.usesChip(loop + 1, stream.behindLoop(loop) - 1);
    for (int64_t round = 0; round < (isWhole ? times : std::min(times, rounds)); ++round) {
      if (Status status = step(loop); !status) {
        return status;
      }
      registers[entry["counter"].reg] = {round, round};
      if (Status status = walk(loop + 1, stream.behindLoop(loop) - 1); !status) {
        return status;
      }
    }
    return {};
  }
};

//===-- One execution ---------------------------------------------------------===//

class Execution {
public:
  /// `events`: of one core after the other.
  Execution(size_t cores, const std::vector<Event> &events, unsigned queueDepth)
      : events(events), queueDepth(queueDepth), next(cores), ends(cores), queues(cores * Stream::kEngines),
        clocks(queues.size(), Clock(queues.size())), left(queues.size()),
        tokens(cores * kSemaphores + kChipSemaphores), history(cores * kSpaces) {
    size_t number = 0;
    for (size_t core = 0; core < cores; ++core) {
      next[core] = number;
      while (number < events.size() && events[number].stream->number() == core) {
        ++left[events[number++].engine];
      }
      ends[core] = number;
    }
  }

  Status run();

private:
  const std::vector<Event> &events;
  const size_t queueDepth;

  struct Queued {
    size_t event;
    Clock dispatched;
  };
  struct Past {
    Access access;
    size_t engine;
    uint32_t time;
    const Stream *stream;
    size_t entry;
  };

  std::vector<size_t> next,
      ends; ///< by core: the event that the control unit comes to, and the one behind its last
  std::vector<std::deque<Queued>> queues;
  std::vector<Clock> clocks;
  std::vector<size_t> left; ///< events that are still to come
  std::vector<std::deque<Clock>> tokens;
  std::vector<std::vector<Past>> history;
  size_t comparisons = 0;

  const Stream &streamOf(size_t event) const { return *events[event].stream; }
  const Entry &entryOf(size_t event) const { return streamOf(event).entries()[events[event].entry]; }
  const std::deque<Clock> &tokensOf(size_t event, unsigned semaphore) const {
    const size_t cores = next.size();
    return tokens[isOfChip(semaphore) ? cores * kSemaphores + semaphore - kSemaphores
                                      : streamOf(event).number() * kSemaphores + semaphore];
  }
  std::deque<Clock> &tokensOf(size_t event, unsigned semaphore) {
    return const_cast<std::deque<Clock> &>(std::as_const(*this).tokensOf(event, semaphore));
  }
  /// DRAM and L2 are those of all cores.
  std::vector<Past> &historyOf(const Event &event, Space space) {
    const bool isShared = space == Space::Dram || space == Space::L2;
    return history[(isShared ? 0 : event.stream->number()) * kSpaces + static_cast<size_t>(space)];
  }
  std::string engineName(size_t event) const {
    return Stream::engineName(static_cast<unsigned>(events[event].engine % Stream::kEngines));
  }
  /// "entry 12 (..)", of another core "core 1, entry 12 (..)".
  static std::string placeOf(const Stream &stream, size_t entry, const Stream &from) {
    return (&stream == &from ? "" : "core " + std::to_string(stream.number()) + ", ") + stream.placeOf(entry);
  }
  bool canStart(size_t event) const;
  Status start(size_t event, const Clock &dispatched);
  Status checkAccess(const Event &event, const Access &access, const Clock &clock);
  bool areIdle(size_t core) const {
    const auto first = queues.begin() + static_cast<int64_t>(core * Stream::kEngines);
    return std::all_of(first, first + Stream::kEngines, [](const auto &queue) { return queue.empty(); });
  }
  bool isFence(size_t event) const {
    const std::string_view mnemonic = streamOf(event).mnemonic(events[event].entry);
    return mnemonic == "fence" || mnemonic == "halt";
  }
  Status dispatch(size_t core, bool &hasMoved);
  Status startQueued(size_t core, bool &hasMoved);
  std::string waitOf(size_t event) const;
  tl::unexpected<Error> standsStill() const;
};

bool Execution::canStart(size_t event) const {
  std::array<size_t, kSemaphores + kChipSemaphores> needed = {};
  for (SemaphoreUse use : entryOf(event).waits) {
    needed[use.semaphore] += use.count;
    if (tokensOf(event, use.semaphore).size() < needed[use.semaphore]) {
      return false;
    }
  }
  return true;
}

Status Execution::checkAccess(const Event &event, const Access &access, const Clock &clock) {
  comparisons += historyOf(event, access.space).size();
  if (comparisons > kMostComparisons) {
    return event.stream->failAt(event.entry, "the stream is too long to be decided");
  }
  for (const Past &past : historyOf(event, access.space)) {
    const bool overlaps = access.first < past.access.first + past.access.bytes &&
                          past.access.first < access.first + access.bytes;
    if (past.engine == event.engine || !overlaps || (!access.isWrite && !past.access.isWrite) ||
        clock[past.engine] >= past.time) {
      continue;
    }
    const uint64_t first = std::max(access.first, past.access.first);
    const uint64_t last = std::min(access.first + access.bytes, past.access.first + past.access.bytes) - 1;
    char range[64];
    std::snprintf(range, sizeof range, "[0x%llx .. 0x%llx]", static_cast<unsigned long long>(first),
                  static_cast<unsigned long long>(last));
    const Stream &stream = *event.stream;
    return stream.failAt(
        event.entry, std::string(find(stream.entries()[event.entry].opcode)->fields[access.operand].name) +
                         ": " + name(access.space) + range + " is " + (access.isWrite ? "written" : "read") +
                         " while " + placeOf(*past.stream, past.entry, stream) + " may " +
                         (past.access.isWrite ? "write" : "read") + " it: no semaphore orders them");
  }
  return {};
}

Status Execution::start(size_t number, const Clock &dispatched) {
  const Event &event = events[number];
  const Entry &entry = entryOf(number);
  Clock &clock = clocks[event.engine];
  join(clock, dispatched);
  for (SemaphoreUse use : entry.waits) {
    for (unsigned i = 0; i < use.count; ++i) {
      join(clock, tokensOf(number, use.semaphore).front());
      tokensOf(number, use.semaphore).pop_front();
    }
  }
  if (isFence(number)) {
    const size_t first = event.stream->number() * Stream::kEngines;
    for (size_t engine = first; engine < first + Stream::kEngines; ++engine) {
      join(clock, clocks[engine]);
    }
  }
  ++clock[event.engine];
  for (const Access &access : event.accesses) {
    if (Status status = checkAccess(event, access, clock); !status) {
      return status;
    }
  }
  --left[event.engine];
  for (const Access &access : event.accesses) {
    std::vector<Past> &all = historyOf(event, access.space);
    if (all.size() >= kLongHistory) {
      // What everyone who is still to come has behind himself is of no interest any more.
      all.erase(std::remove_if(all.begin(), all.end(),
                               [&](const Past &past) {
                                 for (size_t engine = 0; engine < clocks.size(); ++engine) {
                                   if (left[engine] > 0 && clocks[engine][past.engine] < past.time) {
                                     return false;
                                   }
                                 }
                                 return true;
                               }),
                all.end());
    }
    all.push_back({access, event.engine, clock[event.engine], event.stream, event.entry});
  }
  for (SemaphoreUse use : entry.signals) {
    std::deque<Clock> &all = tokensOf(number, use.semaphore);
    all.insert(all.end(), use.count, clock);
  }
  return {};
}

/// A core's control unit goes on as far as it can.
Status Execution::dispatch(size_t core, bool &hasMoved) {
  const size_t control = core * Stream::kEngines;
  for (size_t &number = next[core]; number < ends[core]; ++number, hasMoved = true) {
    const size_t engine = events[number].engine;
    if (engine != control) {
      if (queues[engine].size() >= queueDepth) {
        return {};
      }
      queues[engine].push_back({number, clocks[control]});
      continue;
    }
    if (!canStart(number) || (isFence(number) && !areIdle(core))) {
      return {};
    }
    if (Status status = start(number, clocks[control]); !status) {
      return status;
    }
  }
  return {};
}

Status Execution::startQueued(size_t core, bool &hasMoved) {
  for (size_t engine = core * Stream::kEngines; engine < (core + 1) * Stream::kEngines; ++engine) {
    std::deque<Queued> &queue = queues[engine];
    for (; !queue.empty() && canStart(queue.front().event); queue.pop_front(), hasMoved = true) {
      if (Status status = start(queue.front().event, queue.front().dispatched); !status) {
        return status;
      }
    }
  }
  return {};
}

Status Execution::run() {
  bool hasMoved = true;
  while (hasMoved) {
    hasMoved = false;
    for (size_t core = 0; core < next.size(); ++core) {
      Status status = dispatch(core, hasMoved);
      status = status ? startQueued(core, hasMoved) : status;
      if (!status) {
        return status;
      }
    }
  }
  for (size_t core = 0; core < next.size(); ++core) {
    if (next[core] < ends[core] || !areIdle(core)) {
      return standsStill();
    }
  }
  return {};
}

/// What an event waits for, and who would give it.
std::string Execution::waitOf(size_t event) const {
  const Stream &stream = streamOf(event);
  const std::string who = engineName(event) + " at " + stream.placeOf(events[event].entry);
  for (SemaphoreUse use : entryOf(event).waits) {
    const size_t there = tokensOf(event, use.semaphore).size();
    if (use.count == 0 || there >= use.count) {
      continue;
    }
    std::string text = who + " waits for semaphore " + semaphoreName(use.semaphore) + " (" +
                       std::to_string(there) + " of " + std::to_string(use.count) + ")";
    for (size_t later = 0; later < events.size(); ++later) {
      if (!isOfChip(use.semaphore) && &streamOf(later) != &stream) {
        continue;
      }
      const std::deque<Queued> &queue = queues[events[later].engine];
      const bool isToCome = later >= next[streamOf(later).number()] ||
                            std::any_of(queue.begin(), queue.end(),
                                        [&](const Queued &queued) { return queued.event == later; });
      const auto &signals = entryOf(later).signals;
      if (isToCome && std::any_of(signals.begin(), signals.end(), [&](SemaphoreUse signal) {
            return signal.count != 0 && signal.semaphore == use.semaphore;
          })) {
        return text + ", which " + placeOf(streamOf(later), events[later].entry, stream) + " of " +
               engineName(later) + " signals";
      }
    }
    return text + ", which nobody signals any more";
  }
  return who + " waits until all engines have finished";
}

tl::unexpected<Error> Execution::standsStill() const {
  std::string text;
  size_t first = events.size();
  auto add = [&](size_t event, const std::string &wait) {
    const bool isOther = first < events.size() && &streamOf(first) != &streamOf(event);
    text += (text.empty() ? "" : "; ") +
            (isOther ? "core " + std::to_string(streamOf(event).number()) + ": " : std::string()) + wait;
    first = std::min(first, event);
  };
  for (size_t core = 0; core < next.size(); ++core) {
    for (size_t engine = core * Stream::kEngines; engine < (core + 1) * Stream::kEngines; ++engine) {
      if (!queues[engine].empty()) {
        add(queues[engine].front().event, waitOf(queues[engine].front().event));
      }
    }
    if (const size_t event = next[core]; event < ends[core]) {
      add(event, events[event].engine % Stream::kEngines == 0
                     ? waitOf(event)
                     : "the control unit at " + streamOf(event).placeOf(events[event].entry) +
                           " waits for a place in the queue of " + engineName(event));
    }
  }
  return streamOf(first).failAt(events[first].entry, "the program stands still: " + text);
}

//===-- Semaphores' ends, and how far loops are looked at ----------------------===//

/// Each semaphore has one engine that signals it and one that waits for it, of the chip's among those of all cores.
Status checkPairs(const std::vector<Stream> &streams) {
  struct Owner {
    const Stream *stream = nullptr;
    unsigned engine = 0;
  };
  std::array<Owner, kSemaphores + kChipSemaphores> signals, waits;
  for (const Stream &stream : streams) {
    std::fill_n(signals.begin(), kSemaphores, Owner());
    std::fill_n(waits.begin(), kSemaphores, Owner());
    for (size_t i = 0; i < stream.entries().size(); ++i) {
      const Entry &entry = stream.entries()[i];
      const unsigned engine = stream.engineOf(i);
      auto belongs = [&](SemaphoreUse use, Owner &owner, const char *does) -> Status {
        if (use.count != 0 && owner.stream && (owner.stream != &stream || owner.engine != engine)) {
          return stream.failAt(
              i, "semaphore " + semaphoreName(use.semaphore) + " is " + does + " by " +
                     Stream::engineName(owner.engine) +
                     (owner.stream == &stream ? "" : " of core " + std::to_string(owner.stream->number())) +
                     " and by " + Stream::engineName(engine) +
                     ": which wait meets which signal can't be decided");
        }
        owner = use.count != 0 ? Owner{&stream, engine} : owner;
        return {};
      };
      for (SemaphoreUse use : entry.waits) {
        if (Status status = belongs(use, waits[use.semaphore], "waited for"); !status) {
          return status;
        }
      }
      for (SemaphoreUse use : entry.signals) {
        if (Status status = belongs(use, signals[use.semaphore], "signalled"); !status) {
          return status;
        }
      }
    }
  }
  return {};
}

/// As many rounds as there are slots in the largest ring, and one more: then each slot is used again.
Expected<int64_t> roundsOf(const Stream &stream) {
  int64_t rounds = kFewRounds;
  for (size_t i = 0; i < stream.entries().size(); ++i) {
    const Entry &entry = stream.entries()[i];
    if (stream.mnemonic(i) != "scalar") {
      continue;
    }
    const std::string_view function = chosen(entry, "function");
    if (function != "rem" && function != "and") {
      continue;
    }
    const int64_t value = entry["value"].value;
    const int64_t slots = function == "rem" ? value : value < kMostRounds ? value + 1 : value;
    if (entry["b"].reg != kNoRegister || slots < 1 || slots >= kMostRounds) {
      return stream.failAt(i, "rings of more than " + std::to_string(kMostRounds - 1) +
                                  " slots, or of a number that is not known, can't be decided");
    }
    rounds = std::max(rounds, slots + 1);
  }
  return rounds;
}

} // namespace

Status npu::checkOrder(const std::vector<Stream> &streams, const Limits &limits) {
  if (Status status = checkPairs(streams); !status) {
    return status;
  }
  int64_t rounds = kFewRounds;
  for (const Stream &stream : streams) {
    auto ofStream = roundsOf(stream);
    if (!ofStream) {
      return forward(ofStream.error());
    }
    rounds = std::max(rounds, *ofStream);
  }
  for (int64_t guessed : {rounds, int64_t(1), int64_t(0)}) {
    for (bool predicates : {true, false}) {
      std::vector<Event> all;
      for (const Stream &stream : streams) {
        auto events = Unroller(stream, {guessed, predicates}, rounds).run();
        if (!events) {
          return forward(events.error());
        }
        all.insert(all.end(), std::make_move_iterator(events->begin()),
                   std::make_move_iterator(events->end()));
      }
      if (Status status = Execution(streams.size(), all, limits.queueDepth).run(); !status) {
        return status;
      }
    }
  }
  return {};
}
