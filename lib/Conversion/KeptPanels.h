//===- KeptPanels.h - Numbers of sparse panels ------------------------------===//
//
// Scales and other numbers of groups under a pattern (SparsePanel.h), and what all kinds of kept things have in common: which of the
// kept ones of its run a column is.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_KEPTPANELS_H
#define COOPT_LIB_CONVERSION_KEPTPANELS_H

#include "Chunks.h"
#include "coopt/Layout/SparsePanel.h"

namespace coopt {

/// The kept ones of a run of `of` before `place`, an index: of one row whose bits (0 or 1, an index) `bitAt` gives.
mlir::Value emitKeptBefore(mlir::ImplicitLocOpBuilder &b, int64_t of, mlir::Value place,
                           llvm::function_ref<mlir::Value(int64_t)> bitAt);
/// The same of 16 rows whose masks (16 x i1) `maskAt` gives: 16 x i32.
mlir::Value emitKeptBeforeInRows(mlir::ImplicitLocOpBuilder &b, int64_t of, mlir::Value place,
                                 llvm::function_ref<mlir::Value(int64_t)> maskAt);

/// The number at `row` and `column` of a matrix of `columns` in sparse panels.
mlir::Value emitKeptNumber(mlir::ImplicitLocOpBuilder &b, const layout::SparsePanel &panel, int64_t columns,
                           mlir::Value storage, mlir::Value row, mlir::Value column);
/// The 16 numbers of `column` of the panel that begins at element `start`.
mlir::Value loadKeptNumbers(mlir::ImplicitLocOpBuilder &b, const layout::SparsePanel &panel,
                            mlir::Value storage, mlir::Value start, mlir::Value column);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_KEPTPANELS_H
