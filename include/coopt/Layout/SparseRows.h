//===- SparseRows.h - Weights under a pattern as an array takes them ------===//
//
// # Sparse rows
//
// An array that keeps N of M weights of a column (mode `nm`) takes rows of C kept codes, each with its place in its run. A matrix [N, K] in
// panels of C = 2^c rows (Panels.h) is stored under a pattern N:M of single elements as
//
//   [N / C][ceil(K / m) n][line]      line = C codes of b bits, C places of ceil(log2 m) bits
//
// Line r of a panel belongs to the run of the columns r / n m ..; it has for each of the C rows the code and the place of the (r mod n)th element that
// the row keeps of the run, places ascending. Codes stand side by side, as those of dense panels do; places too, the first in the lowest bits of the
// byte behind the codes. A run with fewer codes that are not zero than it keeps has the first of its zeros among the kept; so has the last run, whose
// columns behind K are zero, too.
//
// Of codes of 8 bits 2:4 takes 5 bits a weight, 1:4 takes 2.5; of 4 bits 3 and 1.5.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_SPARSEROWS_H
#define COOPT_LAYOUT_SPARSEROWS_H

#include "coopt/Layout/Layout.h"
#include "coopt/Numerics/SparsePattern.h"

namespace coopt::layout {

class SparseRows {
public:
  /// Panels of 2^columnBits rows of codes. Errors: blocks of more than one column; codes that dense panels don't have side by side (Panels.h).
  static Expected<SparseRows> make(const numerics::SparsePattern &pattern, unsigned columnBits,
                                   unsigned bits);

  const numerics::SparsePattern &pattern() const { return kept; }
  /// Rows of a panel: C.
  int64_t width() const { return int64_t(1) << columns; }
  unsigned bits() const { return codeBits; }
  unsigned placeBits() const;

  int64_t codeBytes() const { return width() * codeBits / 8; }
  int64_t placeBytes() const { return width() * placeBits() / 8; }
  int64_t lineBytes() const { return codeBytes() + placeBytes(); }
  /// Of so many columns.
  int64_t lines(int64_t depth) const { return (depth + kept.of - 1) / kept.of * kept.kept; }
  int64_t panelBytes(int64_t depth) const { return lines(depth) * lineBytes(); }

  /// A dense panel [depth][C], a byte for each code in the order of the layout of dense panels, into panelBytes(depth) bytes. Errors: more codes of a
  /// run that are not zero than the pattern keeps, with the row in the panel and the column.
  Status pack(const uint8_t *panel, int64_t depth, uint8_t *storage) const;
  /// The reverse. Places that are none of the run's or lie behind the last column are left out.
  void unpack(const uint8_t *storage, int64_t depth, uint8_t *panel) const;

private:
  SparseRows(const numerics::SparsePattern &pattern, unsigned columnBits, unsigned bits)
      : kept(pattern), columns(columnBits), codeBits(bits) {}

  /// Where the code of a row stands in a line of a dense panel.
  int64_t positionOf(int64_t row) const;

  numerics::SparsePattern kept;
  unsigned columns, codeBits;
};

} // namespace coopt::layout

#endif // COOPT_LAYOUT_SPARSEROWS_H
