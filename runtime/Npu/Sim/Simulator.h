//===- Simulator.h - A program's values and time ----------------------------===//
//
// One core, event by event. The control unit hands out an entry a cycle; each engine takes its entries in order, starts one when it was handed
// out, its semaphores allow it and the part of the engine that it needs is free, and finishes it when Durations.h says, in order. Values come
// with the end of an entry, so that what the control unit loads, and with it what is executed, is what hardware would see at that time.
// A signal wakes who waits for it semaphore_wake_cycles later.
//
// The matrix engine has three parts, which work side by side: one loads weights (and makes tables), one streams (and looks up), one drains. All others
// are one part each.
//
// Every cycle of every engine is busy or has one cause of standing still; their sum is the program's time, which is asserted.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_SIMULATOR_H
#define COOPT_NPU_SIM_SIMULATOR_H

#include "Npu/Core/Core.h"
#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Checker.h"

#include <map>

namespace coopt::npu {

/// Why an engine stood still.
enum class Cause : uint8_t {
  NotHandedOut, ///< nothing in its queue
  Semaphore,    ///< it waited for one
  Part,         ///< the part that it needed was busy
  Queue,        ///< the control unit: a queue was full
  Fence,        ///< the control unit: engines had not finished
  Finished,     ///< nothing came any more
};
const char *name(Cause cause);

struct EngineTime {
  std::string name;
  uint64_t busy = 0;
  /// By cause and, of semaphores, their number, of queues, the engine's.
  std::map<std::pair<Cause, unsigned>, uint64_t> stalls;
};

struct Slice {
  unsigned engine = 0; ///< its place in Report::engines
  size_t entry = 0;
  uint64_t start = 0, end = 0; ///< cycles
};

struct Report {
  uint64_t cycles = 0;
  std::vector<EngineTime>
      engines; ///< the control unit first; those that had nothing to do have no name and are left out
  std::vector<Slice> slices; ///< by their ends
};

/// Runs the only core of an image that the static checks accept for the machine. Errors: what the checks refuse; several cores (not in this
/// version); faults, with their place.
Expected<Report> simulate(const machine::NpuMachine &machine, const Image &image, const MemoryMap &memories);

/// The same of what runs many times: an image of one core that was checked before, and whose data lie in DRAM. Errors: faults.
Expected<Report> simulateChecked(const machine::NpuMachine &machine, const Image &image,
                                 const MemoryMap &memories);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_SIMULATOR_H
