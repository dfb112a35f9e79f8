//===- VerifySchedule.h - Whether a kernel can be scheduled as its attribute says ---===//
//
// A schedule may come from a pass, a file or a person; what consumes it relies on these checks and never
// asks. Run after the schedule phase, before tile.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_ANALYSIS_VERIFYSCHEDULE_H
#define COOPT_ANALYSIS_VERIFYSCHEDULE_H

#include "coopt/Machine/Machine.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

/// Checks `config` for `kernel` on `machine`. The kernel's roots are the ops that make its results
/// (KernelRoots.h). Errors are emitted at the kernel, with the limit, the value and, where there is one, the
/// excess:
///   - there are roots with loops to tile, unless no loop is tiled; tile sizes are as many as each one's loops;
///   only parallel loops are tiled;
///   - the tile of the roots' last parallel loop, where it is tiled, is a multiple of the panel of every
///     packed weight (the consecutive rows that its model.layout stores together), unless it covers the whole
///     extent;
///   - temporaries of one tile (the results of all ops but the roots; rows and columns that are tiled count
///     with their tile sizes, those of unknown extent are left out) fit the last cache of a CPU;
///   - the rows of one tile that an op reads and makes fit the scratchpad of an accelerator. All that lives
///     there at the same time is known to the allocation alone (npu-allocate-memory). The message has the bytes
///     of each tensor and, if `isFinal`, the largest tile whose rows fit (Solver/TilingFeasibility.h, which takes
///     some time: not for each schedule that is only considered).
mlir::LogicalResult verifySchedule(schedule::KernelOp kernel, schedule::ConfigAttr config,
                                   const machine::Machine &machine, bool isFinal = false);

/// verifySchedule for every choice of every kernel of the module; and guards name sizes of the kernel's entry
/// only. All that is wrong is reported, not just the first.
mlir::LogicalResult verifySchedules(mlir::ModuleOp module, const machine::Machine &machine);

/// coopt-verify-schedules: verifySchedules for a machine preset or description file. coopt-estimate-kernels: what the cost model says of schedules.
void registerAnalysisPasses();

} // namespace coopt

#endif // COOPT_ANALYSIS_VERIFYSCHEDULE_H
