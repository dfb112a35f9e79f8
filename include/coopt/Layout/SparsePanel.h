//===- SparsePanel.h - Storage of a panel of numbers under a pattern ------===//
//
// # Sparse panels
//
// Numbers that go with groups of columns (scales, zeros) are stored in panels of 16 rows, [columns][16 rows]. Where the groups
// are those that a pattern keeps or drops, a panel is stored run by run, each as
//
//   values   [kept][16 rows]   of each row the kept numbers, in their order
//   bits     [of][16 rows]     which columns they are of: a number of 16 bits for each, in whole elements
//
// so that a vector of 16 is one of the values of its run, another in each row. What is dropped is zero.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_SPARSEPANEL_H
#define COOPT_LAYOUT_SPARSEPANEL_H

#include "coopt/Numerics/SparsePattern.h"

namespace coopt::layout {

class SparsePanel {
public:
  static constexpr int64_t kRows = 16;

  /// Errors: a pattern of blocks, or of runs whose bits are no whole number of elements (of 1, 2 or 4 bytes).
  static Expected<SparsePanel> make(const numerics::SparsePattern &pattern, size_t elementBytes);

  const numerics::SparsePattern &pattern() const { return kept; }
  int64_t valueElements() const { return kept.kept * kRows; }
  int64_t runElements() const {
    return valueElements() + kept.of * (kRows / 8) / static_cast<int64_t>(bytes);
  }
  int64_t panelElements(int64_t columns) const { return (columns + kept.of - 1) / kept.of * runElements(); }

  /// A panel [columns][16] into panelElements(columns) elements. Errors: more numbers of a run that are not zero than the pattern
  /// keeps, with their row and column.
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
