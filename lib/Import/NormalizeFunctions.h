//===- NormalizeFunctions.h - One form for what people write in many --------------------------===//
#ifndef COOPT_LIB_IMPORT_NORMALIZEFUNCTIONS_H
#define COOPT_LIB_IMPORT_NORMALIZEFUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace coopt::import {

/// Brings a function into the form that the phases know, without a change of its meaning:
///
///   - a slice that drops unit dimensions, where it is not plain which, becomes a slice and a collapse_shape;
///   - arith and math on tensors become linalg.generic, and so do sparse ops;
///   - linalg.softmax becomes the ops that define it;
///   - a destination whose elements are never read becomes a tensor.empty of its size, so that it is not taken for an
///     operand;
///   - what a loop yields is the tensor that it carries: a value that was made elsewhere is copied into it.
mlir::LogicalResult normalizeFunction(mlir::func::FuncOp function);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_NORMALIZEFUNCTIONS_H
