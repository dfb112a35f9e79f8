//===- CodePanels.h - Packed codes as vectors -------------------------------===//
//
// Weights of coded contractions are stored in tiles of 16 rows and 64 columns, [N/16][K/64][16 k][16 n][4 k],
// each tile as bit planes (BitPlanes.h) or, under a pattern, as what is kept of it (SparseTile.h). A *quad* is a vector of 64 codes, one a byte: four consecutive
// columns of each of 16 rows. A tile has 16 quads.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_CODEPANELS_H
#define COOPT_LIB_CONVERSION_CODEPANELS_H

#include "Chunks.h"
#include "KeptQuads.h"

namespace coopt {

/// Columns of a tile, and of a quad.
constexpr int64_t kTileColumns = 64;
constexpr int64_t kQuad = 4;
constexpr int64_t kQuadsPerTile = kTileColumns / kQuad;

struct CodePanels {
  mlir::Value storage; ///< memref of i8
  /// First panel of 16 rows of the view; it starts at column 0.
  mlir::Value firstPanel;
  int64_t panelStride = 0; ///< bytes
  int64_t tileStride = 0;  ///< bytes: 128 for each bit of dense tiles
  unsigned bits = 8;
  std::optional<layout::SparseTile> sparse;
  bool isWide() const { return sparse && sparse->isWide(); }
  Isa isa = Isa::Generic;

  /// Codes of a tile that are stored, and the byte of a tile at which their planes begin.
  int64_t storedCodes() const;
  int64_t firstByte() const { return sparse ? sparse->metadataBytes() : 0; }

  /// The quads from .. to - 1 of a tile, those that stand in the same bytes one after the other: what is loaded
  /// for one serves the next, and then leaves its register.
  llvm::SmallVector<int64_t> quadOrder(int64_t from, int64_t to) const;
  /// The same of vectors of stored codes.
  llvm::SmallVector<int64_t> storedOrder(int64_t from, int64_t to) const;
};

/// The panels behind a model.unpack of codes; fails if its layout is another, or it does not start at a panel.
mlir::FailureOr<CodePanels> matchCodePanels(mlir::ImplicitLocOpBuilder &b, mlir::Value view, Isa isa);

/// The codes of one tile, as they are asked for.
class TileCodes {
public:
  /// `offset`: of the tile in the storage, in bytes.
  /// `ahead`: bytes from what is loaded to what is fetched ahead with it; 0: nothing.
  TileCodes(mlir::ImplicitLocOpBuilder &b, const CodePanels &panels, mlir::Value offset, int64_t ahead = 0);
  /// Quad 0 .. 15: the stored bits of each code in a byte, zero-extended.
  mlir::Value quad(int64_t index);
  /// The same for an index that is known when the code runs, `at` some place below: a few instructions more.
  mlir::Value quadAt(mlir::ImplicitLocOpBuilder &at, mlir::Value index) const;

  /// Of sparse tiles: vectors of what is kept, and the activations that it meets (KeptQuads.h).
  mlir::Value keptCodes(int64_t index) { return stored(index, codePlanes()); }
  mlir::Value gather(int64_t index, mlir::Value activations);
  KeptQuads &keptQuads() { return *kept; }

private:
  mlir::ImplicitLocOpBuilder *b;
  const CodePanels *panels;
  mlir::Value offset;
  int64_t ahead;
  std::optional<KeptQuads> kept;
  mlir::Value expanded;                        ///< of wide runs: a dense tile
  llvm::DenseMap<int64_t, mlir::Value> loaded; ///< runs of 64 bytes, by their place in the tile

  /// Numbers of few bits in bit planes.
  struct Planes {
    unsigned bits;
    int64_t firstByte; ///< in the tile
  };
  Planes codePlanes() const { return {panels->bits, panels->firstByte()}; }
  Planes placePlanes() const { return {panels->sparse->placeBits(), 0}; }

  /// A vector of such numbers.
  mlir::Value stored(int64_t index, Planes of);
  mlir::Value storedAt(mlir::ImplicitLocOpBuilder &at, mlir::Value index, Planes of) const;
  void emitFetch(int64_t byte) const;
};

/// A constant vector of 64 bytes.
mlir::Value bytesOf(mlir::ImplicitLocOpBuilder &b, uint8_t value);

/// A vector of 16 numbers of 32 bits, each below 256, with each one's byte four times: as bytes of a quad.
mlir::Value repeatInQuad(mlir::ImplicitLocOpBuilder &b, mlir::Value numbers);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_CODEPANELS_H
