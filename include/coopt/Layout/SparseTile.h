//===- SparseTile.h - Storage of a tile of codes under a pattern ----------===//
//
// # Sparse tiles
//
// Codes of coded contractions are stored in tiles of 16 rows and 64 columns (1024 codes). Of a matrix under a pattern
// (SparsePattern.h), whose runs lie inside the tiles, a tile is stored as
//
//   metadata   which ones are kept
//   values     the kept codes as bit planes (BitPlanes.h), in the order of a dense tile of 16 rows and 64 kept / of columns:
//              [columns / 4][16 rows][4 columns]
//
// so that a vector of kept codes holds four of each row, as one of dense codes does, and what expands it, or finds the
// activations that it meets, never moves a code to another row. The metadata are
//
//   elements, of 2 or 4    the place of each kept code in its run: codes of 1 or 2 bits, as bit planes in the values' order
//   elements, of 8         a bit for each code, 512 (k / 32) + 32 row + k % 32: a number of 32 bits a row for half of the tile
//   blocks of 4 and more   a bit for each block, 16 (k / block) + row: a number of 16 bits for each column of blocks
//
// With 4 bits a tile takes 384 bytes for 2:4, 192 for 1:4 and 264 for 2:4x16, where a dense one takes 512.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_SPARSETILE_H
#define COOPT_LAYOUT_SPARSETILE_H

#include "coopt/Layout/BitPlanes.h"
#include "coopt/Numerics/SparsePattern.h"

namespace coopt::layout {

class SparseTile {
public:
  static constexpr int64_t kRows = 16, kColumns = 64, kCodes = kRows * kColumns;

  /// Errors: a pattern that such tiles cannot have. Elements: kept / of is 1/2 or 1/4, in runs of at most 8. Blocks: of 4, 8,
  /// 16 or 32 columns, runs a divisor of 64. Whole vectors of 64 bytes for each of the planes of `bits`.
  static Expected<SparseTile> make(const numerics::SparsePattern &pattern, unsigned bits);

  const numerics::SparsePattern &pattern() const { return kept; }
  unsigned bits() const { return codeBits; }
  /// Whether metadata are places, of so many bits.
  bool hasPlaces() const { return kept.block == 1 && kept.of <= 4; }
  unsigned placeBits() const { return kept.of == 4 ? 2 : 1; }
  int64_t metadataBytes() const {
    return hasPlaces() ? planeBytes(placeBits(), values()) : kCodes / 8 / kept.block;
  }
  /// Kept codes.
  int64_t values() const { return kCodes / kept.of * kept.kept; }
  int64_t bytes() const { return metadataBytes() + planeBytes(codeBits, values()); }

  /// The bit of the block that column `column` of row `row` is in, where metadata are bits.
  int64_t bitOf(int64_t row, int64_t column) const;

  /// 1024 codes, a byte each in the order of a dense tile, into bytes() bytes. Errors: more codes of a run that are not zero
  /// than the pattern keeps, with the row and column in the tile.
  Status pack(const uint8_t *codes, uint8_t *storage) const;
  /// The reverse.
  void unpack(const uint8_t *storage, uint8_t *codes) const;

private:
  SparseTile(const numerics::SparsePattern &pattern, unsigned bits) : kept(pattern), codeBits(bits) {}

  numerics::SparsePattern kept;
  unsigned codeBits = 8;
};

} // namespace coopt::layout

#endif // COOPT_LAYOUT_SPARSETILE_H
