//===- Energy.h - Energies of actions, as published -----------------------===//
//
// A table holds what was published for one technology, and nothing that was guessed from it: who counts energy reports an
// action without an entry as `unsourced` and leaves it out of the total. The sources:
//   [H]   M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014: 45 nm, 0.9 V
//   [TA]  Timeloop and Accelergy, the reference outputs (ERT) of their exercises' example designs, in the technology that these
//         outputs state: eyeriss_like 32 nm; simple_weight_stationary, simple_output_stationary and simba_like 45 nm
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_MACHINE_ENERGY_H
#define COOPT_MACHINE_ENERGY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::machine {

enum class EnergyAction {
  MultiplyAddI8, ///< of 8-bit integers, summed in 16 bits
  AddI32,
  MultiplyI32,
  AddF32,
  MultiplyF32,
  SramRead, ///< one line, of a memory of a given size and width
  SramWrite,
  SramLeak, ///< one cycle
  RegisterFileRead,
  RegisterFileWrite,
  RegisterFileLeak,
  RegisterRead,
  RegisterWrite,
  Dram, ///< one line, read or written
};
/// "multiply_add_i8", "add_i32", .., "sram_read", "sram_write", .., "dram"
const char *name(EnergyAction action);

struct EnergyEntry {
  EnergyAction action;
  int64_t memoryBytes; ///< of a memory on the chip: its size; else 0
  int64_t widthBits;   ///< of a memory: its line; else 0
  double picojoules;   ///< of one action
  const char *source;
};

struct EnergyTable {
  const char *name; ///< as machines write it
  std::vector<EnergyEntry> entries;

  /// Null if the table has no such action, or has it for memories of other sizes alone.
  const EnergyEntry *find(EnergyAction action, int64_t memoryBytes = 0, int64_t widthBits = 0) const;
};

/// "32nm", "45nm"
const std::vector<std::string> &energyTableNames();
/// Null if there is none of this name.
const EnergyTable *findEnergyTable(std::string_view name);

} // namespace coopt::machine

#endif // COOPT_MACHINE_ENERGY_H
