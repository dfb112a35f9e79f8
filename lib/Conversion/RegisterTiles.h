//===- RegisterTiles.h - Tiles of a contraction that live in registers ------===//
#ifndef COOPT_LIB_CONVERSION_REGISTERTILES_H
#define COOPT_LIB_CONVERSION_REGISTERTILES_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"

namespace coopt {

/// rows x panels accumulators of 16 lanes.
struct TileShape {
  int64_t rows = 1;
  int64_t panels = 1;
};

/// Tiles whose accumulators take at most half of the vector registers, for several rows and for a single one.
TileShape blockShape(Isa isa);
TileShape rowShape(Isa isa);

/// A tile of the output: rows from `row`, panels of 16 columns from `column`; `last` says how much of the
/// last panel exists (its base is not set).
struct Tile {
  mlir::Value row, column;
  int64_t rows = 1, panels = 1;
  Chunk last;

  /// The columns of a panel that exist.
  Chunk columns(int64_t panel) const { return panel + 1 == panels ? last : Chunk(); }
};

/// Cuts 0 .. extent into blocks of `block`; the rest is one smaller block if static, single ones otherwise.
void emitBlocks(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult extent, int64_t block,
                llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value, int64_t)> body);

/// Cuts the columns into tiles of at most `tile.panels` panels; `tile` brings the rows.
void emitColumnTiles(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult columns, Tile tile,
                     llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, const Tile &)> body);

/// sum + x * y, fused where the instruction set can.
mlir::Value multiplyAdd(mlir::ImplicitLocOpBuilder &b, Isa isa, mlir::Value x, mlir::Value y,
                        mlir::Value sum);

/// x + offset.
mlir::Value addIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t offset);
mlir::Value addIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value offset);
/// x * factor, x / divisor and x modulo divisor, of an index that is not negative.
mlir::Value times(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t factor);
mlir::Value over(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t divisor);
mlir::Value modulo(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t divisor);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_REGISTERTILES_H
