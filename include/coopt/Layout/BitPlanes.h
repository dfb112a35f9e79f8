//===- BitPlanes.h - Codes of 1 to 8 bits in bytes ------------------------===//
//
// A layout places codes in tiles, counted in elements. Codes of b < 8 bits do not fill a byte each: a tile of
// n codes is stored as *planes* whose widths w are the powers of two that sum up to b, the low bits of the
// codes in the first plane and the widest plane first:
//
//   b = 8: 8   7: 4+2+1   6: 4+2   5: 4+1   4: 4   3: 2+1   2: 2   1: 1
//
// A plane of width w has S = n w / 8 bytes. The code at position q of the tile has its bits of the plane in
// byte q mod S, at bit w * (q / S). So each run of codes that are neighbours in the tile stays a run of bytes,
// and a vector of bytes gives a vector of codes with one shift and one mask, whatever the width.
//
// n is a multiple of 8. All of the tile's planes follow each other: a tile takes n b / 8 bytes.
//
// *Single* planes are b planes of width 1, that of the lowest bit first: what a table is looked up by takes a plane of bits at a time.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_BITPLANES_H
#define COOPT_LAYOUT_BITPLANES_H

#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::layout {

struct BitPlane {
  unsigned width = 8;     ///< bits of a code in this plane: 1, 2, 4 or 8
  unsigned firstBit = 0;  ///< the code's bit that is the plane's lowest
  int64_t byteOffset = 0; ///< of the plane in a tile
  int64_t bytes = 0;      ///< S
};

/// The planes of a tile of `codes` codes (a positive multiple of 8) of `bits` (1 to 8) each.
std::vector<BitPlane> bitPlanes(unsigned bits, int64_t codes, bool areSingle = false);

/// Bytes that `codes` codes take; `codes` is a multiple of 8.
inline int64_t planeBytes(unsigned bits, int64_t codes) { return codes / 8 * bits; }

/// One tile of codes, one per byte (bits above `bits` are ignored), into planeBytes(bits, codes) bytes.
void packPlanes(unsigned bits, const uint8_t *codes, int64_t count, uint8_t *planes, bool areSingle = false);
/// The reverse; codes come out zero-extended.
void unpackPlanes(unsigned bits, const uint8_t *planes, int64_t count, uint8_t *codes,
                  bool areSingle = false);

} // namespace coopt::layout

#endif // COOPT_LAYOUT_BITPLANES_H
