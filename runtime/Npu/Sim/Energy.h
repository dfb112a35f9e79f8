//===- Energy.h - The energy of a run ----------------------------------------===//
//
// Actions that a run has counted, times what the machine's table has for them (coopt/Machine/Energy.h). Of memories actions are 64 bits, read or
// written, of the bytes that were asked for. An action that the table has not, or has for memories of other sizes alone, is unsourced: it is
// listed with its count, and is in no total.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_ENERGY_H
#define COOPT_NPU_SIM_ENERGY_H

#include "Npu/Sim/Report.h"

namespace coopt::npu {

struct EnergyLine {
  std::string part;   ///< "matrix", "vector", "topk", "control", "spad", "acc", "l2", "hbm", "ddr"
  std::string action; ///< "multiply_add i8 x i8", "read 64 bits"
  uint64_t count = 0;
  std::optional<double> picojoules; ///< of all; none: unsourced
  std::string source;
};

struct EnergyReport {
  std::string table;             ///< empty: the machine names none
  std::vector<EnergyLine> lines; ///< of what was done at least once
  double picojoules = 0;         ///< of what has a source
};

EnergyReport energyOf(const machine::NpuMachine &machine, const Counts &counts);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_ENERGY_H
