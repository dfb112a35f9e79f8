//===- Checker.cpp - Limits, bounds and balance -----------------------------===//
#include "Stream.h"

#include <algorithm>
#include <cstdio>
#include <map>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr int kMostNested = 8; ///< loops: each doubles the work

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// The modes as a message lists them: "ws, os, nm 2:4, lut".
std::string listed(const machine::NpuModes &modes) {
  std::vector<std::string> names;
  for (machine::NpuDataflow flow : modes.dense) {
    names.push_back(machine::name(flow));
  }
  if (modes.dot) {
    names.push_back("dot");
  }
  for (auto [n, m] : modes.nm) {
    names.push_back("nm " + std::to_string(n) + ":" + std::to_string(m));
  }
  if (modes.lut) {
    names.push_back("lut");
  }
  if (modes.bitserial) {
    names.push_back("bitserial");
  }
  std::string all;
  for (const std::string &one : names) {
    all += (all.empty() ? "" : ", ") + one;
  }
  return all;
}

/// Of an mxu.mode: "" if the array has it, else what is wrong.
std::string missingMode(const Entry &entry, const machine::NpuModes &modes) {
  const std::string_view kind = chosen(entry, "mode");
  std::string wanted(kind);
  bool isThere = false;
  if (kind == "ws" || kind == "os") {
    isThere = std::any_of(modes.dense.begin(), modes.dense.end(),
                          [&](machine::NpuDataflow flow) { return machine::name(flow) == kind; });
  } else if (kind == "nm") {
    const int64_t n = entry["n"].value, m = entry["m"].value;
    wanted += " " + std::to_string(n) + ":" + std::to_string(m);
    isThere = std::any_of(modes.nm.begin(), modes.nm.end(), [&](const machine::NpuNmPattern &pattern) {
      return pattern.n == n && pattern.m == m;
    });
  } else {
    isThere = kind == "dot"   ? modes.dot.has_value()
              : kind == "lut" ? modes.lut.has_value()
                              : modes.bitserial.has_value();
  }
  if (!isThere) {
    return "mode: the array has " + listed(modes) + ", got " + wanted;
  }
  auto mustBe = [&](const char *field, int64_t has, const char *what) {
    const int64_t value = entry[field].value;
    return value == has ? std::string()
                        : std::string(field) + ": the array's " + what + " are of " + std::to_string(has) +
                              ", got " + std::to_string(value);
  };
  if (kind == "lut") {
    return mustBe("m", modes.lut->group, "groups of a table");
  }
  if (kind == "bitserial") {
    const std::string wrong = mustBe("a_slice", modes.bitserial->aSlice, "slices of activations");
    return wrong.empty() ? mustBe("w_slice", modes.bitserial->wSlice, "slices of weights") : wrong;
  }
  return "";
}

Status checkLimits(const Stream &stream, const Limits &limits) {
  int depth = 0;
  for (size_t i = 0; i < stream.entries().size(); ++i) {
    const Entry &entry = stream.entries()[i];
    const std::string_view mnemonic = stream.mnemonic(i);
    depth += mnemonic == "loop" ? 1 : mnemonic == "endloop" ? -1 : 0;
    if (depth > kMostNested) {
      return stream.failAt(i,
                           "loops in loops deeper than " + std::to_string(kMostNested) + " can't be decided");
    }
    if (entry.channel >= limits.channels) {
      return stream.failAt(i, "the machine has " + std::to_string(limits.channels) +
                                  " DMA channels, none of number " + std::to_string(entry.channel));
    }
    auto checkUse = [&](SemaphoreUse use) {
      return isOfChip(use.semaphore) || use.semaphore < limits.semaphores;
    };
    for (SemaphoreUse use :
         {entry.waits[0], entry.waits[1], entry.waits[2], entry.signals[0], entry.signals[1]}) {
      if (!checkUse(use)) {
        return stream.failAt(i, "the machine has " + std::to_string(limits.semaphores) +
                                    " semaphores, none of number " + std::to_string(use.semaphore));
      }
    }
    auto atMost = [&](const char *field, int64_t most, const char *what) -> Status {
      if (const int64_t value = entry[field].value; value > most) {
        return stream.failAt(i, std::string(field) + ": " + what + " has " + std::to_string(most) + ", got " +
                                    std::to_string(value));
      }
      return {};
    };
    const Engine engine = find(entry.opcode)->engine;
    if ((engine == Engine::Matrix && limits.rows == 0) || (engine == Engine::Vector && !limits.hasVectors) ||
        (engine == Engine::TopK && limits.mostSelected == 0)) {
      return stream.failAt(i, std::string("the machine has no ") + name(engine) + " engine");
    }
    Status status;
    if (mnemonic == "mxu.weights" || mnemonic == "mxu.multiply" || mnemonic == "mxu.drain") {
      status = atMost("rows", limits.rows, "the array");
      status = status ? atMost("columns", limits.columns, "the array") : status;
    } else if (mnemonic == "mxu.mode" && limits.modes) {
      if (const std::string wrong = missingMode(entry, *limits.modes); !wrong.empty()) {
        return stream.failAt(i, wrong);
      }
    } else if (mnemonic == "mxu.tables") {
      status = atMost("rows", limits.rows, "the array");
      if (status && limits.modes && limits.modes->lut) {
        status = atMost("depth", limits.modes->lut->tables * limits.modes->lut->group, "a row of tables");
      }
    } else if (mnemonic == "topk.select") {
      status = atMost("k", limits.mostSelected, "the selecting unit");
    }
    if (!status) {
      return status;
    }
  }
  return {};
}

/// Walks through a stream with intervals of registers; a loop's body is walked once, for all of its rounds.
class BoundsWalk {
public:
  BoundsWalk(const Stream &stream, const AccessVisitor &visit) : stream(stream), visit(visit) {}

  Status run() { return walk(0, stream.entries().size()); }

private:
  const Stream &stream;
  const AccessVisitor &visit;
  Registers registers = {};
  Settings settings;

  Status walk(size_t first, size_t end);
  Status walkLoop(size_t loop);
};

Status BoundsWalk::walkLoop(size_t loop) {
  const Entry &entry = stream.entries()[loop];
  const size_t end = stream.behindLoop(loop);
  const Operand &count = entry["count"];
  int64_t most = count.value;
  if (count.reg != kNoRegister && registers[count.reg].isBounded()) {
    most = std::min(most, std::max<int64_t>(registers[count.reg].most, 0));
  }
  // What a body writes has no bounds at its beginning: it may come from the round before.
  const Registers before = registers;
  for (size_t i = loop + 1; i < end; ++i) {
    const Entry &inner = stream.entries()[i];
    if (stream.isLoop(i)) {
      registers[inner["counter"].reg] = {};
    } else if (stream.mnemonic(i) == "set" || stream.mnemonic(i) == "scalar" ||
               stream.mnemonic(i) == "load") {
      registers[inner["to"].reg] = {};
    }
  }
  // Once with the settings that the first round finds, and once with those that a round leaves to the next.
  const Registers atRound = registers;
  for (int64_t round = 0; round < std::min<int64_t>(most, 2); ++round) {
    registers = atRound;
    registers[entry["counter"].reg] = {0, most - 1};
    if (Status status = walk(loop + 1, end - 1); !status) {
      return status;
    }
  }
  // It may also not have run.
  for (size_t i = 0; i < registers.size(); ++i) {
    registers[i] = {std::min(registers[i].least, before[i].least),
                    std::max(registers[i].most, before[i].most)};
  }
  return {};
}

Status BoundsWalk::walk(size_t first, size_t end) {
  for (size_t i = first; i < end; i = stream.isLoop(i) ? stream.behindLoop(i) : i + 1) {
    if (stream.isLoop(i)) {
      if (Status status = walkLoop(i); !status) {
        return status;
      }
      continue;
    }
    const Entry &entry = stream.entries()[i];
    auto accesses = stream.accesses(i, registers, settings);
    if (!accesses) {
      return forward(accesses.error());
    }
    if (Status status = visit(i, *accesses); !status) {
      return status;
    }
    settings.update(entry);
    execute(entry, registers);
  }
  return {};
}

/// What the entries of a body signal and wait for, by semaphore and predicate.
Status checkBody(const Stream &stream, size_t first, size_t end, const std::string &what, size_t place) {
  std::map<std::pair<uint8_t, unsigned>, int64_t> sums; // predicate, semaphore
  std::map<uint8_t, size_t> begun, lastUse;             // predicates of entries that use semaphores
  for (size_t i = first; i < end; i = stream.isLoop(i) ? stream.behindLoop(i) : i + 1) {
    const Entry &entry = stream.entries()[i];
    if (stream.isLoop(i)) {
      if (Status status = checkBody(stream, i + 1, stream.behindLoop(i) - 1, "a round of the loop", i);
          !status) {
        return status;
      }
    }
    bool isUsed = false;
    // Those of the chip are balanced over all cores.
    for (SemaphoreUse use : entry.waits) {
      const bool isOwn = use.count != 0 && !isOfChip(use.semaphore);
      sums[{entry.predicate, use.semaphore}] -= isOwn ? use.count : 0;
      isUsed |= isOwn;
    }
    for (SemaphoreUse use : entry.signals) {
      const bool isOwn = use.count != 0 && !isOfChip(use.semaphore);
      sums[{entry.predicate, use.semaphore}] += isOwn ? use.count : 0;
      isUsed |= isOwn;
    }
    if (isUsed && entry.predicate != kNoRegister) {
      begun.emplace(entry.predicate, i);
      lastUse[entry.predicate] = i;
    }
  }
  for (const auto &[key, sum] : sums) {
    if (sum != 0) {
      return stream.failAt(place,
                           what + " signals semaphore " + semaphoreName(key.second) + " " +
                               std::to_string(sum < 0 ? -sum : sum) +
                               (sum < 0 ? " times less" : " times more") + " than it waits for it" +
                               (key.first == kNoRegister ? "" : " under s" + std::to_string(key.first)));
    }
  }
  for (const auto &[predicate, from] : begun) {
    for (size_t i = from; i < lastUse[predicate]; ++i) {
      const std::string_view mnemonic = stream.mnemonic(i);
      const bool isWritten = (mnemonic == "set" || mnemonic == "scalar" || mnemonic == "load")
                                 ? stream.entries()[i]["to"].reg == predicate
                                 : stream.isLoop(i) && stream.entries()[i]["counter"].reg == predicate;
      if (isWritten) {
        return stream.failAt(i, "s" + std::to_string(predicate) + " is a predicate of " +
                                    stream.placeOf(from) + " and of " + stream.placeOf(lastUse[predicate]) +
                                    ", which belong together: it can't change between them");
      }
    }
  }
  return {};
}

} // namespace

Limits npu::limitsOf(const machine::NpuMachine &machine) {
  const machine::NpuCore &core = machine.cores.front();
  auto bytes = [](const auto &memory) { return memory ? static_cast<uint64_t>(memory->bytes) : 0; };
  Limits limits;
  limits.bytes = {bytes(machine.memory.hbm) + bytes(machine.memory.ddr), bytes(machine.memory.l2),
                  static_cast<uint64_t>(core.spad.bytes), bytes(core.acc)};
  limits.cores = static_cast<size_t>(core.repeat);
  limits.channels = static_cast<unsigned>(core.dma.channels);
  limits.semaphores = static_cast<unsigned>(std::min<int64_t>(core.semaphores, kSemaphores));
  limits.queueDepth = static_cast<unsigned>(core.queueDepth);
  limits.rows = core.mxu ? core.mxu->rows : 0;
  limits.columns = core.mxu ? core.mxu->cols : 0;
  if (core.mxu) {
    limits.modes = core.mxu->modes;
  }
  limits.hasVectors = core.vec.has_value();
  limits.mostSelected = core.topk ? core.topk->kMax : 0;
  return limits;
}

Status npu::forEachAccess(const Stream &stream, const AccessVisitor &visit) {
  return BoundsWalk(stream, visit).run();
}

Status npu::checkBounds(const Stream &stream, const Limits &limits) {
  return forEachAccess(stream, [&](size_t entry, const Accesses &accesses) -> Status {
    for (const Access &access : accesses) {
      const uint64_t size = limits.bytes[static_cast<size_t>(access.space)];
      if (access.first > size || access.bytes > size - access.first) {
        return stream.failAt(entry,
                             std::string(find(stream.entries()[entry].opcode)->fields[access.operand].name) +
                                 ": " + name(access.space) + " has " + hex(size) + " bytes, " +
                                 (access.isWrite ? "written" : "read") + " are " + hex(access.first) +
                                 " .. " + hex(access.first + access.bytes - 1));
      }
    }
    return {};
  });
}

/// How often each semaphore of the chip is signalled (waited for: less), with the loops around the entries.
static Status countShared(const Stream &stream, size_t first, size_t end, int64_t times,
                          std::array<int64_t, kChipSemaphores> &sums) {
  constexpr int64_t kMost = int64_t(1) << 40;
  for (size_t i = first; i < end; i = stream.isLoop(i) ? stream.behindLoop(i) : i + 1) {
    const Entry &entry = stream.entries()[i];
    bool isUsed = false;
    auto add = [&](SemaphoreUse use, int64_t sign) {
      if (use.count != 0 && isOfChip(use.semaphore)) {
        isUsed = true;
        sums[use.semaphore - kSemaphores] += sign * times * use.count;
      }
    };
    for (SemaphoreUse use : entry.waits) {
      add(use, -1);
    }
    for (SemaphoreUse use : entry.signals) {
      add(use, 1);
    }
    if (isUsed && entry.predicate != kNoRegister) {
      return stream.failAt(
          i, "semaphores of the chip have no predicates: other cores can't know whether it holds");
    }
    if (!stream.isLoop(i) || !stream.usesChip(i + 1, stream.behindLoop(i) - 1)) {
      continue;
    }
    const Operand &count = entry["count"];
    if (count.reg != kNoRegister) {
      return stream.failAt(i, "a semaphore of the chip is used in its body, so its count must be a number");
    }
    if (count.value > kMost / std::max<int64_t>(times, 1)) {
      return stream.failAt(i, "the stream is too long to be decided");
    }
    if (Status status = countShared(stream, i + 1, stream.behindLoop(i) - 1, times * count.value, sums);
        !status) {
      return status;
    }
  }
  return {};
}

Status npu::checkChipBalance(const std::vector<Stream> &streams) {
  std::array<int64_t, kChipSemaphores> sums = {};
  for (const Stream &stream : streams) {
    if (Status status = countShared(stream, 0, stream.entries().size(), 1, sums); !status) {
      return status;
    }
  }
  for (unsigned i = 0; i < kChipSemaphores; ++i) {
    if (sums[i] != 0) {
      return fail("all cores signal semaphore " + semaphoreName(kSemaphores + i) + " " +
                  std::to_string(sums[i] < 0 ? -sums[i] : sums[i]) +
                  (sums[i] < 0 ? " times less" : " times more") + " than they wait for it");
    }
  }
  return {};
}

Status npu::checkBalance(const Stream &stream) {
  return checkBody(stream, 0, stream.entries().size(), "the stream", stream.entries().size() - 1);
}

Status npu::checkProgram(const Image &image, const Limits &limits) {
  if (image.cores.size() > limits.cores) {
    return fail("the program has the code of " + std::to_string(image.cores.size()) + " cores, the machine " +
                std::to_string(limits.cores));
  }
  std::vector<Stream> streams;
  for (size_t core = 0; core < image.cores.size(); ++core) {
    const Stream &stream = streams.emplace_back(image, core);
    Status status = checkLimits(stream, limits);
    status = status ? checkBounds(stream, limits) : status;
    status = status ? checkBalance(stream) : status;
    if (!status) {
      return status;
    }
  }
  Status status = checkChipBalance(streams);
  return status ? checkOrder(streams, limits) : status;
}
