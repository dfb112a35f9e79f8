//===- SparsePattern.h - Which elements of a matrix are kept ---------------===//
//
// # Patterns
//
// A pattern cuts the columns of a row into runs of `of` blocks of `block` columns, and keeps `kept` blocks of each run; the
// others are zero. With `rows` above 1, that many rows (from a multiple of it on) keep the same blocks.
//
//   2:4          two of four elements                             kept 2, of 4
//   2:4x16       two of four groups of sixteen columns            kept 2, of 4, block 16    (GQSA, arXiv 2412.17560: W4 in groups)
//   2:4x8x16     the same for eight rows at a time                kept 2, of 4, block 16, rows 8
//
// and, by the share that is kept, group16:0.5 for 2:4x16 and block8x16:0.5 for 2:4x8x16: runs are then 64 columns.
//
// What is kept is chosen by scores: the blocks with the greatest sums of squares (scores of elements times a factor of
// their column), equal ones by the lowest index. That is magnitude pruning, or, with factors sqrt(E[x^2]) of the inputs,
// the score of Wanda (arXiv 2306.11695).
//
// A matrix under a pattern has a compact form: its kept columns, ceil(K / span) * kept * block of them, and a bit for each
// block. A row whose last run is short may keep fewer; the rest of its kept columns is zero.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_SPARSEPATTERN_H
#define COOPT_NUMERICS_SPARSEPATTERN_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace coopt::numerics {

struct SparsePattern {
  int64_t kept = 2;  ///< blocks of a run that are kept; 1 to `of` - 1
  int64_t of = 4;    ///< blocks of a run
  int64_t block = 1; ///< columns of a block
  int64_t rows = 1;  ///< rows that keep the same blocks; a power of two

  /// Columns of a run.
  int64_t span() const { return of * block; }
  /// Blocks of a row of `columns`, the last one perhaps short.
  int64_t blocks(int64_t columns) const { return (columns + block - 1) / block; }
  /// Columns of the compact form.
  int64_t keptColumns(int64_t columns) const { return (columns + span() - 1) / span() * kept * block; }

  friend bool operator==(const SparsePattern &a, const SparsePattern &b) {
    return a.kept == b.kept && a.of == b.of && a.block == b.block && a.rows == b.rows;
  }
};

/// "2:4", "2:4x16", "2:4x8x16"; parsed again it is the same pattern.
std::string toString(const SparsePattern &pattern);

/// What toString prints, group16:0.5 or block8x16:0.5. Errors: another text; numbers that are no pattern (1 <= kept < of,
/// at most 64 columns a run, `rows` a power of two of at most 16); a share that is no whole number of blocks in 64 columns.
Expected<SparsePattern> parseSparsePattern(std::string_view text);

/// The blocks that `rowCount` rows of `columns` scores keep, a byte (0 or 1) each, rows of blocks(columns). `rowCount` is at
/// most pattern.rows: these rows choose together. `factors`, one a column, may be null. A sum that is NaN counts as
/// infinity: it comes before all numbers.
void selectKept(const SparsePattern &pattern, const float *scores, int64_t rowCount, int64_t columns,
                const float *factors, uint8_t *kept);

/// A row of `columns` elements of `elementBytes` in its compact form.
void compressRow(const SparsePattern &pattern, const void *row, int64_t columns, size_t elementBytes,
                 const uint8_t *kept, void *values);
/// The row that a compact form means: zero bytes where nothing is kept.
void decompressRow(const SparsePattern &pattern, const void *values, const uint8_t *kept, int64_t columns,
                   size_t elementBytes, void *row);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_SPARSEPATTERN_H
