//===- TileKernels.h - The tile phase: schedules become loops ---------------------===//
//
// Each kernel's configuration is turned into an scf.forall over tiles of its root op, with the other ops of
// the region fused into it; one iteration is one work item. A kernel with several guarded configurations
// becomes several kernels of the same id under host-side conditions. No choice is made here.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_TILEKERNELS_H
#define COOPT_TRANSFORMS_TILEKERNELS_H

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

struct TileOptions {
  /// Kernels are for an accelerator, but for entries that stay the host's (isForDevice of OutlineKernels.h): decoding, choosing and dispatching stay
  /// ops, for which it has instructions. Else they become loops.
  bool forDevice = false;
};

mlir::LogicalResult tileKernels(mlir::ModuleOp module, const TileOptions &options = {});

} // namespace coopt

#endif // COOPT_TRANSFORMS_TILEKERNELS_H
