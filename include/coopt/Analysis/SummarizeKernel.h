//===- SummarizeKernel.h - A kernel as cost models see it ------------------------------===//
//
// Cost models know no IR: this is the only place that turns kernels into their plain structs.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_ANALYSIS_SUMMARIZEKERNEL_H
#define COOPT_ANALYSIS_SUMMARIZEKERNEL_H

#include "coopt/CostModel/CostModel.h"
#include "dialects/Schedule/IR/Schedule.h"

#include <functional>
#include <optional>

namespace coopt {

/// The value that a dynamic extent (an index of the entry: a model.size, or arithmetic) has in the case to be
/// priced.
using SizeValue = std::function<int64_t(mlir::Value size)>;

/// The kernel at those sizes; nothing for kernels that no cost model prices (their root has no loops to
/// tile).
std::optional<cost::KernelSummary> summarizeKernel(schedule::KernelOp kernel, const SizeValue &sizes);

/// The contractions in the body of `kernel`, in order.
llvm::SmallVector<mlir::Operation *> contractionsOf(schedule::KernelOp kernel);

} // namespace coopt

#endif // COOPT_ANALYSIS_SUMMARIZEKERNEL_H
