//===- Simulator.h - A program's values and time ----------------------------===//
//
// # L1: events
//
// Each control unit hands out an entry a cycle; each engine takes its entries in order, starts one when it was handed out, its semaphores allow it and
// the unit of the engine that it needs is free, and finishes it, in order, when Work.h (matrix, vector, topk) or DmaTransfer.h (DMA) say, and the
// memories that it shares with others allow (Resource.h, Levels.h). Values come with the end of an entry, so that what the control unit loads,
// and with it what is executed, is what hardware would see at that time. A signal wakes who waits for it semaphore_wake_cycles later.
//
// Where nothing is shared this is the law of the engine to the cycle; it looks at entries, pieces of descriptors and rows of DRAM, not at cycles.
//
// Time alone: without `values`, entries are executed only if a loaded register or a list may depend on them (Slice.h), so the time is the same. A
// recorded run can be timed again without any values, also on a machine of which parts are infinite: what they cost.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_SIMULATOR_H
#define COOPT_NPU_SIM_SIMULATOR_H

#include "Npu/Sim/Report.h"
#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Checker.h"

namespace coopt::npu {

struct RunOptions {
  /// Refuses what the static checks refuse. Without them a program may stand still, which is an error that says who waits for whom.
  bool isChecked = true;
  bool hasValues = true;
  /// Keep what retime() needs: Report::recording.
  bool isRecorded = false;
  /// Keep what a trace shows: Report::slices and stalls. Sums are there always.
  bool isTraced = false;
  PartSet infinite = 0;
};

/// Runs an image; `memories` are those of its cores, of which DRAM and L2 are the same. Errors: what the checks refuse, faults with their
/// place, a program that stands still.
Expected<Report> simulate(const machine::NpuMachine &machine, const Image &image,
                          const std::vector<MemoryMap> &memories, const RunOptions &options = {});

/// Times what was recorded when the image ran, with parts of the machine infinite. With none it is the run's time.
Expected<Report> retime(const machine::NpuMachine &machine, const Image &image, const Recording &recording,
                        PartSet infinite, bool isTraced = false);

/// The memories of a machine's first cores, as simulate() wants them. Errors: there is not so much.
class MachineMemory {
public:
  static Expected<MachineMemory> create(const machine::NpuMachine &machine, size_t cores);
  const std::vector<MemoryMap> &maps() const { return all; }

private:
  std::vector<std::unique_ptr<Memory>> owned;
  std::vector<MemoryMap> all;
};

/// The same of what runs many times: an image of one core that was checked before, and whose data lie in DRAM. Of its entries only those in `needed`
/// have values (Slice.h); null: all. `isTraced` as in RunOptions. Errors: faults.
Expected<Report> simulateChecked(const machine::NpuMachine &machine, const Image &image,
                                 const MemoryMap &memories,
                                 const std::vector<std::vector<bool>> *needed = nullptr,
                                 bool isTraced = false);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_SIMULATOR_H
