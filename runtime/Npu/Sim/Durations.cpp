#include "Npu/Sim/Durations.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::npu;

namespace {

uint64_t ceilDivided(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

/// What a memory gives or takes.
struct Rate {
  double bytesPerCycle = 0;
  double latencyCycles = 0;
};

Rate rateOf(const machine::NpuMachine &machine, Space space) {
  const double clock = machine.clocksMegahertz.core;
  const machine::NpuCore &core = machine.cores.front();
  switch (space) {
  case Space::Dram: {
    // 1e9 bytes a second are 1000 / clock bytes a cycle.
    if (const auto &hbm = machine.memory.hbm) {
      return {static_cast<double>(hbm->channels) * hbm->gbytesPerSecondPerChannel * 1000 / clock,
              (hbm->tRcdNanoseconds + hbm->tClNanoseconds) * clock / 1000};
    }
    const machine::NpuDdr &ddr = *machine.memory.ddr;
    return {static_cast<double>(ddr.channels) * ddr.gbytesPerSecondPerChannel * 1000 / clock,
            ddr.latencyNanoseconds * clock / 1000};
  }
  case Space::L2: {
    const double ratio = machine.clocksMegahertz.l2.value_or(clock) / clock;
    const machine::NpuL2 &l2 = *machine.memory.l2;
    return {static_cast<double>(l2.bytesPerCycle) * ratio, static_cast<double>(l2.latencyCycles) / ratio};
  }
  case Space::Spad:
    return {static_cast<double>(core.spad.banks * core.spad.widthBytes),
            static_cast<double>(core.spad.latencyCycles)};
  case Space::Acc:
    return {static_cast<double>(core.acc->banks * core.acc->widthBytes),
            static_cast<double>(core.acc->rmwCycles)};
  }
  return {};
}

/// Bytes that a copy moves, not those between its rows.
uint64_t movedBytes(const Settings &settings, const Entry &entry) {
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  auto bytes = static_cast<uint64_t>(entry["bytes"].value) * static_cast<uint64_t>(entry["count"].value);
  if (mnemonic == "dma.copy" && chosen(entry, "shaped") == "yes") {
    for (const char *count : {"count2", "count3", "count4"}) {
      bytes *= static_cast<uint64_t>((*settings.shape(entry.channel))[count].value);
    }
  }
  return bytes;
}

Duration transfer(const machine::NpuMachine &machine, const Settings &settings, const Entry &entry,
                  const std::vector<Access> &accesses) {
  const machine::NpuDma &dma = machine.cores.front().dma;
  double rate = static_cast<double>(dma.bytesPerCycle), latency = 0;
  for (const Access &access : accesses) {
    const Rate of = rateOf(machine, access.space);
    rate = std::min(rate, of.bytesPerCycle);
    latency += access.isWrite ? 0 : of.latencyCycles; // a list is read before what it names
  }
  const double moved = static_cast<double>(movedBytes(settings, entry));
  const auto cycles =
      static_cast<uint64_t>(dma.setupCycles) + static_cast<uint64_t>(std::ceil(latency + moved / rate));
  return {std::max<uint64_t>(cycles, 1), std::max<uint64_t>(cycles, 1)};
}

uint64_t portCycles(int64_t elements, unsigned bits, int64_t portBytes) {
  return std::max<uint64_t>(
      ceilDivided(static_cast<uint64_t>(elements) * bits, static_cast<uint64_t>(portBytes) * 8), 1);
}

Duration matrix(const machine::NpuMatrixUnit &unit, const Settings &settings, const Entry &entry) {
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  const Entry &mode = *settings.matrix();
  const auto down = static_cast<uint64_t>(unit.hopRegistersDown.value_or(1)),
             across = static_cast<uint64_t>(unit.hopRegistersAcross.value_or(1));
  const auto rows = static_cast<uint64_t>(unit.rows), columns = static_cast<uint64_t>(unit.cols);
  auto value = [&](const char *field) { return static_cast<uint64_t>(entry[field].value); };
  if (mnemonic == "mxu.weights") {
    const uint64_t cycles =
        value("rows") * portCycles(entry["columns"].value, bitsOf(mode, "w"), unit.weightPortBytes);
    return {std::max<uint64_t>(cycles, 1), std::max<uint64_t>(cycles, 1)};
  }
  if (mnemonic == "mxu.stream") {
    const uint64_t cycles = std::max<uint64_t>(
        value("rows") * portCycles(unit.rows, bitsOf(mode, "a"), unit.activationPortBytes), 1);
    return {cycles, cycles + (rows - 1) * down + (columns - 1) * across + 1};
  }
  if (mnemonic == "mxu.multiply") {
    const uint64_t cycles = std::max<uint64_t>(
        value("depth") *
            std::max(portCycles(entry["columns"].value, bitsOf(mode, "w"), unit.weightPortBytes),
                     portCycles(entry["rows"].value, bitsOf(mode, "a"), unit.activationPortBytes)),
        1);
    return {cycles, cycles + (std::max<uint64_t>(value("rows"), 1) - 1) * down + (columns - 1) * across};
  }
  if (mnemonic == "mxu.drain") {
    return {rows, rows};
  }
  const machine::NpuLutMode lut = unit.modes.lut.value_or(machine::NpuLutMode{4, 1, 1, false});
  const uint64_t groups =
      ceilDivided(mnemonic == "mxu.tables" ? value("depth") : 1, static_cast<uint64_t>(lut.group));
  uint64_t cycles = 0;
  if (mnemonic == "mxu.tables") {
    cycles = ceilDivided(value("rows") * groups << (lut.group - 1), static_cast<uint64_t>(lut.buildLanes));
  } else {
    const uint64_t depth = static_cast<uint64_t>(settings.tableDepth(entry));
    cycles = ceilDivided(value("rows") * value("columns") *
                             ceilDivided(depth, static_cast<uint64_t>(lut.group)) * bitsOf(mode, "w"),
                         static_cast<uint64_t>(lut.lanes));
  }
  return {std::max<uint64_t>(cycles, 1), std::max<uint64_t>(cycles, 1)};
}

Duration vector(const machine::NpuVectorUnit &unit, const Entry &entry) {
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  const machine::NpuVectorCycles &of = unit.opCycles;
  int64_t cycles = of.add;
  if (mnemonic == "vec.unpack") {
    cycles = of.mul;
  } else if (mnemonic == "vec.map") {
    const std::string_view function = chosen(entry, "function");
    cycles = function == "mul"    ? of.mul
             : function == "fma"  ? of.fma
             : function == "div"  ? of.div
             : function == "sqrt" ? of.sqrt
             : function == "exp2" ? of.exp2
                                  : of.add;
  }
  uint64_t steps =
      ceilDivided(static_cast<uint64_t>(entry["columns"].value), static_cast<uint64_t>(unit.lanes));
  if (mnemonic == "vec.reduce") {
    for (int64_t lanes = unit.lanes; lanes > 1; lanes /= 2) {
      ++steps; // half of the lanes are added to the other half
    }
  }
  const uint64_t all = std::max<uint64_t>(
      static_cast<uint64_t>(entry["rows"].value) * steps * static_cast<uint64_t>(cycles), 1);
  return {all, all};
}

/// Elements come in by lanes; each of the k places is found while they do.
Duration selection(const machine::NpuTopkUnit &unit, const Entry &entry) {
  const bool isSelect = find(entry.opcode)->mnemonic == std::string_view("topk.select");
  const auto rows = static_cast<uint64_t>(entry["rows"].value);
  const auto columns = static_cast<uint64_t>(entry[isSelect ? "columns" : "k"].value);
  uint64_t cycles = rows * ceilDivided(columns, static_cast<uint64_t>(unit.lanes)) *
                    static_cast<uint64_t>(unit.cyclesPerElement);
  cycles +=
      isSelect ? static_cast<uint64_t>(entry["k"].value) : static_cast<uint64_t>(entry["experts"].value);
  return {std::max<uint64_t>(cycles, 1), std::max<uint64_t>(cycles, 1)};
}

} // namespace

Duration npu::durationOf(const machine::NpuMachine &machine, const Settings &settings, const Entry &entry,
                         const std::vector<Access> &accesses) {
  const Instruction &instruction = *find(entry.opcode);
  const machine::NpuCore &core = machine.cores.front();
  if (instruction.timing == Timing::Settings) {
    return {};
  }
  switch (instruction.engine) {
  case Engine::Dma:
    return transfer(machine, settings, entry, accesses);
  case Engine::Matrix:
    return matrix(*core.mxu, settings, entry);
  case Engine::Vector:
    return vector(*core.vec, entry);
  case Engine::TopK:
    return selection(*core.topk, entry);
  case Engine::Control:
    return {};
  }
  return {};
}
