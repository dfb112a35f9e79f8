//===- SparsePanel.h - Storage of a panel of numbers under a pattern ------===//
//
// # Sparse panels
//
// Numbers of a matrix that are no codes (weights of binary32; scales and zeros, of which a column is a group) are stored in panels
// of 16 rows, [columns][16 rows]. Under a pattern a panel is stored run by run, each as
//
//   values   what is kept: 16 kept block numbers
//   bits     [of][16 rows]   which rows keep a block of columns: a number of 16 bits for each block, filled up to whole elements
//
// What is dropped is zero. The values are in one of two orders:
//
//   by columns   column after column, of each the numbers of the rows that keep it: a column is the next values, as many as its
//                bits have ones, spread over the rows: VPEXPAND
//   by rows      [kept][16 rows], a row's first number, its second, ..: a vector of 16 is one of each row, and those of a
//                column are chosen from `kept` vectors. Of single numbers of 1 or 2 bytes in runs of up to 8: scales and zeros.
//                Rows keep equal numbers, the first of what is zero among them, as codes do (SparseTile.h): of groups of codes whose
//                scales are zero where all their codes are, the bits are those of the codes, and the vectors belong together
//
// Of binary32, 2:4 takes 136 bytes for 256.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_SPARSEPANEL_H
#define COOPT_LAYOUT_SPARSEPANEL_H

#include "coopt/Numerics/SparsePattern.h"

namespace coopt::layout {

class SparsePanel {
public:
  static constexpr int64_t kRows = 16;

  /// Errors: elements of other than 1, 2 or 4 bytes.
  static Expected<SparsePanel> make(const numerics::SparsePattern &pattern, size_t elementBytes);

  const numerics::SparsePattern &pattern() const { return kept; }
  bool isByRows() const { return bytes < 4 && kept.block == 1 && kept.of <= 8; }
  int64_t valueElements() const { return kept.kept * kept.block * kRows; }
  int64_t runElements() const {
    const auto width = static_cast<int64_t>(bytes);
    return valueElements() + (kept.of * (kRows / 8) + width - 1) / width;
  }
  int64_t panelElements(int64_t columns) const {
    return (columns + kept.span() - 1) / kept.span() * runElements();
  }

  /// A panel [columns][16] into panelElements(columns) elements. Errors: more blocks of a run with numbers that are not zero than the
  /// pattern keeps, with their row and column.
  Status pack(const uint8_t *panel, int64_t columns, uint8_t *storage) const;
  /// The reverse.
  void unpack(const uint8_t *storage, int64_t columns, uint8_t *panel) const;

private:
  SparsePanel(const numerics::SparsePattern &pattern, size_t elementBytes)
      : kept(pattern), bytes(elementBytes) {}

  numerics::SparsePattern kept;
  size_t bytes;
};

} // namespace coopt::layout

#endif // COOPT_LAYOUT_SPARSEPANEL_H
