//===- AssignLayouts.h - The layout phase: how weights are stored ----------------===//
//
// Chooses a storage layout for every weight of a contraction, for the whole graph: the parameter becomes
// packed storage with a #model.layout, its recipe gains the model.pack, and every kernel that reads it gains
// the model.unpack. A weight that is both an embedding and a head has one layout. On the CPU, with N output
// channels and K inputs:
//
//   f32  [N/16][K][16 n]           one vector of 16 channels for every k
//   i8   [N/16][K/2][16 n][2 k]    pairs along k, as the multiply-add of 16-bit pairs wants them
//
// After this phase no tensor has elements narrower than a byte: verifyByteStorage().
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_ASSIGNLAYOUTS_H
#define COOPT_TRANSFORMS_ASSIGNLAYOUTS_H

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

mlir::LogicalResult assignLayouts(mlir::ModuleOp module);

/// Fails with an error at the first value whose elements are no whole number of bytes (i1 apart, which is a
/// truth value).
mlir::LogicalResult verifyByteStorage(mlir::ModuleOp module);

} // namespace coopt

#endif // COOPT_TRANSFORMS_ASSIGNLAYOUTS_H
