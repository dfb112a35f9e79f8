//===- KernelRoots.h - The ops that a kernel is cut by -----------------------------===//
#ifndef COOPT_ANALYSIS_KERNELROOTS_H
#define COOPT_ANALYSIS_KERNELROOTS_H

#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace coopt {

/// The ops that make what `kernel` yields, each once, in the order of its results: a loop nest is made around
/// each, and its tiles are work items of the kernel. Empty if a result is made by no op that can be tiled, or
/// one of several roots depends on another.
llvm::SmallVector<mlir::TilingInterface> kernelRoots(schedule::KernelOp kernel);

/// The tensor.empty that an output of a kernel began as, through kernels that update it; null if there is none.
mlir::tensor::EmptyOp emptyOfOutput(mlir::Value output);

} // namespace coopt

#endif // COOPT_ANALYSIS_KERNELROOTS_H
