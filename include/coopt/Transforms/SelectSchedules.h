//===- SelectSchedules.h - The schedule phase: every kernel gets its schedule -------===//
//
// Writes a #schedule.set on every kernel that has none: guarded by the run-time size that its rows stand for, one
// configuration for a single row (decoding) and one for many (prefill), each the cheapest of the candidates by the
// machine's cost model. Every candidate is priced: there are at most some fifty for a kernel and case of a processor, some two hundred of an accelerator, and kernels
// that are alike are decided once. Schedules may also come from a file, which wins over the choice:
//
//   {"schedules": [{"op": "layers.*/mlp/*_proj", "set": "#schedule.set<[<[\"tokens\" le 1]> -> <tile = [1, 32]>, <[]> -> <tile = [8, 32]>]>"}]}
//
// where `op` is an op id with `*` for any run of characters; the first entry that matches counts. Those, and what a kernel came with, are
// priced too, and verified.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_SELECTSCHEDULES_H
#define COOPT_TRANSFORMS_SELECTSCHEDULES_H

#include "coopt/CostModel/Decision.h"
#include "coopt/Machine/Machine.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace coopt {

struct SelectSchedulesOptions {
  /// A file of schedules as above; empty: none.
  std::string scheduleFile;
  /// A tuning database (TuningDatabase.h): of a kernel's candidates that were measured on the machine, two at least, the quickest is taken. Empty: none.
  std::string tuningDatabase;
  /// One row has a schedule of its own in any case, so that both can be measured.
  bool allCases = false;
};

/// Every decision is a remark of category `schedule`: what was chosen, its price, and what came second. `trace`, if there is one, gets all of
/// them with every candidate.
mlir::LogicalResult selectSchedules(mlir::ModuleOp module, const machine::Machine &machine,
                                    const SelectSchedulesOptions &options,
                                    cost::DecisionTrace *trace = nullptr);

/// coopt-schedule-select: the same for a machine preset or description file; explains itself on standard output or in a file.
void registerSelectSchedulesPass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_SELECTSCHEDULES_H
