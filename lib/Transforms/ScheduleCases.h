//===- ScheduleCases.h - The sizes that schedules are chosen for ----------------===//
#ifndef COOPT_LIB_TRANSFORMS_SCHEDULECASES_H
#define COOPT_LIB_TRANSFORMS_SCHEDULECASES_H

#include "dialects/Model/IR/Model.h"
#include "dialects/Schedule/IR/Schedule.h"

namespace coopt {

/// How many rows a kernel has: a multiple of a run-time size of the entry, or a constant.
struct KernelRows {
  mlir::StringAttr size;       ///< null: a constant
  int64_t factor = 1;          ///< rows for each of the size
  int64_t least = 1, most = 1; ///< of the size; of the rows if there is none
};

KernelRows kernelRows(schedule::KernelOp kernel);

/// Rows of the largest case for which `choices` takes configuration `index`; nothing if it is never taken.
std::optional<int64_t> rowsOfChoice(const KernelRows &rows, schedule::SetAttr choices, size_t index);

/// "<tile = [8, 32]>": as it stands in a set.
std::string toString(schedule::ConfigAttr config);
/// "tokens le 1"; empty: true.
std::string toString(schedule::GuardAttr guard);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SCHEDULECASES_H
