//===- StructuredOp.h - What all structured ops share -----------------------===//
//
// The C++ side of StructuredOpBase.td, for every dialect with structured ops.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_STRUCTUREDOP_H
#define COOPT_DIALECTS_MODEL_IR_STRUCTUREDOP_H

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace coopt::model {

/// In the loops of an operand: a dimension that every tile takes whole.
constexpr int64_t kWholeDimension = -1;

/// Memory effects: memref inputs are read, memref inits written; tensors have none.
void getStructuredEffects(
    mlir::DestinationStyleOpInterface op,
    mlir::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects);

/// The shape of each tensor result is that of its init.
mlir::LogicalResult reifyDestinationShapes(mlir::DestinationStyleOpInterface op, mlir::OpBuilder &builder,
                                           mlir::ReifiedRankedShapedTypeDims &shapes);

/// Checks that the shaped operands are all tensors, with one result per init of the init's type, or all
/// memrefs, without results. Operands of other types (indices, states) are not looked at, nor are those in
/// `ignored`: state operands may be memrefs in both forms.
mlir::LogicalResult verifyStructuredForm(mlir::DestinationStyleOpInterface op,
                                         llvm::ArrayRef<const mlir::OpOperand *> ignored = {});

/// Checks that two extents can be equal at run time; `what` names them in the message ("rows of 'init'").
mlir::LogicalResult verifySameExtent(mlir::Operation *op, int64_t expected, int64_t got,
                                     llvm::StringRef what);

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_STRUCTUREDOP_H
