//===- PackedView.h - Packed storage seen by kernels ------------------------===//
//
// model.unpack on memrefs is a view in logical coordinates. Kernels address the storage behind it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_PACKEDVIEW_H
#define COOPT_LIB_CONVERSION_PACKEDVIEW_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Layout/Layout.h"
#include "dialects/Model/IR/Model.h"

namespace coopt {

/// The layout of an unpack; emits an error if its text is none of the right rank.
mlir::FailureOr<layout::Layout> layoutOf(model::UnpackOp unpack);

/// Where in the storage the element with these coordinates of the view lies (offsets are added).
mlir::Value emitStorageOffset(mlir::ImplicitLocOpBuilder &b, model::UnpackOp unpack,
                              const layout::Layout &layout, mlir::ValueRange coordinates);

/// The element with these coordinates of the view; codes of fewer bits than a byte come zero-extended.
mlir::Value emitStoredElement(mlir::ImplicitLocOpBuilder &b, model::UnpackOp unpack,
                              const layout::Layout &layout, mlir::ValueRange coordinates);

/// The code at `position` of `codes` whose bit planes (BitPlanes.h), single ones or not, begin at byte `start`, an i8, zero-extended.
mlir::Value emitPlaneCode(mlir::ImplicitLocOpBuilder &b, unsigned bits, int64_t codes, mlir::Value storage,
                          mlir::Value start, mlir::Value position, bool areSingle = false);

/// Weights N x K stored as panels of 16 rows: element (n, k) at
///   (n / 16) * panelStride + (k / pair) * stepStride + (n % 16) * pair + k % pair, with pair consecutive k's
///   together.
struct PanelWeights {
  mlir::Value storage;
  /// First panel and first k step of the view.
  mlir::Value firstPanel;
  mlir::Value firstStep;
  int64_t panelStride = 0;
  int64_t stepStride = 0;
  /// Panels under a pattern (SparsePanel.h), whose columns have no stride: loadPanel knows them.
  std::optional<layout::SparsePanel> sparse;
  Isa isa = Isa::Generic;
};

/// The panels behind a view, if its layout is that of panels with `pair` (1 or 2) and the view starts at a
/// panel and a step: at offsets that are provably multiples of 16 and of `pair`.
mlir::FailureOr<PanelWeights> matchPanels(mlir::ImplicitLocOpBuilder &b, mlir::Value view, int64_t pair,
                                          Isa isa);

/// The 16 elements of a panel (counted from the view's first) at a step, for panels with `pair` 1.
mlir::Value loadPanel(mlir::ImplicitLocOpBuilder &b, const PanelWeights &of, mlir::Value panel,
                      mlir::Value step);

/// True if `value` is a multiple of `divisor` in every run, as far as its definition tells.
bool isMultipleOf(mlir::Value value, int64_t divisor);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_PACKEDVIEW_H
