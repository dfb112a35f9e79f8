//===- Waits.cpp - Who waits for whom in a core that does not go on -----------===//
#include "Npu/Sim/CoreTime.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

std::vector<WaitingFor> CoreTime::waits() const {
  std::vector<WaitingFor> all;
  auto add = [&](unsigned engine, size_t entry, const Entry &of) {
    for (const SemaphoreUse use : of.waits) {
      uint64_t needed = 0;
      for (const SemaphoreUse other : of.waits) {
        needed += other.semaphore == use.semaphore ? other.count : 0;
      }
      if (use.count > 0 && count(use.semaphore) < needed) {
        all.push_back({WaitingFor::What::Semaphore, engine, entry, use.semaphore, needed});
        return true;
      }
    }
    return false;
  };
  for (unsigned engine = 1; engine < kEngines; ++engine) {
    if (!engines[engine].queue.empty()) {
      const Queued &head = engines[engine].queue.front();
      add(engine, head.number, head.entry);
    }
  }
  if (!source.isAtEnd(number)) {
    const size_t position = source.position(number);
    const unsigned engine = engineOf(entries[position]);
    if (engine != 0) {
      all.push_back({WaitingFor::What::Queue, 0, position, engine});
    } else if (!add(0, position, entries[position])) {
      all.push_back({WaitingFor::What::Fence, 0, position});
    }
  }
  return all;
}

std::string CoreTime::describe(unsigned engine, size_t entry) const {
  return npu::describe(source.image, Party{number, engine, static_cast<uint32_t>(entry)});
}

std::string CoreTime::signaller(unsigned semaphore) const {
  auto signals = [&](const Entry &entry) {
    return std::any_of(entry.signals.begin(), entry.signals.end(),
                       [&](SemaphoreUse use) { return use.count > 0 && use.semaphore == semaphore; });
  };
  for (unsigned engine = 1; engine < kEngines; ++engine) {
    for (size_t i = 0; i < engines[engine].queue.size(); ++i) {
      const Queued &queued = engines[engine].queue[i];
      if (signals(queued.entry)) {
        return describe(engine, queued.number);
      }
    }
  }
  for (size_t entry = 0; entry < entries.size(); ++entry) {
    if (!source.isAtEnd(number) && source.mayCome(number, entry) && signals(entries[entry])) {
      return describe(engineOf(entries[entry]), entry);
    }
  }
  return "";
}
