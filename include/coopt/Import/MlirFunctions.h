//===- MlirFunctions.h - MLIR functions as entry points ------------------------------------===//
//
// A public func.func over ranked tensors becomes a model.entry of the same name and body, so that any
// function of linalg, tensor, arith and math (and coopt's own ops) can be packaged and run:
//
//   func.func @axpy(%x: tensor<?xf32> {coopt.name = "x", coopt.dims = ["n"]}, ..) -> (tensor<?xf32>
//   {coopt.dims = ["n"]})
//       attributes {coopt.sizes = [#model.size<"n", min = 1, max = 4096, multiple = 1>]}
//
// `coopt.dims` names the dynamic extents of an argument or result in order, `coopt.sizes` gives bounds.
// Unnamed extents of arguments are called <argument>.<dimension>, or as the extent of another argument that an op
// needs to be equal; sizes without bounds get [0, 65536]. A result needs names for extents that are computed.
// Indices and extents that can't be known before are checked by model.require at run time; scalars, indices and
// integers of odd widths travel in tensors that a buffer can hold.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_MLIRFUNCTIONS_H
#define COOPT_IMPORT_MLIRFUNCTIONS_H

#include "mlir/IR/BuiltinOps.h"

namespace coopt::import {

/// Rewrites every public func.func of `module`; modules that hold entries already are left alone.
mlir::LogicalResult importFunctions(mlir::ModuleOp module);

} // namespace coopt::import

#endif // COOPT_IMPORT_MLIRFUNCTIONS_H
