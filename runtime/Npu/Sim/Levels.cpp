#include "Npu/Sim/Levels.h"

#include <algorithm>
#include <numeric>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr uint64_t kRequestBytes = 64; ///< of memories without bursts

const char *const kPartNames[] = {"spad",   "acc",    "l2",   "hbm",    "ddr", "dma",
                                  "matrix", "vector", "topk", "queues", "wake"};

} // namespace

const char *npu::name(Part part) { return kPartNames[static_cast<size_t>(part)]; }

Expected<Part> npu::parsePart(std::string_view name) {
  std::string all;
  for (unsigned part = 0; part < kParts; ++part) {
    if (name == kPartNames[part]) {
      return static_cast<Part>(part);
    }
    all += (part == 0 ? "" : ", ") + std::string(kPartNames[part]);
  }
  return fail("expected one of " + all + ", got '" + std::string(name.substr(0, 64)) + "'");
}

//===-- Lanes ----------------------------------------------------------------===//

/// Units that the pattern moves, of each lane.
std::vector<uint64_t> LaneMap::count(const Pattern &pattern) const {
  std::vector<uint64_t> counts(lanes);
  auto add = [&](uint64_t first, uint64_t bytes) {
    const uint64_t from = first / unitBytes, units = (first + bytes - 1) / unitBytes - from + 1;
    if (units >= lanes) {
      for (uint64_t &count : counts) {
        count += units / lanes;
      }
    }
    for (uint64_t i = 0; i < units % lanes; ++i) {
      ++counts[(from + i) % lanes];
    }
  };
  auto addRow = [&](uint64_t row) {
    const uint64_t first = pattern.first + row * pattern.stride;
    if (pattern.wordBytes == 0 || pattern.wordBytes >= pattern.rowBytes) {
      return add(first, pattern.rowBytes);
    }
    for (uint64_t word = 0; word < pattern.rowBytes; word += pattern.wordBytes) {
      add(first + word, std::min(pattern.wordBytes, pattern.rowBytes - word));
    }
  };
  // Rows so far apart that they are in the same lanes again are alike.
  const uint64_t span = lanes * unitBytes, period = span / std::gcd(span, pattern.stride);
  for (uint64_t row = 0; row < std::min(period, pattern.rows); ++row) {
    addRow(row);
  }
  if (pattern.rows > period) {
    for (uint64_t &count : counts) {
      count *= pattern.rows / period;
    }
    for (uint64_t row = 0; row < pattern.rows % period; ++row) {
      addRow(row);
    }
  }
  return counts;
}

const Lanes *LaneMap::of(const Pattern &pattern) {
  const uint64_t span = lanes * unitBytes;
  Pattern same = pattern;
  same.first %= span;
  same.stride %= span;
  if (same.wordBytes == 0 && same.stride == same.rowBytes % span && pattern.stride == pattern.rowBytes) {
    same = {same.first, 1, pattern.rows * pattern.rowBytes, 0, 0}; // side by side
  }
  if (same.rows == 1) {
    same.stride = 0;
  }
  auto make = [&](const std::vector<uint64_t> &counts) {
    auto result = std::make_unique<Lanes>();
    for (uint64_t count : counts) {
      result->cycles.push_back(static_cast<float>(static_cast<double>(count) * cyclesPerUnit));
      result->units += count;
      result->most = std::max(result->most, result->cycles.back());
    }
    result->isEven =
        std::all_of(counts.begin(), counts.end(), [&](uint64_t count) { return count == counts[0]; });
    return result;
  };
  if (same.rows == 1 && same.wordBytes == 0 && same.first % unitBytes == 0 && same.rowBytes % span == 0) {
    std::unique_ptr<Lanes> &even = evens[same.rowBytes / span];
    if (!even) {
      even = make(std::vector<uint64_t>(lanes, same.rowBytes / span));
    }
    return even.get();
  }
  const Key key = {same.first, same.rows, same.rowBytes, same.stride, same.wordBytes};
  Recent &last = recent[KeyHash()(key) % recent.size()];
  if (!last.lanes || last.key != key) {
    std::unique_ptr<Lanes> &entry = known[key];
    if (!entry) {
      entry = make(count(same));
    }
    last = {key, entry.get()};
  }
  return last.lanes;
}

const Lanes *LaneMap::sum(const Lanes *a, const Lanes *b) {
  std::unique_ptr<Lanes> &entry = sums[{a, b}];
  if (!entry) {
    entry = std::make_unique<Lanes>(*a);
    entry->units += b->units;
    entry->most = 0;
    for (size_t lane = 0; lane < lanes; ++lane) {
      entry->cycles[lane] += b->cycles[lane];
      entry->most = std::max(entry->most, entry->cycles[lane]);
    }
    entry->isEven = a->isEven && b->isEven;
  }
  return entry.get();
}

//===-- Rows -----------------------------------------------------------------===//

OpenRows::OpenRows(const machine::NpuHbm &hbm, double clock)
    : pageBytes(static_cast<uint64_t>(hbm.channels * hbm.rowBytes)),
      banks(static_cast<size_t>(hbm.channels * hbm.banks)), channels(static_cast<uint64_t>(hbm.channels)),
      banksOfChannel(static_cast<uint64_t>(hbm.banks)), opening(hbm.tRcdNanoseconds * clock / 1000),
      closing(hbm.tRpNanoseconds * clock / 1000) {}

OpenRows::Opening OpenRows::open(uint64_t address, const Lanes &lanes, double time) const {
  const uint64_t page = address / pageBytes;
  const auto row = static_cast<int64_t>(page / banksOfChannel);
  const Bank *ofPage = &banks[page % banksOfChannel * channels];
  Opening result{time, {}};
  for (size_t channel = 0; channel < channels; ++channel) {
    const Bank &bank = ofPage[channel];
    if (lanes.cycles[channel] == 0 || bank.row == row) {
      continue;
    }
    const double ready = std::max(time, bank.ready) + (bank.row < 0 ? 0 : closing) + opening;
    if (ready > result.ready) {
      result = {ready, bank.owner};
    }
  }
  return result;
}

void OpenRows::use(uint64_t address, const Lanes &lanes, double end, Party owner) {
  const uint64_t page = address / pageBytes;
  const auto row = static_cast<int64_t>(page / banksOfChannel);
  Bank *ofPage = &banks[page % banksOfChannel * channels];
  uint64_t opened = 0;
  for (size_t channel = 0; channel < channels; ++channel) {
    Bank &bank = ofPage[channel];
    if (lanes.cycles[channel] == 0) {
      continue;
    }
    opened += bank.row != row;
    bank = {row, std::max(bank.ready, end), owner};
  }
  openings += opened;
  hits += lanes.units - opened;
}

void OpenRows::hold(uint64_t address, const Lanes &lanes, double end) {
  const uint64_t page = address / pageBytes;
  const auto row = static_cast<int64_t>(page / banksOfChannel);
  Bank *ofPage = &banks[page % banksOfChannel * channels];
  for (size_t channel = 0; channel < channels; ++channel) {
    Bank &bank = ofPage[channel];
    if (lanes.cycles[channel] != 0 && bank.row == row) {
      bank.ready = std::max(bank.ready, end);
    }
  }
}

//===-- Levels ---------------------------------------------------------------===//

Levels::Chip::Chip(const machine::NpuMachine &machine, PartSet infinite) {
  const double clock = machine.clocksMegahertz.core;
  if (const auto &of = machine.memory.l2) {
    const double ratio = machine.clocksMegahertz.l2.value_or(clock) / clock;
    l2Map = {static_cast<uint64_t>(of->banks), static_cast<uint64_t>(of->bytesPerCycle / of->banks),
             1 / ratio};
    const double latency = static_cast<double>(of->latencyCycles) / ratio;
    l2Level = {&l2, &l2, &l2Map, &l2Map, latency, latency, kRequestBytes, nullptr, has(infinite, Part::L2)};
  }
  // 1e9 bytes a second are 1000 / clock bytes a cycle.
  if (const auto &of = machine.memory.hbm) {
    hbmBytes = static_cast<uint64_t>(of->bytes);
    const auto burst = static_cast<uint64_t>(of->burstBytes);
    hbmMap = {static_cast<uint64_t>(of->channels), burst,
              static_cast<double>(burst) * clock / (of->gbytesPerSecondPerChannel * 1000)};
    const double latency = of->tClNanoseconds * clock / 1000;
    rows = OpenRows(*of, clock);
    hbmLevel = {&hbm, &hbm, &hbmMap, &hbmMap, latency, latency, burst, &rows, has(infinite, Part::Hbm)};
  }
  if (const auto &of = machine.memory.ddr) {
    ddrMap = {static_cast<uint64_t>(of->channels), kRequestBytes,
              static_cast<double>(kRequestBytes) * clock / (of->gbytesPerSecondPerChannel * 1000)};
    const double latency = of->latencyNanoseconds * clock / 1000;
    ddrLevel = {
        &ddr, &ddr, &ddrMap, &ddrMap, latency, latency, kRequestBytes, nullptr, has(infinite, Part::Ddr)};
  }
}

Levels::Levels(const machine::NpuMachine &machine, PartSet infinite, Chip &chip) : chip(chip) {
  const machine::NpuCore &core = machine.cores.front();
  auto mapOf = [](int64_t banks, int64_t width, int64_t ports) {
    return LaneMap(static_cast<uint64_t>(banks), static_cast<uint64_t>(width),
                   1.0 / static_cast<double>(ports));
  };
  spadReadMap = mapOf(core.spad.banks, core.spad.widthBytes, core.spad.readPorts);
  spadWriteMap = mapOf(core.spad.banks, core.spad.widthBytes, core.spad.writePorts);
  spad = {&spadReads,
          &spadWrites,
          &spadReadMap,
          &spadWriteMap,
          static_cast<double>(core.spad.latencyCycles),
          0,
          kRequestBytes,
          nullptr,
          has(infinite, Part::Spad)};
  if (core.acc) {
    accMap = mapOf(core.acc->banks, core.acc->widthBytes, 1);
    acc = {&accReads, &accWrites, &accMap, &accMap, 0, 0, kRequestBytes, nullptr, has(infinite, Part::Acc)};
  }
  for (Level *level : {&spad, &acc, &chip.l2Level, &chip.hbmLevel, &chip.ddrLevel}) {
    if (level->isInfinite) {
      level->latency = level->acknowledged = 0;
      level->rows = nullptr;
    }
  }
}

const Lanes &Levels::Level::claim(Claims &claims, bool isWrite, const Pattern &pattern) const {
  LaneMap &lanes = isWrite ? *writeMap : *map;
  const Lanes *needed = lanes.of(pattern);
  const Lanes *&claimed = claims.lanesOf(isWrite ? *writes : *reads);
  claimed = claimed ? lanes.sum(claimed, needed) : needed;
  return *needed;
}

const Levels::Level &Levels::at(Space space, uint64_t address) const {
  switch (space) {
  case Space::L2:
    return chip.l2Level;
  case Space::Spad:
    return spad;
  case Space::Acc:
    return acc;
  case Space::Dram:
    break;
  }
  return address < chip.hbmBytes ? chip.hbmLevel : chip.ddrLevel;
}
