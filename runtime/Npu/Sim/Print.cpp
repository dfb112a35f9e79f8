#include "Npu/Sim/Print.h"

#include "Npu/Sim/Format.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr size_t kLongestStalls = 10;

double percentOf(uint64_t cycles, const Report &report) {
  return report.cycles == 0 ? 0 : 100 * static_cast<double>(cycles) / static_cast<double>(report.cycles);
}

std::string nameOf(const EngineTime &engine, bool hasCores) {
  return (hasCores ? "core " + std::to_string(engine.core) + " " : "") + engine.name;
}

std::string printEngines(const Report &report, bool hasCores) {
  std::vector<bool> isUsed(kCauses);
  for (const EngineTime &engine : report.engines) {
    for (const auto &[reason, cycles] : engine.stalls) {
      isUsed[static_cast<size_t>(reason.cause)] = true;
    }
  }
  std::string text = format("%-16s %7s", "per cent", "busy");
  for (size_t cause = 0; cause < kCauses; ++cause) {
    text += isUsed[cause] ? format("  %14s", name(static_cast<Cause>(cause))) : "";
  }
  text += "\n";
  for (const EngineTime &engine : report.engines) {
    std::array<uint64_t, kCauses> sums = {};
    for (const auto &[reason, cycles] : engine.stalls) {
      sums[static_cast<size_t>(reason.cause)] += cycles;
    }
    text += format("%-16s %7.2f", nameOf(engine, hasCores).c_str(), percentOf(engine.busy, report));
    for (size_t cause = 0; cause < kCauses; ++cause) {
      text += isUsed[cause] ? format("  %14.2f", percentOf(sums[cause], report)) : "";
    }
    text += "\n";
  }
  return text;
}

std::string printStalls(const Image &image, const Report &report, bool hasCores) {
  struct Line {
    const EngineTime *engine;
    Reason reason;
    uint64_t cycles;
  };
  std::vector<Line> lines;
  for (const EngineTime &engine : report.engines) {
    for (const auto &[reason, cycles] : engine.stalls) {
      if (reason.cause != Cause::Finished && reason.cause != Cause::NotHandedOut) {
        lines.push_back({&engine, reason, cycles});
      }
    }
  }
  if (lines.empty()) {
    return "";
  }
  std::sort(lines.begin(), lines.end(), [](const Line &a, const Line &b) {
    return a.cycles != b.cycles   ? a.cycles > b.cycles
           : a.engine != b.engine ? a.engine < b.engine
                                  : a.reason < b.reason;
  });
  lines.resize(std::min(lines.size(), kLongestStalls));
  std::string text = "\nstalls, the longest\n";
  for (const Line &line : lines) {
    text += format("%12llu cycles  %s: ", static_cast<unsigned long long>(line.cycles),
                   nameOf(*line.engine, hasCores).c_str()) +
            describe(image, line.reason) + "\n";
  }
  return text;
}

std::string printMemories(const Report &report) {
  std::string text = format("\n%-16s %16s %16s\n", "bytes", "read", "written");
  auto line = [&](const char *memory, PortKind reads, PortKind writes) {
    const uint64_t read = report.traffic.read[static_cast<size_t>(reads)],
                   written = report.traffic.written[static_cast<size_t>(writes)];
    if (read + written > 0) {
      text += format("%-16s %16llu %16llu\n", memory, static_cast<unsigned long long>(read),
                     static_cast<unsigned long long>(written));
    }
  };
  line("spad", PortKind::SpadReads, PortKind::SpadWrites);
  line("acc", PortKind::AccReads, PortKind::AccWrites);
  line("l2", PortKind::L2, PortKind::L2);
  line("hbm", PortKind::Hbm, PortKind::Hbm);
  line("ddr", PortKind::Ddr, PortKind::Ddr);
  if (const uint64_t bursts = report.rowHits + report.rowOpenings; bursts > 0) {
    text += format("rows of hbm: %llu opened, %.2f %% of %llu bursts found theirs open\n",
                   static_cast<unsigned long long>(report.rowOpenings),
                   100 * static_cast<double>(report.rowHits) / static_cast<double>(bursts),
                   static_cast<unsigned long long>(bursts));
  }
  return text;
}

std::string printEnergy(const EnergyReport &energy) {
  std::string text =
      format("\n%-8s %-24s %16s %16s  %s\n", "energy", energy.table.c_str(), "count", "pJ", "source");
  for (const EnergyLine &line : energy.lines) {
    text += format("%-8s %-24s %16llu ", line.part.c_str(), line.action.c_str(),
                   static_cast<unsigned long long>(line.count));
    text += line.picojoules ? format("%16.1f  %s\n", *line.picojoules, line.source.c_str())
                            : format("%16s\n", "unsourced");
  }
  return text + format("%-8s %-24s %16s %16.1f\n", "total", "of what has a source", "", energy.picojoules);
}

} // namespace

std::string npu::print(const machine::NpuMachine &machine, const Image &image, const Report &report) {
  const bool hasCores = image.cores.size() > 1;
  const double microseconds = static_cast<double>(report.cycles) / machine.clocksMegahertz.core;
  return format("%llu cycles, %.3f us\n\n", static_cast<unsigned long long>(report.cycles), microseconds) +
         printEngines(report, hasCores) + printStalls(image, report, hasCores) + printMemories(report) +
         printEnergy(energyOf(machine, report));
}
