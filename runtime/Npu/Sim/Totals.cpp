#include "Npu/Sim/Totals.h"

#include "Npu/Sim/Format.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr size_t kPrintedStalls = 3;

double percentOf(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

void Totals::add(const Report &report, const std::string &op) {
  Counts::add(report);
  const std::string ofLayers = withoutNumbers(op);
  for (const EngineTime &engine : report.engines) {
    busyCycles[engine.name] += engine.busy;
    for (const auto &[reason, cycles] : engine.stalls) {
      const bool isIdle = reason.cause == Cause::NotHandedOut || reason.cause == Cause::Finished;
      if (engine.number != 0 && !isIdle) {
        stalls[{ofLayers, engine.number, reason.cause,
                reason.cause == Cause::Semaphore ? reason.other.engine : reason.which}] += cycles;
      }
    }
  }
}

std::vector<Totals::Stall> Totals::longestStalls(size_t count) const {
  std::vector<Stall> all;
  for (const auto &[key, cycles] : stalls) {
    const auto &[op, engine, cause, which] = key;
    all.push_back({op, engineName(engine), cause, which, cycles});
  }
  std::sort(all.begin(), all.end(), [](const Stall &a, const Stall &b) {
    return std::tie(b.cycles, a.op, a.engine, a.cause, a.which) <
           std::tie(a.cycles, b.op, b.engine, b.cause, b.which);
  });
  all.resize(std::min(all.size(), count));
  return all;
}

std::optional<double> npu::arrayUtilisation(const machine::NpuMachine &machine, const Counts &counts) {
  const auto &array = machine.cores.front().mxu;
  if (!array || counts.cycles == 0) {
    return std::nullopt;
  }
  return static_cast<double>(counts.multiplyAdds()) /
         (static_cast<double>(counts.cycles) * static_cast<double>(array->rows * array->cols));
}

std::string npu::describe(const Totals::Stall &stall) {
  return stall.engine + ": " +
         (stall.cause == Cause::Semaphore ? std::string(name(stall.cause)) + " of " + engineName(stall.which)
                                          : describe(stall.cause, stall.which));
}

std::string npu::print(const machine::NpuMachine &machine, const std::string &name, const Totals &totals) {
  const double clock = machine.clocksMegahertz.core;
  std::string text = format("npu-sim  %s: %llu cycles, %.9f s at %g MHz\n", name.c_str(),
                            static_cast<unsigned long long>(totals.cycles),
                            static_cast<double>(totals.cycles) / clock * 1e-6, clock);
  const char *separator = "busy     ";
  for (const auto &[engine, cycles] : totals.busy()) {
    text += format("%s%s %.2f%%", separator, engine.c_str(), percentOf(cycles, totals.cycles));
    separator = ", ";
  }
  text += totals.busy().empty() ? "" : "\n";
  if (auto share = arrayUtilisation(machine, totals)) {
    const machine::NpuMatrixUnit &array = *machine.cores.front().mxu;
    text += format("array    %.2f%% of %lld x %lld multipliers\n", 100 * *share,
                   static_cast<long long>(array.rows), static_cast<long long>(array.cols));
  }
  for (const auto &[memory, port] :
       {std::pair{"l2", PortKind::L2}, std::pair{"hbm", PortKind::Hbm}, std::pair{"ddr", PortKind::Ddr}}) {
    const uint64_t read = totals.traffic.read[static_cast<size_t>(port)],
                   written = totals.traffic.written[static_cast<size_t>(port)];
    if (read + written > 0) {
      text += format("memory   %s: %llu bytes read, %llu written", memory,
                     static_cast<unsigned long long>(read), static_cast<unsigned long long>(written));
      text += port == PortKind::Hbm
                  ? format(", %llu rows opened\n", static_cast<unsigned long long>(totals.rowOpenings))
                  : "\n";
    }
  }
  const EnergyReport energy = energyOf(machine, totals);
  std::string unsourced;
  for (const EnergyLine &line : energy.lines) {
    if (!line.picojoules) {
      unsourced += (unsourced.empty() ? "" : ", ") + line.part + " " + line.action;
    }
  }
  text += format("energy   %.6f uJ", energy.picojoules * 1e-6) +
          (energy.table.empty() ? "" : " (" + energy.table + ")") +
          (unsourced.empty() ? "" : "; unsourced, and not in it: " + unsourced) + "\n";
  for (const Totals::Stall &stall : totals.longestStalls(kPrintedStalls)) {
    text += format("stalls   %llu cycles of ", static_cast<unsigned long long>(stall.cycles)) +
            describe(stall) + ", in " + stall.op + "\n";
  }
  return text;
}
