//===- Panels.h - Weights in the tiles that an array takes ----------------===//
//
// An array of C = 2^c columns keeps tiles of weights [k][C], for C output channels at a time. A matrix [N, K] in *panels* is stored as
// [N / C][K][C]: a tile for any k is one run of storage, rows of C elements one behind the other.
//
// Codes of 2 or 4 bits stand in such a row side by side, the first in the lowest bits of the first byte, as the array's own types do.
// Bit planes (BitPlanes.h) of a row of C codes have one plane of b bits, in which position q is in byte q mod S, S = C b / 8, at bit
// b (q / S). So code n is at position
//
//     q(n) = (n mod 8 / b) S + n / (8 / b)
//
// which moves the lowest bits of n above all others: a basis of single bits. Codes of 3, 5, 6 and 7 bits are of several planes
// and in the order of their positions; no type of the array reads them.
//
// An array that looks sums up takes tiles of single bits, [W][T] of W output channels and T activations of its tables, a plane for each bit of the codes. A
// matrix in *look-ups* is stored as [N / W][K / T][bits][W][T]: the bit of channel n and step k is number n T + k of its plane. The tile has single
// planes (BitPlanes.h), in which position q is in byte q mod S, S = W T / 8, at bit q / S; so, with p = n T + k,
//
//     q(p) = (p mod 8) S + p / 8
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_PANELS_H
#define COOPT_LAYOUT_PANELS_H

#include "coopt/Layout/Layout.h"

namespace coopt::layout {

/// Whether codes of so many bits stand side by side in panels of so many rows: 2, 4 or 8 bits, rows of whole bytes.
bool areSideBySide(unsigned bits, unsigned columnBits);

/// Panels of 2^columnBits rows. `bits`: of codes, 1 to 8; 0 of elements that are stored whole.
/// Errors: `sizes` is no matrix; those of rowMajor; fewer than 8 codes a row of a panel.
Expected<Layout> panels(const std::vector<int64_t> &sizes, unsigned columnBits, unsigned bits);

/// Look-ups of tiles of 2^columnBits rows and 2^depthBits columns.
/// Errors: `sizes` is no matrix; those of rowMajor; fewer than 8 codes a tile, or more than a tile has.
Expected<Layout> lookUps(const std::vector<int64_t> &sizes, unsigned columnBits, unsigned depthBits);

} // namespace coopt::layout

#endif // COOPT_LAYOUT_PANELS_H
