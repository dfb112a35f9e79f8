//===- FormKernels.h - The fuse phase: ops become kernels -----------------------===//
//
// Fusion is grouping. Every op of an entry point that computes on tensors ends up in one schedule.kernel
// region: an anchor (a contraction, attention, a gather, or the head of a chain of row-wise ops) and what
// follows it and can be computed tile by tile with it. Views and initial values are cloned into the kernels
// that use them; sizes and index arithmetic stay outside, where the host program computes them. Inlining
// every kernel gives the program back.
//
// What may join a group, and why:
//   element-wise op -> any group     if it reads the group's result with the identity map and is its only
//   reader row-wise op     -> a row group   (row_reduce, quantize, broadcasting element-wise ops) if rows map
//   to rows and it
//                                    is the only reader
//   anything else that computes gets a kernel of its own.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_FORMKERNELS_H
#define COOPT_TRANSFORMS_FORMKERNELS_H

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

/// Groups the ops of every model.entry in `module`. Emits an error and fails on an op that no kernel can
/// hold.
mlir::LogicalResult formKernels(mlir::ModuleOp module);

} // namespace coopt

#endif // COOPT_TRANSFORMS_FORMKERNELS_H
