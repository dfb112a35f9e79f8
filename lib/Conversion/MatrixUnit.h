//===- MatrixUnit.h - The order of contractions on AMX ----------------------===//
//
// A block of 32 rows and 32 columns of the result lives in four tile registers while all columns of the
// operands pass by, a tile's at a time. Where weights are not stored as the unit reads them they are decoded once for
// a strip of columns, into a buffer that all rows then read, or, if all rows are one block, tile by tile. Rows are
// read where they stand; a last block of fewer than 32, or rows that are no whole number of tiles, are copied and
// filled up. A block's sums become the result, and go through what follows, while the unit makes those of the next.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_MATRIXUNIT_H
#define COOPT_LIB_CONVERSION_MATRIXUNIT_H

#include "RowConsumer.h"
#include "UnitContraction.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace coopt {

/// Contractions with results of one shape, made block by block in turn.
struct UnitGroup {
  llvm::SmallVector<std::unique_ptr<UnitContraction>> parts;
  /// Takes the parts' results, in their order. Without one there is one part, whose result is stored.
  std::optional<RowConsumer> consumer;
};

void emitMatrixUnit(mlir::ImplicitLocOpBuilder &b, UnitGroup &group);

/// Lowers all contractions of a function that the unit computes, those with one consumer together with it. Loops over
/// rows around them are dissolved: the unit's own order is one.
void lowerMatrixUnitContractions(mlir::func::FuncOp function);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_MATRIXUNIT_H
