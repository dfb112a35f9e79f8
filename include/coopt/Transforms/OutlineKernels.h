//===- OutlineKernels.h - Entry points become host programs -------------------------===//
//
// The first half of the kernels phase: every tiled schedule.kernel becomes a function on memrefs in the nested
// module @kernels, every model.entry becomes a program.entry that dispatches them. Leaf ops in the functions are still
// whole (see coopt/Conversion/Passes.h for the second half).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_OUTLINEKERNELS_H
#define COOPT_TRANSFORMS_OUTLINEKERNELS_H

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

mlir::LogicalResult outlineKernels(mlir::ModuleOp module);

} // namespace coopt

#endif // COOPT_TRANSFORMS_OUTLINEKERNELS_H
