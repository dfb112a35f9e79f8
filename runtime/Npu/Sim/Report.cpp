#include "Npu/Sim/Report.h"

#include <algorithm>
#include <iterator>

using namespace coopt;
using namespace coopt::npu;

const char *npu::name(Cause cause) {
  static const char *const names[] = {"not handed out", "semaphore", "busy", "queue", "fence",
                                      "finished",       "latency",   "rows", "shared"};
  return names[static_cast<size_t>(cause)];
}

unsigned npu::engineOf(const Entry &entry) {
  switch (find(entry.opcode)->engine) {
  case Engine::Control:
    return 0;
  case Engine::Matrix:
    return 1;
  case Engine::Vector:
    return 2;
  case Engine::TopK:
    return 3;
  case Engine::Dma:
    return 4 + entry.channel;
  }
  return 0;
}

std::string npu::engineName(unsigned engine) {
  static const char *const names[] = {"control", "matrix", "vector", "topk"};
  return engine < 4 ? names[engine] : "dma " + std::to_string(engine - 4);
}

std::string npu::describe(const Image &image, const Party &party) {
  const Entry &entry = image.cores[party.core][party.entry];
  std::string text = "core " + std::to_string(party.core) + ", " + engineName(party.engine) + " at entry " +
                     std::to_string(party.entry) + " (" + find(entry.opcode)->mnemonic;
  if (entry.location < image.locations.size() && !image.locations[entry.location].empty()) {
    text += ", " + image.locations[entry.location];
  }
  return text + ")";
}

std::string npu::describe(Cause cause, unsigned which) {
  const std::string text = name(cause);
  switch (cause) {
  case Cause::Semaphore:
    return text + " " + semaphoreName(which);
  case Cause::Queue:
    return text + " of " + engineName(which);
  case Cause::Latency:
  case Cause::Rows:
  case Cause::Shared:
    return text + " of " + name(static_cast<PortKind>(which));
  default:
    return text;
  }
}

std::string npu::describe(const Image &image, const Reason &reason) {
  const std::string text = describe(reason.cause, reason.which);
  if (reason.cause == Cause::Semaphore && reason.other.isSomebody()) {
    return text + " of " + describe(image, reason.other);
  }
  const bool isOfMemory =
      reason.cause == Cause::Latency || reason.cause == Cause::Rows || reason.cause == Cause::Shared;
  if (!isOfMemory || !reason.other.isSomebody()) {
    return text;
  }
  return (reason.cause == Cause::Rows ? text + ", another was open for "
                                      : std::string(name(reason.cause)) + ": " +
                                            name(static_cast<PortKind>(reason.which)) + ", held by ") +
         describe(image, reason.other);
}

void Counts::add(const Counts &other) {
  cycles += other.cycles;
  entries += other.entries;
  for (size_t port = 0; port < kPortKinds; ++port) {
    traffic.read[port] += other.traffic.read[port];
    traffic.written[port] += other.traffic.written[port];
  }
  rowHits += other.rowHits;
  rowOpenings += other.rowOpenings;
  for (const ActionCount &action : other.actions) {
    auto same = std::find_if(actions.begin(), actions.end(), [&](const ActionCount &of) {
      return of.engine == action.engine && of.name == action.name;
    });
    if (same == actions.end()) {
      actions.push_back(action);
    } else {
      same->count += action.count;
    }
  }
}

uint64_t Counts::multiplyAdds() const {
  uint64_t sum = 0;
  for (const ActionCount &action : actions) {
    sum += action.areMultiplyAdds ? action.count : 0;
  }
  return sum;
}

void Account::add(uint64_t start, uint64_t end, const std::vector<Stall> &within) {
  uint64_t from = start;
  for (const Stall &stall : within) {
    if (stall.start > from) {
      parts.push_back({from, stall.start});
    }
    from = stall.end;
    inside.push_back(stall);
  }
  if (end > from) {
    parts.push_back({from, end});
  }
}

Status Account::close(uint64_t cycles, EngineTime &time, std::vector<Stall> *stalls) const {
  std::vector<Busy> busy = parts;
  // One unit's entries come in order.
  auto isEarlier = [](const auto &a, const auto &b) { return a.start < b.start; };
  if (!std::is_sorted(busy.begin(), busy.end(), isEarlier)) {
    std::sort(busy.begin(), busy.end(), isEarlier);
  }
  size_t count = 0;
  for (const Busy &part : busy) {
    if (count > 0 && part.start <= busy[count - 1].end) {
      busy[count - 1].end = std::max(busy[count - 1].end, part.end);
    } else {
      busy[count++] = part;
    }
  }
  busy.resize(count);
  for (const Busy &part : busy) {
    time.busy += part.end - part.start;
  }
  std::vector<Stall> all = inside;
  std::sort(all.begin(), all.end(), [](const Stall &a, const Stall &b) {
    return a.start != b.start ? a.start < b.start : a.entry < b.entry;
  });
  // While another of the engine's entries went on it was busy; of two that stood still the first counts.
  std::vector<Stall> apart;
  size_t next = 0;
  uint64_t reached = 0;
  auto take = [&](Stall stall, uint64_t start, uint64_t end) {
    start = std::max(start, reached);
    if (end > start) {
      stall.start = start;
      stall.end = reached = end;
      apart.push_back(stall);
    }
  };
  for (const Stall &stall : all) {
    while (next < busy.size() && busy[next].end <= stall.start) {
      ++next;
    }
    uint64_t from = stall.start;
    for (size_t i = next; i < busy.size() && busy[i].start < stall.end; ++i) {
      take(stall, from, busy[i].start);
      from = busy[i].end;
    }
    take(stall, from, stall.end);
  }
  std::vector<Stall> outside = between, stood;
  if (!std::is_sorted(outside.begin(), outside.end(), isEarlier)) {
    std::sort(outside.begin(), outside.end(), isEarlier);
  }
  stood.reserve(apart.size() + outside.size());
  std::merge(apart.begin(), apart.end(), outside.begin(), outside.end(), std::back_inserter(stood),
             isEarlier);
  uint64_t cyclesStood = 0;
  for (const Stall &stall : stood) {
    if (stall.end == stall.start) {
      continue;
    }
    cyclesStood += stall.end - stall.start;
    time.stalls[stall.reason] += stall.end - stall.start;
    if (stalls) {
      stalls->push_back(stall);
    }
  }
  if (time.busy + cyclesStood != cycles) {
    return fail("core " + std::to_string(time.core) + ", " + time.name + ": " + std::to_string(time.busy) +
                " busy cycles and " + std::to_string(cyclesStood) + " others are not the " +
                std::to_string(cycles) + " of the program");
  }
  return {};
}

std::vector<Stall> npu::wholeCycles(const std::vector<DmaTransfer::Wait> &waits, uint64_t start, uint64_t end,
                                    uint64_t total, size_t entry) {
  double all = 0;
  for (const DmaTransfer::Wait &wait : waits) {
    all += wait.cycles;
  }
  std::vector<Stall> stalls;
  total = std::min(total, end - start);
  double sum = 0;
  uint64_t given = 0, reached = start;
  for (const DmaTransfer::Wait &wait : waits) {
    sum += wait.cycles;
    const auto upTo = std::min(static_cast<uint64_t>(sum / all * static_cast<double>(total) + 0.5), total);
    const uint64_t cycles = upTo - given;
    if (cycles == 0) {
      continue;
    }
    // As early as it was, but so that all that is still to come has its place.
    const uint64_t from =
        std::min(std::max(reached, static_cast<uint64_t>(wait.start)), end - (total - given));
    given = upTo;
    reached = from + cycles;
    const Cause cause = wait.why == DmaTransfer::Wait::Why::Latency ? Cause::Latency
                        : wait.why == DmaTransfer::Wait::Why::Rows  ? Cause::Rows
                                                                    : Cause::Shared;
    stalls.push_back({0, entry, from, reached, {cause, static_cast<unsigned>(wait.port), wait.other}});
  }
  return stalls;
}
