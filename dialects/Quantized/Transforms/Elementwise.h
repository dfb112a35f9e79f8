//===- Elementwise.h - Numbers of codes in element-wise ops ---*- C++ -*-===//
#ifndef COOPT_DIALECTS_QUANTIZED_TRANSFORMS_ELEMENTWISE_H
#define COOPT_DIALECTS_QUANTIZED_TRANSFORMS_ELEMENTWISE_H

#include "dialects/Model/IR/ElementwiseBuilder.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace coopt::quantized {

using model::createElementwise;
using model::createEmptyLike;
using model::createFloat;
using model::ElementwiseInput;

/// The number a code or zero stands for, as i32: sign-extended if symmetric, zero-extended otherwise.
mlir::Value extendCode(mlir::ImplicitLocOpBuilder &builder, SchemeAttr scheme, mlir::Value code);

/// A scale as f32, exactly.
mlir::Value extendScale(mlir::ImplicitLocOpBuilder &builder, mlir::Value scale);

} // namespace coopt::quantized

#endif // COOPT_DIALECTS_QUANTIZED_TRANSFORMS_ELEMENTWISE_H
