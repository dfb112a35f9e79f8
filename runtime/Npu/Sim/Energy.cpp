#include "Npu/Sim/Energy.h"

using namespace coopt;
using namespace coopt::npu;
using machine::EnergyAction;

EnergyReport npu::energyOf(const machine::NpuMachine &machine, const Counts &counts) {
  EnergyReport result;
  const machine::EnergyTable *table = nullptr;
  if (machine.energyTable) {
    table = machine::findEnergyTable(*machine.energyTable);
    result.table = *machine.energyTable;
  }
  auto add = [&](const std::string &part, const std::string &action, uint64_t count,
                 std::optional<EnergyAction> energy, int64_t memoryBytes = 0) {
    if (count == 0) {
      return;
    }
    EnergyLine line{part, action, count, std::nullopt, ""};
    const bool isWord =
        energy == EnergyAction::SramRead || energy == EnergyAction::SramWrite || energy == EnergyAction::Dram;
    const machine::EnergyEntry *entry =
        table && energy ? table->find(*energy, memoryBytes, isWord ? 64 : 0) : nullptr;
    if (entry) {
      line.picojoules = static_cast<double>(count) * entry->picojoules;
      line.source = entry->source;
      result.picojoules += *line.picojoules;
    }
    result.lines.push_back(std::move(line));
  };
  for (const ActionCount &action : counts.actions) {
    add(name(action.engine), action.name, action.count, action.energy);
  }
  add("control", "entry", counts.entries, std::nullopt);
  auto memory = [&](const char *part, PortKind reads, PortKind writes, bool isSram, int64_t bytes) {
    auto words = [](uint64_t moved) { return (moved + 7) / 8; };
    add(part, "read 64 bits", words(counts.traffic.read[static_cast<size_t>(reads)]),
        isSram ? EnergyAction::SramRead : EnergyAction::Dram, isSram ? bytes : 0);
    add(part, "write 64 bits", words(counts.traffic.written[static_cast<size_t>(writes)]),
        isSram ? EnergyAction::SramWrite : EnergyAction::Dram, isSram ? bytes : 0);
  };
  const machine::NpuCore &core = machine.cores.front();
  memory("spad", PortKind::SpadReads, PortKind::SpadWrites, true, core.spad.bytes);
  memory("acc", PortKind::AccReads, PortKind::AccWrites, true, core.acc ? core.acc->bytes : 0);
  memory("l2", PortKind::L2, PortKind::L2, true, machine.memory.l2 ? machine.memory.l2->bytes : 0);
  memory("hbm", PortKind::Hbm, PortKind::Hbm, false, 0);
  memory("ddr", PortKind::Ddr, PortKind::Ddr, false, 0);
  return result;
}
