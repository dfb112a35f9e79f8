//===- OutlineKernels.h - Entry points become host programs -------------------------===//
//
// The first half of the kernels phase: every tiled schedule.kernel becomes a function on memrefs in the nested
// module @kernels, every model.entry becomes a program.entry that dispatches them. Leaf ops in the functions are still
// whole (see coopt/Conversion/Passes.h for the second half).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_OUTLINEKERNELS_H
#define COOPT_TRANSFORMS_OUTLINEKERNELS_H

#include "dialects/Model/IR/Model.h"

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

struct OutlineOptions {
  /// Who computes work items: the runtime, range by range (false), or the kernel itself, all of them in loops (true); it then
  /// has neither a range nor scratch nor a fault among its arguments, and is marked by `kDeviceName`. The latter is for entries that read
  /// parameters or states: what is left, as choosing a token, is the host's.
  bool loopsOverItems = false;
};

/// Of functions in @kernels: kernels of a device.
constexpr llvm::StringLiteral kDeviceName = "coopt.device";

/// Whether an entry works on what a device keeps, parameters or states: its kernels are then the device's.
bool isForDevice(model::EntryOp entry);

mlir::LogicalResult outlineKernels(mlir::ModuleOp module, const OutlineOptions &options = {});

/// coopt-outline-kernels.
void registerOutlinePass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_OUTLINEKERNELS_H
