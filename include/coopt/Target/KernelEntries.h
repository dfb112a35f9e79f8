//===- KernelEntries.h - The calling convention of kernels ---------------------------===//
//
// Lowered kernel functions take exploded memref descriptors; the runtime calls void(const Block *, const
// Services *, uint32_t first, uint32_t last) (PackageFormat/KernelAbi.h). This adds, for every kernel, the
// function of that shape which unpacks the Block and calls the lowered one, which becomes internal to the
// object.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TARGET_KERNELENTRIES_H
#define COOPT_TARGET_KERNELENTRIES_H

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

/// `lowered` holds llvm.func @name for every func.func @name of `declarations`, whose types say what the
/// arguments are: memrefs (reads, writes), index scalars, first, last, scratch.
mlir::LogicalResult addKernelEntries(mlir::ModuleOp lowered, mlir::ModuleOp declarations);

} // namespace coopt

#endif // COOPT_TARGET_KERNELENTRIES_H
