//===- Passes.h - Passes on kernels ------------------------------------------===//
#ifndef COOPT_DIALECTS_SCHEDULE_TRANSFORMS_PASSES_H
#define COOPT_DIALECTS_SCHEDULE_TRANSFORMS_PASSES_H

#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

namespace coopt::schedule {

/// Replaces a kernel by its body; the operands take the places of the body's arguments.
void expandKernel(mlir::RewriterBase &rewriter, KernelOp kernel);

/// Expands every kernel below the op: coopt-schedule-expand-kernels.
std::unique_ptr<mlir::Pass> createExpandKernelsPass();

/// Registers the dialect's passes with coopt-opt and textual pipelines.
void registerSchedulePasses();

} // namespace coopt::schedule

#endif // COOPT_DIALECTS_SCHEDULE_TRANSFORMS_PASSES_H
