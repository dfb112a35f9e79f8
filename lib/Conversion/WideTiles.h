//===- WideTiles.h - Sparse tiles of wide runs ------------------------------===//
//
// Tiles that are a bitmap or coordinates (SparseTile.h) are expanded as a whole when a kernel comes to them, into 1024 bytes of its
// scratch that are a dense tile: first the bit planes to a byte for each kept code, then these to where they belong. Of a bitmap
// the next codes are spread over a vector, with AVX-512 sixteen at once; few codes with coordinates are put into zeros one by one.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_WIDETILES_H
#define COOPT_LIB_CONVERSION_WIDETILES_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Layout/SparseTile.h"

namespace coopt {

/// A memref of 1024 x i8 with the codes of the tile that begins at byte `start`, in the order of a dense one, zero-extended.
mlir::Value emitExpandedTile(mlir::ImplicitLocOpBuilder &b, const layout::SparseTile &tile, Isa isa,
                             mlir::Value storage, mlir::Value start);

/// The code of such a tile at `row` and `column`, an i8, by itself.
mlir::Value emitWideCode(mlir::ImplicitLocOpBuilder &b, const layout::SparseTile &tile, mlir::Value storage,
                         mlir::Value start, mlir::Value row, mlir::Value column);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_WIDETILES_H
