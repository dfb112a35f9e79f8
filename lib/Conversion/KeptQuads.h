//===- KeptQuads.h - Quads of sparse tiles ----------------------------------===//
//
// The codes of a tile under a pattern (SparseTile.h; those of wide runs are in WideTiles.h) as the vectors that a dense one has: zero where nothing is kept. A
// kept code never changes its row, so expanding stays inside each of the 16 numbers of 32 bits that a quad is.
//
// Elements: which of a row's four bytes take the next codes is known from its four bits, or from the places of these codes.
// With AVX-512 either names a permutation of the bytes in a table of sixteen; elsewhere the bytes are put together one by one.
// Groups: of the kept groups of a run, the one with as many kept before it as there are in this row.
//
// A single row of activations is the smaller thing to move: there, each row of the weights takes those that its kept codes
// meet, and what is dropped is never computed.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_KEPTQUADS_H
#define COOPT_LIB_CONVERSION_KEPTQUADS_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Layout/SparseRows.h"
#include "coopt/Layout/SparseTile.h"
#include "llvm/ADT/DenseMap.h"

namespace coopt {

/// Of one tile; what is read of its bits is kept for further quads of the same block of operations.
class KeptQuads {
public:
  /// `start`: of the tile in `storage`, in bytes.
  KeptQuads(const layout::SparseTile &tile, Isa isa, mlir::Value storage, mlir::Value start)
      : tile(tile), isa(isa), storage(storage), start(start) {}

  /// The vectors of kept codes that quads are made of, in the order of a dense tile, and those of their places.
  struct Kept {
    llvm::function_ref<mlir::Value(int64_t)> codes, places;
  };
  struct KeptAt {
    llvm::function_ref<mlir::Value(mlir::Value)> codes, places;
  };

  /// Quad 0 .. 15 of the tile.
  mlir::Value quad(mlir::ImplicitLocOpBuilder &b, int64_t index, Kept kept);
  /// The same for an index that is known when the code runs.
  mlir::Value quadAt(mlir::ImplicitLocOpBuilder &b, mlir::Value index, KeptAt kept) const;

  /// Columns of the activations that `gather` takes for a vector of kept codes: those of its runs, or for groups all of a tile's.
  static int64_t gatheredColumns(const layout::SparseTile &tile);
  /// Of activations for so many columns, those that the codes of vector `index` meet: from the first of its runs on, in each 16 of
  /// 64 bytes, or for groups from the first of the tile on. With AVX-512.
  mlir::Value gather(mlir::ImplicitLocOpBuilder &b, int64_t index, mlir::Value activations, Kept kept);

  /// Of groups: of 16 numbers, one for each quad, those of the first quad of the group that each row keeps as number `slot` of a run.
  mlir::Value ofGroup(mlir::ImplicitLocOpBuilder &b, int64_t run, int64_t slot, mlir::Value numbers);
  /// Of groups: the bits of a run as one integer.
  mlir::Value groupBits(mlir::ImplicitLocOpBuilder &b, int64_t run) const;

  /// The first vector of kept codes that `quad` asks for.
  static int64_t firstKept(const layout::SparseTile &tile, int64_t index);

private:
  layout::SparseTile tile;
  Isa isa;
  mlir::Value storage, start;
  llvm::DenseMap<int64_t, mlir::Value> words;  ///< bits of elements, 16 x i32, by half of the tile
  llvm::DenseMap<int64_t, mlir::Value> masks;  ///< of groups, 16 x i1
  llvm::DenseMap<int64_t, mlir::Value> firsts; ///< quads of kept groups, 16 x i32, by 64 run + slot
  /// 16 x i1, by 256 (groups before) + the least number of them that are kept.
  llvm::DenseMap<int64_t, mlir::Value> counts;

  mlir::Value placedQuad(mlir::ImplicitLocOpBuilder &b, int64_t index, Kept kept) const;
  mlir::Value permuted(mlir::ImplicitLocOpBuilder &b, mlir::Value word, int64_t index,
                       mlir::Value codes) const;
  mlir::Value wordAt(mlir::ImplicitLocOpBuilder &b, mlir::Value half) const;
  mlir::Value wordOf(mlir::ImplicitLocOpBuilder &b, int64_t quad);
  mlir::Value maskAt(mlir::ImplicitLocOpBuilder &b, mlir::Value group) const;
  mlir::Value maskOf(mlir::ImplicitLocOpBuilder &b, int64_t group);
  mlir::Value hasKept(mlir::ImplicitLocOpBuilder &b, int64_t group, int64_t least);
  mlir::Value placesOfEight(mlir::ImplicitLocOpBuilder &b, int64_t index);
  mlir::Value firstQuadOf(mlir::ImplicitLocOpBuilder &b, int64_t run, int64_t slot);
  mlir::Value groupQuad(mlir::ImplicitLocOpBuilder &b, int64_t index, Kept kept);
  mlir::Value groupQuadAt(mlir::ImplicitLocOpBuilder &b, mlir::Value index, KeptAt kept) const;
};

/// The code of a tile at `row` and `column`, an i8, by itself.
mlir::Value emitKeptCode(mlir::ImplicitLocOpBuilder &b, const layout::SparseTile &tile, mlir::Value storage,
                         mlir::Value start, mlir::Value row, mlir::Value column);
/// The same of panels for an array, of a matrix of so many columns: `position` is that of the row's code in a line.
mlir::Value emitKeptCode(mlir::ImplicitLocOpBuilder &b, const layout::SparseRows &rows, int64_t columns,
                         mlir::Value storage, mlir::Value row, mlir::Value position, mlir::Value column);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_KEPTQUADS_H
