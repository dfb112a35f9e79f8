//===- KeptPanels.h - Numbers of sparse panels ------------------------------===//
//
// Numbers of panels of 16 rows under a pattern (SparsePanel.h): weights of binary32, scales of groups. By columns, the 16 of a column
// are its next values, as many as 16 bits have ones, spread over the rows: one instruction of AVX-512, elsewhere one by one. By rows
// they are chosen from the vectors of the run.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_KEPTPANELS_H
#define COOPT_LIB_CONVERSION_KEPTPANELS_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Layout/SparsePanel.h"

namespace coopt {

/// The ones of an integer, as an index.
mlir::Value countOnes(mlir::ImplicitLocOpBuilder &b, mlir::Value bits);
/// `elements` of a memref from `at` on as one integer.
mlir::Value loadBits(mlir::ImplicitLocOpBuilder &b, mlir::Value storage, mlir::Value at, int64_t elements);
/// 16 numbers of 8, 16 or 32 bits as 16 x i32: the next ones from element `at` on where `bits` (an i16) has ones, zero elsewhere.
/// With machine::expandsVectors; nothing behind the last one is read.
mlir::Value loadSpread(mlir::ImplicitLocOpBuilder &b, mlir::Value storage, mlir::Value at, mlir::Value bits);

/// Reads a run: by columns, one column after the other, or by rows.
class KeptColumns {
public:
  /// `start`: the run's first element.
  KeptColumns(mlir::ImplicitLocOpBuilder &b, const layout::SparsePanel &panel, Isa isa, mlir::Value storage,
              mlir::Value start);

  /// Where the run's values begin and end.
  mlir::Value first() const { return start; }
  mlir::Value last() const { return end; }
  /// Which rows keep a block of the run's columns: an i16.
  mlir::Value bits(mlir::ImplicitLocOpBuilder &b, mlir::Value block) const;
  /// The bits of all blocks of a run by rows, as one integer.
  mlir::Value allBits(mlir::ImplicitLocOpBuilder &b) const;
  /// By rows: each row's number `slot`.
  mlir::Value slot(mlir::ImplicitLocOpBuilder &b, int64_t slot) const;
  /// Where the numbers of a column of the run begin.
  mlir::Value find(mlir::ImplicitLocOpBuilder &b, mlir::Value column) const;

  struct Column {
    mlir::Value numbers; ///< 16
    mlir::Value end;     ///< where those of the next column begin
  };
  /// The column whose numbers begin at `at`, with the bits of its block.
  Column read(mlir::ImplicitLocOpBuilder &b, mlir::Value at, mlir::Value bits) const;

private:
  layout::SparsePanel panel;
  Isa isa;
  mlir::Value storage, start, end; ///< of the run's values
};

/// The number at `row` and `column` of a matrix of `columns` in sparse panels.
mlir::Value emitKeptNumber(mlir::ImplicitLocOpBuilder &b, const layout::SparsePanel &panel, int64_t columns,
                           mlir::Value storage, mlir::Value row, mlir::Value column);
/// The 16 numbers of `column` of the panel that begins at element `start`.
mlir::Value loadKeptNumbers(mlir::ImplicitLocOpBuilder &b, const layout::SparsePanel &panel, Isa isa,
                            mlir::Value storage, mlir::Value start, mlir::Value column);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_KEPTPANELS_H
