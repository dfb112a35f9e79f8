//===- SparseTile.h - Storage of a tile of codes under a pattern ----------===//
//
// # Sparse tiles
//
// Codes of coded contractions are stored in tiles of 16 rows and 64 columns (1024 codes). Of a matrix under a pattern
// (SparsePattern.h), whose runs lie inside the tiles, a tile is stored as
//
//   metadata   which ones are kept
//   values     the kept codes as bit planes (BitPlanes.h)
//
// The metadata are
//
//   a half or a quarter of 2 or 4 elements   the place of each kept code in its run: codes of 1 or 2 bits, as bit planes in the
//                                            values' order
//   a half or a quarter of 8 elements        a bit for each code, 512 (k / 32) + 32 row + k % 32: a number of 32 bits a row for
//                                            half of the tile
//   blocks of 4 columns and more             a bit for each block, 16 (k / block) + row: a number of 16 bits for each column of
//                                            blocks
//   other numbers of 4 to 64 elements        the smaller one of
//     bitmap        a bit for each code, in the order of a dense tile: [16 k][16 rows][4 k]
//     coordinates   the place of each kept code in its run: codes of log2(of) bits, as bit planes in the values' order
//
// Of the first three the values' order is that of a dense tile of 16 rows and 64 kept / of columns, [columns / 4][16 rows][4 columns]:
// a vector of kept codes holds four of each row, as one of dense codes does, and what expands it, or finds the activations that it
// meets, never moves a code to another row. Every plane of theirs is whole vectors of 64 bytes; where it would not be, elements are
// stored as of wide runs:
//
// Of a bitmap the values' order is that of the dense tile, without what is dropped: a vector of codes is the next ones, as many
// as its bits have ones, spread over it. Coordinates have the values column after column, [columns][16 rows]: so few codes are put
// into a tile of zeros one by one. A bitmap takes 128 bytes, coordinates 2 kept 64 / of log2(of): fewer, if kept log2(of) < of.
//
// With 4 bits a tile takes 384 bytes for 2:4, 192 for 1:4, 264 for 2:4x16, 384 for 32:64 and 64 for 1:16, where a dense one takes 512.
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

  /// Errors: a pattern that such tiles cannot have. Elements: runs of 2, 4, 8, 16, 32 or 64. Blocks: of 4, 8, 16 or 32 columns,
  /// runs a divisor of 64, and whole vectors of 64 bytes for each of the planes of `bits`.
  static Expected<SparseTile> make(const numerics::SparsePattern &pattern, unsigned bits);

  const numerics::SparsePattern &pattern() const { return kept; }
  unsigned bits() const { return codeBits; }
  /// Whether a tile is a bitmap or coordinates.
  bool isWide() const { return wide; }
  bool hasCoordinates() const { return wide && kept.kept * placeBits() < kept.of; }
  /// Whether metadata are places, of so many bits, in vectors.
  bool hasPlaces() const { return !wide && kept.block == 1 && kept.of <= 4; }
  unsigned placeBits() const {
    return static_cast<unsigned>(__builtin_ctzll(static_cast<uint64_t>(kept.of)));
  }
  int64_t metadataBytes() const {
    return hasPlaces() || hasCoordinates() ? planeBytes(placeBits(), values()) : kCodes / 8 / kept.block;
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

  /// Where the kept code `place` of a row stands among the values; not of bitmaps.
  int64_t valueOf(int64_t row, int64_t place) const;

  numerics::SparsePattern kept;
  unsigned codeBits = 8;
  bool wide = false;
};

} // namespace coopt::layout

#endif // COOPT_LAYOUT_SPARSETILE_H
