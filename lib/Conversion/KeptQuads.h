//===- KeptQuads.h - Quads of sparse tiles ----------------------------------===//
//
// The codes of a tile under a pattern (SparseTile.h) as the vectors that a dense one has: zero where nothing is kept. A
// kept code never changes its row, so expanding stays inside each of the 16 numbers of 32 bits that a quad is.
//
// Elements: the four bits of a row's quad say which of its four bytes take the next codes. With AVX-512 they choose a
// permutation of these bytes from a table; elsewhere the bytes are put together one by one. Groups: of the kept groups of a
// run, the one with as many kept before it as there are in this row.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_KEPTQUADS_H
#define COOPT_LIB_CONVERSION_KEPTQUADS_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Layout/SparseTile.h"
#include "llvm/ADT/DenseMap.h"

namespace coopt {

/// Of one tile; what is read of its bits is kept for further quads of the same block of operations.
class KeptQuads {
public:
  /// `start`: of the tile in `storage`, in bytes.
  KeptQuads(const layout::SparseTile &tile, Isa isa, mlir::Value storage, mlir::Value start)
      : tile(tile), isa(isa), storage(storage), start(start) {}

  /// The vectors of kept codes that quads are made of, in the order of a dense tile.
  using Kept = llvm::function_ref<mlir::Value(int64_t)>;
  using KeptAt = llvm::function_ref<mlir::Value(mlir::Value)>;

  /// Quad 0 .. 15 of the tile.
  mlir::Value quad(mlir::ImplicitLocOpBuilder &b, int64_t index, Kept kept);
  /// The same for an index that is known when the code runs.
  mlir::Value quadAt(mlir::ImplicitLocOpBuilder &b, mlir::Value index, KeptAt kept) const;

  /// The first vector of kept codes that `quad` asks for.
  static int64_t firstKept(const layout::SparseTile &tile, int64_t index);

private:
  layout::SparseTile tile;
  Isa isa;
  mlir::Value storage, start;
  llvm::DenseMap<int64_t, mlir::Value> words;  ///< of elements, 16 x i32, by half of the tile
  llvm::DenseMap<int64_t, mlir::Value> masks;  ///< of groups, 16 x i1
  llvm::DenseMap<int64_t, mlir::Value> counts; ///< 16 x i1: 256 (groups before) + the least number of them that are kept

  mlir::Value permuted(mlir::ImplicitLocOpBuilder &b, mlir::Value word, int64_t index, mlir::Value codes) const;
  mlir::Value wordAt(mlir::ImplicitLocOpBuilder &b, mlir::Value half) const;
  mlir::Value maskAt(mlir::ImplicitLocOpBuilder &b, mlir::Value group) const;
  mlir::Value maskOf(mlir::ImplicitLocOpBuilder &b, int64_t group);
  mlir::Value hasKept(mlir::ImplicitLocOpBuilder &b, int64_t group, int64_t least);
  mlir::Value groupQuad(mlir::ImplicitLocOpBuilder &b, int64_t index, Kept kept);
  mlir::Value groupQuadAt(mlir::ImplicitLocOpBuilder &b, mlir::Value index, KeptAt kept) const;
};

/// The code of a tile at `row` and `column`, an i8, by itself.
mlir::Value emitKeptCode(mlir::ImplicitLocOpBuilder &b, const layout::SparseTile &tile, mlir::Value storage,
                         mlir::Value start, mlir::Value row, mlir::Value column);

/// The code at `position` of those whose bit planes begin at byte `start`, an i8, zero-extended.
mlir::Value emitPlaneCode(mlir::ImplicitLocOpBuilder &b, unsigned bits, int64_t codes, mlir::Value storage,
                          mlir::Value start, mlir::Value position);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_KEPTQUADS_H
