#include "Npu/Sim/Report.h"

#include <algorithm>

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

std::string npu::describe(const Image &image, const Reason &reason) {
  const std::string cause = name(reason.cause);
  switch (reason.cause) {
  case Cause::Semaphore:
    return cause + " " + semaphoreName(reason.which);
  case Cause::Queue:
    return cause + " of " + engineName(reason.which);
  case Cause::Latency:
  case Cause::Rows:
  case Cause::Shared: {
    const std::string of = cause + " of " + name(static_cast<PortKind>(reason.which));
    if (!reason.other.isSomebody()) {
      return of;
    }
    return (reason.cause == Cause::Rows
                ? of + ", another was open for "
                : cause + ": " + name(static_cast<PortKind>(reason.which)) + ", held by ") +
           describe(image, reason.other);
  }
  default:
    return cause;
  }
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

Status Account::close(uint64_t cycles, EngineTime &time, std::vector<Stall> &stalls) const {
  std::vector<Busy> busy = parts;
  std::sort(busy.begin(), busy.end(), [](const Busy &a, const Busy &b) { return a.start < b.start; });
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
  apart.insert(apart.end(), between.begin(), between.end());
  std::sort(apart.begin(), apart.end(), [](const Stall &a, const Stall &b) { return a.start < b.start; });
  uint64_t stood = 0;
  for (const Stall &stall : apart) {
    if (stall.end == stall.start) {
      continue;
    }
    stood += stall.end - stall.start;
    time.stalls[stall.reason] += stall.end - stall.start;
    stalls.push_back(stall);
  }
  if (time.busy + stood != cycles) {
    return fail("core " + std::to_string(time.core) + ", " + time.name + ": " + std::to_string(time.busy) +
                " busy cycles and " + std::to_string(stood) + " others are not the " +
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
