//===- CheckFunctions.h - Nothing is read or written outside its tensor --------------------===//
#ifndef COOPT_LIB_IMPORT_CHECKFUNCTIONS_H
#define COOPT_LIB_IMPORT_CHECKFUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace coopt::import {

/// Refuses ops of dialects that could do anything: what remains is the dialects that a function may be of.
mlir::LogicalResult checkDialects(mlir::Operation *function);

/// Makes sure of what the ops of a normalized function take for granted:
///
///   - extents that a structured op needs to be equal become one size of the function, where both are sizes of
///     arguments (an error if they were given different names), or are compared at run time by model.require;
///   - indices of tensor.extract and tensor.insert and the slices of tensor.extract_slice and tensor.insert_slice are
///     compared with the extents at run time, unless they are inside for all sizes; an error if they never are.
///
/// Afterwards every dynamic extent of an argument or a result has a name in coopt.dims, and sizes with one possible
/// value have it in coopt.sizes.
mlir::LogicalResult checkFunction(mlir::func::FuncOp function);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_CHECKFUNCTIONS_H
