//===- FunctionChecks.h - The parts of checkFunction ------------------------===//
//
// Each looks at the ops of a normalized function, `ops` in pre-order, and proves what they take for granted or puts a model.require
// before them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_IMPORT_FUNCTIONCHECKS_H
#define COOPT_LIB_IMPORT_FUNCTIONCHECKS_H

#include "SymbolicExtents.h"

#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace coopt::import {

/// Extents that ops need to be equal: sizes are merged in `extents`, the others compared at run time. Errors: extents that never are
/// equal, sizes that were given different names.
mlir::LogicalResult checkExtents(mlir::func::FuncOp function, llvm::ArrayRef<mlir::Operation *> ops,
                                 SymbolicExtents &extents);
/// Indices, slices, windows of structured ops and paddings: inside their tensors. Errors: what never is.
mlir::LogicalResult checkAccesses(llvm::ArrayRef<mlir::Operation *> ops, SymbolicExtents &extents);

/// The operand and the dimension that loop `loop` of a structured op runs over.
std::optional<Extent> extentOfLoop(mlir::linalg::LinalgOp op, unsigned loop);
/// The value of an extent, from outside of all loops over elements.
mlir::Value valueOf(mlir::ImplicitLocOpBuilder &b, const Extent &extent);
/// A model.require that says where in the text its op is.
void require(mlir::ImplicitLocOpBuilder &b, mlir::Value condition, model::Requirement kind, mlir::Value value,
             mlir::Value bound);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_FUNCTIONCHECKS_H
