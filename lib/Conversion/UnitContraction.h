//===- UnitContraction.h - What the matrix unit needs to know of an op ------===//
//
// The loops over blocks of a result (MatrixUnit.h) are the same for all types of operands; a class for each type
// says how its weights are decoded, multiplied, and what sums mean.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_UNITCONTRACTION_H
#define COOPT_LIB_CONVERSION_UNITCONTRACTION_H

#include "CodeWeights.h"
#include "RegisterTiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

namespace coopt {

constexpr int64_t kTileRows = 16;

/// One quantized.contract on memrefs. Weights are the right operand: lines of 64 bytes, 16 to a tile.
class UnitContraction {
public:
  using Builder = mlir::ImplicitLocOpBuilder;
  using Value = mlir::Value;

  /// `operand`: the type of the elements of tiles (i8, bf16), `sum`: of their sums (i32, f32).
  UnitContraction(quantized::ContractOp op, mlir::Type operand, mlir::Type sum);
  virtual ~UnitContraction();

  quantized::ContractOp op;
  mlir::MemRefType aType;
  mlir::Type operand, sum;
  int64_t step; ///< columns of the operands that a tile holds
  mlir::amx::TileType operandTile, sumTile;

  virtual const CodeWeights &codes() const = 0;
  /// Lines of the weights as they are stored, if the unit can multiply these; else null, and they are decoded.
  virtual Value storedLines(Builder &) { return nullptr; }
  /// The first line of a panel in storedLines().
  virtual Value storedLineOf(Builder &, Value) { return nullptr; }
  /// Decodes 64 columns of a panel into `lines`, from `line` on.
  virtual void emitDecodedTile(Builder &b, Value panel, Value tile, Value lines, Value line) = 0;
  virtual Value multiply(Builder &b, Value x, Value y, Value sums) = 0;
  /// Scales of the columns of a chunk for resultOf().
  virtual Value columnScales(Builder &b, const Chunk &chunk, Value column) = 0;
  /// The result (f32) of a vector of sums in a row.
  virtual Value resultOf(Builder &b, Value sums, Value columnScales, Value row) = 0;

  /// Columns of the operands, filled up to whole tiles of 64; tiles of the unit, and their lines, in 64 columns.
  int64_t length() const { return codes().tiles() * kTileColumns; }
  int64_t stepsPerTile() const { return kTileColumns / step; }
  int64_t linesPerTile() const { return stepsPerTile() * kTileRows; }

  static void forRange(Builder &b, Value from, Value to, int64_t step,
                       llvm::function_ref<void(Builder &, Value)> body);

protected:
  /// The group of part `part` of the `perTile` that a tile has. Behind the last group of a begun tile any will do.
  Value groupOf(Builder &b, Value tile, Value part, int64_t perTile) const;
  /// Groups in a tile, at least 1.
  int64_t groupsPerTile() const;
};

/// The op as one of int8 or of bf16 operands; null, having changed nothing that matters, if it is none that the unit
/// computes. What the weights are made of is emitted at `b`.
std::unique_ptr<UnitContraction> matchIntegerUnitContraction(mlir::ImplicitLocOpBuilder &b,
                                                             quantized::ContractOp op);
std::unique_ptr<UnitContraction> matchFloatUnitContraction(mlir::ImplicitLocOpBuilder &b,
                                                           quantized::ContractOp op);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_UNITCONTRACTION_H
