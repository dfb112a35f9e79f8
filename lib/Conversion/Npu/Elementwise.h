//===- Elementwise.h - Functions of elements on the vector unit ---------------===//
//
// A linalg.generic of parallel loops becomes maps of matrices: its last loop is their columns, the longest of the others that no
// linalg.index asks for their rows, what is left are loops of the control unit. Each scalar op of the body is one map; a number of a row,
// of a column or of all elements stays one until it meets more.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_ELEMENTWISE_H
#define COOPT_LIB_CONVERSION_NPU_ELEMENTWISE_H

#include "Tiles.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace coopt::npu {

/// Elements of one round: a matrix, or one of its rows or columns, or one number.
struct Elements {
  mlir::Value memref;
  bool hasRows = false, hasColumns = false;
  bool isInverted = false; ///< of a condition: true where the elements are 0
};

/// The matrix of all rows and columns of a tile.
mlir::Value wholeOf(Tiles &tiles, const Tile &tile);
/// So many rows of one column.
Elements columnOf(Tiles &tiles, const Tile &tile, mlir::OpFoldResult rows, mlir::OpFoldResult column);

/// Functions of matrices of R x C, in new buffers.
class MatrixMath {
public:
  MatrixMath(Tiles &tiles, mlir::OpFoldResult rows, mlir::OpFoldResult columns)
      : tiles(tiles), rows(rows), columns(columns) {}

  mlir::FailureOr<Elements> number(mlir::TypedAttr value);
  /// function(a, b), into `to` or a new buffer of this type.
  mlir::FailureOr<Elements> apply(llvm::StringRef function, Elements a, Elements b, mlir::Type type,
                                  mlir::Value to = nullptr);
  mlir::FailureOr<Elements> apply(llvm::StringRef function, Elements a, mlir::Type type,
                                  mlir::Value to = nullptr);
  mlir::FailureOr<Elements> select(Elements condition, Elements yes, Elements no, mlir::Type type,
                                   mlir::Value to = nullptr);
  /// The same numbers for all rows and columns that `like` has.
  mlir::FailureOr<Elements> spread(Elements value, Elements like);
  /// Room for elements of these rows and columns.
  mlir::FailureOr<mlir::Value> room(bool hasRows, bool hasColumns, mlir::Type type);

private:
  Tiles &tiles;
  mlir::OpFoldResult rows, columns;
};

/// A comparison by those that the unit has: of (b, a) if swapped, its opposite if inverted.
struct Comparison {
  llvm::StringRef function;
  bool isSwapped, isInverted;
};

/// Nothing if the unit has none.
std::optional<Comparison> comparisonOf(mlir::arith::CmpFOp op);
std::optional<Comparison> comparisonOf(mlir::arith::CmpIOp op);

mlir::LogicalResult lowerGeneric(Tiles &tiles, mlir::linalg::GenericOp op);

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_ELEMENTWISE_H
