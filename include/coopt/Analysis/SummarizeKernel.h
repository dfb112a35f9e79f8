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

/// Adds what an accelerator does for a tile (`tileOps`). False: there is an op that its cost model does not know.
bool summarizeTile(schedule::KernelOp kernel, cost::KernelSummary &summary);

/// A configuration as the machine's cost model sees it, whoever wrote it. On a processor columns are those of all contractions that a root reads, for its
/// highest instruction set. On an accelerator rows are those that are computed at a time: of an expert the inner ones.
cost::Candidate candidateOf(schedule::KernelOp kernel, const cost::KernelSummary &summary,
                            schedule::ConfigAttr config, const machine::Machine &machine);

/// coopt-estimate-kernels: what the machine's cost model says of each kernel as it is scheduled, at given run-time sizes, a line each on standard output.
void registerEstimateKernelsPass();

/// The contractions in the body of `kernel`, in order.
llvm::SmallVector<mlir::Operation *> contractionsOf(schedule::KernelOp kernel);
/// How many of them each root reads, which share the columns of its tile; at least 1.
int64_t contractionsOfRoot(schedule::KernelOp kernel);

} // namespace coopt

#endif // COOPT_ANALYSIS_SUMMARIZEKERNEL_H
