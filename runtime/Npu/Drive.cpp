#include "Npu/Drive.h"

#include <optional>

using namespace coopt;
using namespace coopt::npu;

void PortTrace::record(uint64_t cycle, size_t port, const Word &word) {
  auto add = [&](uint64_t unit) { hash_ = (hash_ ^ (unit & 0xffffffff)) * 0x100000001b3u; };
  add(cycle);
  add(cycle >> 32);
  add(port);
  for (int32_t lane : word) {
    add(static_cast<uint32_t>(lane));
  }
  if (keepsEvents_) {
    events_.push_back({cycle, port, word});
  }
}

namespace {

/// One side of a port: what the stimulus says of it, and how far it is.
struct Side {
  const std::vector<Word> *words = nullptr;
  const std::vector<bool> *stalls = nullptr;
  size_t moved = 0;
  bool isHeld = false; ///< a word was offered and not taken
  Word held;

  bool stallsIn(uint64_t cycle) const {
    return stalls && !stalls->empty() && (*stalls)[cycle % stalls->size()];
  }
  bool isDone() const { return !words || moved == words->size(); }
};

} // namespace

Expected<Transfer> npu::drive(Device &device, const Stimulus &stimulus, bool keepsEvents, uint64_t patience) {
  static const std::vector<Word> none;
  std::vector<Side> sides(device.ports.size());
  for (size_t p = 0; p < sides.size(); ++p) {
    const Port &port = device.ports[p];
    auto words = stimulus.words.find(port.name);
    auto stalls = stimulus.stalls.find(port.name);
    if (port.isInput) {
      sides[p].words = words == stimulus.words.end() ? &none : &words->second;
      for (const Word &word : *sides[p].words) {
        if (word.size() != port.word.size()) {
          return fail("port " + port.name + ": expected words of " + std::to_string(port.word.size()) +
                      " lanes, got " + std::to_string(word.size()));
        }
      }
    }
    sides[p].stalls = stalls == stimulus.stalls.end() ? nullptr : &stalls->second;
  }

  Transfer run;
  run.trace = PortTrace(keepsEvents);
  std::optional<uint64_t> first;
  uint64_t idle = 0;
  for (uint64_t cycle = 0; run.output.size() < stimulus.outputWords; ++cycle) {
    for (size_t p = 0; p < sides.size(); ++p) {
      Port &port = device.ports[p];
      Side &side = sides[p];
      if (!port.isInput) {
        port.ready = !side.stallsIn(cycle);
        continue;
      }
      port.valid = !side.isDone() && (side.isHeld || !side.stallsIn(cycle));
      if (port.valid) {
        port.word = (*side.words)[side.moved];
        side.isHeld = true;
      } else {
        std::fill(port.word.begin(), port.word.end(), -1); // not to be looked at
      }
    }
    device.evaluate();
    ++idle;
    for (size_t p = 0; p < sides.size(); ++p) {
      Port &port = device.ports[p];
      Side &side = sides[p];
      auto mistake = [&](const char *what) {
        return fail("cycle " + std::to_string(cycle) + ": port " + port.name + ": " + what);
      };
      if (!port.isInput) {
        if (side.isHeld && !port.valid) {
          return mistake("takes back a word that waits");
        }
        if (side.isHeld && port.word != side.held) {
          return mistake("changes a word that waits");
        }
        side.isHeld = port.valid && !port.ready;
        side.held = port.word;
      }
      if (!port.moves()) {
        continue;
      }
      idle = 0;
      run.trace.record(cycle, p, port.word);
      if (!first && port.name != "commands") {
        first = cycle;
      }
      if (port.isInput) {
        ++side.moved;
        side.isHeld = false;
      } else if (port.name == stimulus.outputPort) {
        run.output.push_back(port.word);
        run.cycles = cycle - first.value_or(cycle) + 1;
      }
    }
    if (idle > patience) {
      return fail("cycle " + std::to_string(cycle) + ": no word has moved for " + std::to_string(idle) +
                  " cycles, " + std::to_string(run.output.size()) + " of " +
                  std::to_string(stimulus.outputWords) + " results are there");
    }
    device.clock();
  }
  for (size_t p = 0; p < sides.size(); ++p) {
    if (!sides[p].isDone()) {
      return fail("port " + device.ports[p].name + ": all results are there, but not all words were taken");
    }
  }
  return run;
}
