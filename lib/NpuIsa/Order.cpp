//===- Order.cpp - Progress and order of a stream ---------------------------===//
//
// Engines in order, joined by semaphores of one producer and one consumer, are a network of Kahn: whether it stands still, and which signal
// meets which wait, depends on no one's speed. So one execution with vector clocks decides for all.
//
//===----------------------------------------------------------------------===//
#include "Stream.h"

#include <algorithm>
#include <cstdio>
#include <deque>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr int64_t kFewRounds = 3, kMostRounds = 17; ///< of a loop that are looked at
constexpr size_t kMostSteps = 20000;                ///< entries and rounds
constexpr size_t kLongHistory = 256;

using Clock = std::array<uint32_t, Stream::kEngines>;

void join(Clock &clock, const Clock &other) {
  for (size_t i = 0; i < clock.size(); ++i) {
    clock[i] = std::max(clock[i], other[i]);
  }
}

/// An entry in one round of its loops.
struct Event {
  size_t entry;
  unsigned engine;
  std::vector<Access> accesses;
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
      events.push_back({i, stream.engineOf(i), std::move(*accesses)});
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
    for (int64_t round = 0; round < std::min(times, rounds); ++round) {
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
  Execution(const Stream &stream, const std::vector<Event> &events, unsigned queueDepth)
      : stream(stream), events(events), queueDepth(queueDepth) {
    for (const Event &event : events) {
      ++left[event.engine];
    }
  }

  Status run();

private:
  const Stream &stream;
  const std::vector<Event> &events;
  const size_t queueDepth;

  struct Queued {
    size_t event;
    Clock dispatched;
  };
  struct Past {
    Access access;
    unsigned engine;
    uint32_t time;
    size_t entry;
  };

  size_t next = 0; ///< that the control unit comes to
  std::array<std::deque<Queued>, Stream::kEngines> queues;
  std::array<Clock, Stream::kEngines> clocks = {};
  std::array<size_t, Stream::kEngines> left = {}; ///< events that are still to come
  std::array<std::deque<Clock>, kSemaphores> tokens;
  std::array<std::vector<Past>, kSpaces> history;

  const Entry &entryOf(size_t event) const { return stream.entries()[events[event].entry]; }
  bool canStart(size_t event) const;
  Status start(size_t event, const Clock &dispatched);
  Status checkAccess(const Event &event, const Access &access, const Clock &clock);
  bool areIdle() const {
    return std::all_of(queues.begin(), queues.end(), [](const auto &queue) { return queue.empty(); });
  }
  bool isFence(size_t event) const {
    const std::string_view mnemonic = stream.mnemonic(events[event].entry);
    return mnemonic == "fence" || mnemonic == "halt";
  }
  Status dispatch(bool &hasMoved);
  std::string waitOf(size_t event) const;
  tl::unexpected<Error> standsStill() const;
};

bool Execution::canStart(size_t event) const {
  std::array<size_t, kSemaphores> needed = {};
  for (SemaphoreUse use : entryOf(event).waits) {
    needed[use.semaphore] += use.count;
    if (tokens[use.semaphore].size() < needed[use.semaphore]) {
      return false;
    }
  }
  return true;
}

Status Execution::checkAccess(const Event &event, const Access &access, const Clock &clock) {
  for (const Past &past : history[static_cast<size_t>(access.space)]) {
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
    return stream.failAt(
        event.entry, std::string(find(stream.entries()[event.entry].opcode)->fields[access.operand].name) +
                         ": " + name(access.space) + range + " is " + (access.isWrite ? "written" : "read") +
                         " while " + stream.placeOf(past.entry) + " may " +
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
      join(clock, tokens[use.semaphore].front());
      tokens[use.semaphore].pop_front();
    }
  }
  if (isFence(number)) {
    for (const Clock &other : clocks) {
      join(clock, other);
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
    std::vector<Past> &all = history[static_cast<size_t>(access.space)];
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
    all.push_back({access, event.engine, clock[event.engine], event.entry});
  }
  for (SemaphoreUse use : entry.signals) {
    tokens[use.semaphore].insert(tokens[use.semaphore].end(), use.count, clock);
  }
  return {};
}

/// The control unit goes on as far as it can.
Status Execution::dispatch(bool &hasMoved) {
  for (; next < events.size(); ++next, hasMoved = true) {
    const unsigned engine = events[next].engine;
    if (engine != 0) {
      if (queues[engine].size() >= queueDepth) {
        return {};
      }
      queues[engine].push_back({next, clocks[0]});
      continue;
    }
    if (!canStart(next) || (isFence(next) && !areIdle())) {
      return {};
    }
    if (Status status = start(next, clocks[0]); !status) {
      return status;
    }
  }
  return {};
}

Status Execution::run() {
  bool hasMoved = true;
  while (hasMoved) {
    hasMoved = false;
    if (Status status = dispatch(hasMoved); !status) {
      return status;
    }
    for (std::deque<Queued> &queue : queues) {
      for (; !queue.empty() && canStart(queue.front().event); queue.pop_front(), hasMoved = true) {
        if (Status status = start(queue.front().event, queue.front().dispatched); !status) {
          return status;
        }
      }
    }
  }
  if (next < events.size() || !areIdle()) {
    return standsStill();
  }
  return {};
}

/// What an event waits for, and who would give it.
std::string Execution::waitOf(size_t event) const {
  const unsigned engine = events[event].engine;
  const std::string who = Stream::engineName(engine) + " at " + stream.placeOf(events[event].entry);
  for (SemaphoreUse use : entryOf(event).waits) {
    if (use.count == 0 || tokens[use.semaphore].size() >= use.count) {
      continue;
    }
    std::string text = who + " waits for semaphore " + std::to_string(use.semaphore) + " (" +
                       std::to_string(tokens[use.semaphore].size()) + " of " + std::to_string(use.count) +
                       ")";
    for (size_t later = 0; later < events.size(); ++later) {
      const bool isToCome =
          later >= next ||
          std::any_of(queues[events[later].engine].begin(), queues[events[later].engine].end(),
                      [&](const Queued &queued) { return queued.event == later; });
      const auto &signals = entryOf(later).signals;
      if (isToCome && std::any_of(signals.begin(), signals.end(), [&](SemaphoreUse signal) {
            return signal.count != 0 && signal.semaphore == use.semaphore;
          })) {
        return text + ", which " + stream.placeOf(events[later].entry) + " of " +
               Stream::engineName(events[later].engine) + " signals";
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
    first = std::min(first, event);
    text += (text.empty() ? "" : "; ") + wait;
  };
  for (const std::deque<Queued> &queue : queues) {
    if (!queue.empty()) {
      add(queue.front().event, waitOf(queue.front().event));
    }
  }
  if (next < events.size() && events[next].engine == 0) {
    add(next, waitOf(next));
  } else if (next < events.size()) {
    add(next, "the control unit at " + stream.placeOf(events[next].entry) +
                  " waits for a place in the queue of " + Stream::engineName(events[next].engine));
  }
  return stream.failAt(events[first].entry, "the program stands still: " + text);
}

//===-- Semaphores' ends, and how far loops are looked at ----------------------===//

Status checkPairs(const Stream &stream) {
  constexpr unsigned kNobody = ~0u;
  std::array<unsigned, kSemaphores> signals, waits;
  signals.fill(kNobody), waits.fill(kNobody);
  for (size_t i = 0; i < stream.entries().size(); ++i) {
    const Entry &entry = stream.entries()[i];
    const unsigned engine = stream.engineOf(i);
    auto belongs = [&](SemaphoreUse use, unsigned &owner, const char *does) -> Status {
      if (use.count != 0 && owner != kNobody && owner != engine) {
        return stream.failAt(i, "semaphore " + std::to_string(use.semaphore) + " is " + does + " by " +
                                    Stream::engineName(owner) + " and by " + Stream::engineName(engine) +
                                    ": which wait meets which signal can't be decided");
      }
      owner = use.count != 0 ? engine : owner;
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

Status npu::checkOrder(const Stream &stream, const Limits &limits) {
  if (Status status = checkPairs(stream); !status) {
    return status;
  }
  auto rounds = roundsOf(stream);
  if (!rounds) {
    return forward(rounds.error());
  }
  for (int64_t guessed : {*rounds, int64_t(1), int64_t(0)}) {
    for (bool predicates : {true, false}) {
      auto events = Unroller(stream, {guessed, predicates}, *rounds).run();
      if (!events) {
        return forward(events.error());
      }
      if (Status status = Execution(stream, *events, limits.queueDepth).run(); !status) {
        return status;
      }
    }
  }
  return {};
}
