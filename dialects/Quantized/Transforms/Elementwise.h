//===- Elementwise.h - Making element-wise linalg.generic ops ------*- C++ -*-===//
#ifndef COOPT_DIALECTS_QUANTIZED_TRANSFORMS_ELEMENTWISE_H
#define COOPT_DIALECTS_QUANTIZED_TRANSFORMS_ELEMENTWISE_H

#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace coopt::quantized {

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

/// The number a code or zero stands for, as i32: sign-extended if symmetric, zero-extended otherwise.
mlir::Value extendCode(mlir::ImplicitLocOpBuilder &builder, SchemeAttr scheme, mlir::Value code);

/// A scale as f32, exactly.
mlir::Value extendScale(mlir::ImplicitLocOpBuilder &builder, mlir::Value scale);

} // namespace coopt::quantized

#endif // COOPT_DIALECTS_QUANTIZED_TRANSFORMS_ELEMENTWISE_H
