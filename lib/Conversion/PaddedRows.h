//===- PaddedRows.h - Rows of activations whose length is a whole number of tiles ===//
#ifndef COOPT_LIB_CONVERSION_PADDEDROWS_H
#define COOPT_LIB_CONVERSION_PADDEDROWS_H

#include "RegisterTiles.h"

namespace coopt {

/// A block of rows that can be read up to a padded length: the rows themselves where they are as long, else a
/// copy filled up with zeros.
struct PaddedRows {
  mlir::Value memref;
  mlir::Value firstRow; ///< of the block, in the memref

  /// Rows row .. row + count - 1 of `matrix`, whose rows are each in one piece, up to `length` elements.
  static PaddedRows of(mlir::ImplicitLocOpBuilder &b, mlir::Value matrix, mlir::Value row, int64_t count,
                       int64_t length);

  llvm::SmallVector<mlir::Value> at(mlir::ImplicitLocOpBuilder &b, int64_t row, mlir::Value column) const {
    return {addIndex(b, firstRow, row), column};
  }
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_PADDEDROWS_H
