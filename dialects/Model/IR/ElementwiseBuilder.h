//===- ElementwiseBuilder.h - Making element-wise linalg.generic ops --------===//
#ifndef COOPT_DIALECTS_MODEL_IR_ELEMENTWISEBUILDER_H
#define COOPT_DIALECTS_MODEL_IR_ELEMENTWISEBUILDER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace coopt::model {

/// An input of an element-wise op: a tensor and the loops that index it.
struct ElementwiseInput {
  mlir::Value tensor;
  llvm::SmallVector<unsigned> loops;
};

/// init[d0, d1, ..] = body(inputs at their loops); the body gets one scalar an input and gives the element.
mlir::Value
createElementwise(mlir::ImplicitLocOpBuilder &builder, llvm::ArrayRef<ElementwiseInput> inputs,
                  mlir::Value init,
                  llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)> body);

/// An uninitialised tensor with the extents of `like` and another element type.
mlir::Value createEmptyLike(mlir::ImplicitLocOpBuilder &builder, mlir::Value like, mlir::Type element);

mlir::Value createFloat(mlir::ImplicitLocOpBuilder &builder, float value);

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_ELEMENTWISEBUILDER_H
