//===- ModelInterfaces.h - Tiling and bufferization of model ops ------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_MODELINTERFACES_H
#define COOPT_DIALECTS_MODEL_IR_MODELINTERFACES_H

#include "mlir/IR/Builders.h"

namespace coopt::model {

/// Gives the dialect's ops the interfaces that are implemented apart from them. Called when the dialect is
/// loaded.
void attachModelInterfaces(mlir::MLIRContext *context);

/// a + b, folded where possible.
mlir::OpFoldResult addOffsets(mlir::OpBuilder &builder, mlir::Location loc, mlir::OpFoldResult a,
                              mlir::OpFoldResult b);

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_MODELINTERFACES_H
