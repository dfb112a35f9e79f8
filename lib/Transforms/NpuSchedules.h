//===- NpuSchedules.h - Schedules for accelerators -----------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H
#define COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H

#include "coopt/Machine/Npu.h"
#include "dialects/Schedule/IR/Schedule.h"

namespace coopt {

/// As many rows as half of the scratchpad holds with all that is computed from them, at most 64; of contractions as many columns, in
/// tiles of the array, as do. Of contractions by experts an item has all rows of an expert, so many at a time. One choice for all sizes: how
/// many rows there are is known to the engines at run time. None for kernels without loops that can be cut.
std::optional<schedule::SetAttr> chooseNpuSchedule(schedule::KernelOp kernel,
                                                   const machine::NpuMachine &machine);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H
