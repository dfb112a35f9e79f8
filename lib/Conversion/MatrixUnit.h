//===- MatrixUnit.h - The order of a contraction on AMX ---------------------===//
//
// A block of 32 rows and 32 columns of the result lives in four tile registers while all columns of the
// operands pass by, a tile's at a time. Weights are the right operand: lines of 64 bytes, 16 to a tile. Where they
// are not stored so they are decoded once for a strip of columns, into a buffer that all rows then read. Rows are
// read where they stand; a last block of fewer than 32, or rows that are no whole number of tiles, are copied and
// filled up. A block's sums become the result while the unit makes those of the next.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_MATRIXUNIT_H
#define COOPT_LIB_CONVERSION_MATRIXUNIT_H

#include "CodeWeights.h"
#include "RegisterTiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

namespace coopt {

constexpr int64_t kTileRows = 16;

/// What is the same for all types of operands; a class of each type says the rest.
class MatrixUnitEmitter {
public:
  /// `operand`: the type of the elements of tiles (i8, bf16), `sum`: of their sums (i32, f32).
  MatrixUnitEmitter(quantized::ContractOp op, mlir::Type operand, mlir::Type sum);
  virtual ~MatrixUnitEmitter() = default;

  /// `before`: where weights that all rows of a loop around the op share are decoded; null if there is no such
  /// loop.
  void emit(mlir::ImplicitLocOpBuilder &b, mlir::ImplicitLocOpBuilder *before);

protected:
  using Builder = mlir::ImplicitLocOpBuilder;
  using Value = mlir::Value;

  virtual const CodeWeights &codes() const = 0;
  /// Lines of the weights as they are stored, if the unit can multiply these; else null, and they are decoded.
  virtual Value storedLines(Builder &) { return nullptr; }
  /// The first line of a panel in storedLines().
  virtual Value storedLineOf(Builder &, Value) { return nullptr; }
  /// Decodes 64 columns of a panel into `lines`, from `line` on.
  virtual void emitDecodedTile(Builder &b, Value panel, Value tile, Value line) = 0;
  virtual Value multiply(Builder &b, Value x, Value y, Value sums) = 0;
  /// Scales of the columns of a chunk for resultOf().
  virtual Value columnScales(Builder &b, const Chunk &chunk, Value column) = 0;
  /// The result of a vector of sums in a row.
  virtual Value resultOf(Builder &b, Value sums, Value columnScales, Value row) = 0;

  /// The group of part `part` of the `perTile` that a tile has. Behind the last group of a begun tile any will do.
  Value groupOf(Builder &b, Value tile, Value part, int64_t perTile) const;
  /// Groups in a tile, at least 1.
  int64_t groupsPerTile() const;

  static void forRange(Builder &b, Value from, Value to, int64_t step,
                       llvm::function_ref<void(Builder &, Value)> body);

  quantized::ContractOp op;
  mlir::MemRefType aType;
  mlir::Type operand, sum;
  int64_t step; ///< columns of the operands that a tile holds
  mlir::amx::TileType operandTile, sumTile;
  Value lines; ///< of 64 bytes, 16 to a tile

private:
  /// Rows of a strip of columns, first .. last - 1: those of the result from `row` on are made of those that
  /// stand in `a` from `aRow` on.
  struct Rows {
    Value first, last, a, aRow, row;
  };
  /// What becomes of a block's sums, which stand in their buffer from `sumLine` on.
  struct Result {
    Value row, sumLine;
    llvm::SmallVector<Chunk> chunks;
    llvm::SmallVector<Value> starts, scales;
  };

  int64_t length() const { return codes().tiles() * kTileColumns; }
  int64_t linesPerTile() const { return kTileColumns / step * kTileRows; } ///< of 64 columns
  void emitPanels(Builder &b, Value first, Value last);
  void emitStrip(Builder &b, Value first, Value last);
  void emitWholeRows(Builder &b, const Rows &of);
  void emitBegunRows(Builder &b, const Rows &of, Value count);
  void emitBlock(Builder &b, const Rows &of, Value column, Value sumLine, const Result *previous);
  void emitCopy(Builder &b, Value row, Value count);
  void emitResultRow(Builder &b, const Result &result, Value line);
  Result resultAt(Builder &b, Value row, Value column, Value sumLine);
  Value sumsOf(Builder &b, const Rows &of, Value column);
  Value lineOf(Builder &b, Value first, Value column);

  bool isStored = false;
  Value rows, columns, sums, padded;
};

/// The loop over rows around `op`, if the weights that it reads are the same in each round and known in size. What
/// they are made of is moved out of it.
mlir::scf::ForOp loopAroundRows(quantized::ContractOp op);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_MATRIXUNIT_H
