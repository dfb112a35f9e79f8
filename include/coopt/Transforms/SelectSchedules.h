//===- SelectSchedules.h - The schedule phase: every kernel gets its schedule -------===//
//
// Writes a #schedule.set on every kernel that has none: guarded by the run-time size that its rows stand for, one
// configuration for a single row (decoding) and one for many (prefill), each the cheapest of the candidates by the
// machine's cost model. Schedules may also come from a file, which wins over the choice:
//
//   {"schedules": [{"op": "layers.*/mlp/*_proj", "set": "#schedule.set<[<[\"tokens\" le 1]> -> <tile = [1, 32]>, <[]> -> <tile = [8, 32]>]>"}]}
//
// where `op` is an op id with `*` for any run of characters; the first entry that matches counts.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_SELECTSCHEDULES_H
#define COOPT_TRANSFORMS_SELECTSCHEDULES_H

#include "coopt/Machine/Machine.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace coopt {

struct SelectSchedulesOptions {
  /// A file of schedules as above; empty: none.
  std::string scheduleFile;
};

/// Every decision is a remark of category `schedule`: what was chosen, its price, and what came second.
mlir::LogicalResult selectSchedules(mlir::ModuleOp module, const machine::Machine &machine,
                                    const SelectSchedulesOptions &options);

} // namespace coopt

#endif // COOPT_TRANSFORMS_SELECTSCHEDULES_H
