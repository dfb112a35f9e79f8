//===- CodeWeights.h - What the codes of a contraction's weights mean -------===//
//
// The packed codes of a quantized.contract's weights with their scales and zeros, a panel of 16 output
// channels and a group of columns at a time.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_CODEWEIGHTS_H
#define COOPT_LIB_CONVERSION_CODEWEIGHTS_H

#include "CodePanels.h"
#include "KeptPanels.h"
#include "PackedView.h"
#include "dialects/Quantized/IR/Quantized.h"

namespace coopt {

class CodeWeights {
public:
  /// Fails if the op's weights are not packed in panels, or their groups are none that a vector of codes can
  /// hold.
  static mlir::FailureOr<CodeWeights> match(mlir::ImplicitLocOpBuilder &b, quantized::ContractOp op, Isa isa);

  quantized::SchemeAttr scheme() const { return op.getWScheme(); }
  const CodePanels &codes() const { return panels; }
  /// Columns of the matrix, and whole or begun tiles of 64 of them.
  int64_t columns() const { return depth; }
  int64_t tiles() const { return llvm::divideCeil(depth, kTileColumns); }
  /// Columns that share a scale, at most columns(); and how many such groups there are.
  int64_t groupColumns() const { return group; }
  int64_t groups() const { return llvm::divideCeil(depth, group); }

  /// Offset in bytes of the tile at 64 `tile` of `panel` (counted from the view's first).
  mlir::Value tileOffset(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value tile) const;

  /// What is subtracted from the codes of a quad as CodeWeights gives them, per channel, as i32.
  mlir::Value zeros(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value groupIndex) const;
  /// A quad of TileCodes as unsigned bytes, from which zeros() are subtracted: codes of a symmetric scheme are moved up by
  /// half their range.
  mlir::Value unsignedQuad(mlir::ImplicitLocOpBuilder &b, mlir::Value quad) const;
  /// Whether the differences of codes and zeros fit signed bytes.
  bool hasByteDifferences() const { return scheme().getBits() < 8 || !scheme().isAsymmetric(); }

  /// The scales of a group as stored: <16 x f32> (f16 is widened), or <16 x i32> for two levels.
  mlir::Value groupScales(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value groupIndex) const;
  /// Whether what a tile keeps are groups with a scale each, of which the kept ones are stored in the same order: where the bits of both
  /// are equal, scale `slot` of a row and run belongs to the codes of its group `slot`.
  bool keepsScaledGroups() const;
  /// Then: the run of scales for run `run` (0 ..) of a tile of codes, and its vector of scales `slot` as groupScales gives them.
  KeptColumns scaleRun(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value tile, int64_t run) const;
  /// Fetches the same run of a panel that comes some panels later.
  void fetchScales(mlir::ImplicitLocOpBuilder &b, const KeptColumns &run, int64_t panelsAhead) const;
  mlir::Value keptScales(mlir::ImplicitLocOpBuilder &b, const KeptColumns &run, int64_t slot) const;
  /// The scales of whole rows for the columns of a chunk: outer ones for two levels. Null if there are none.
  mlir::Value rowScales(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value column) const;

private:
  mutable quantized::ContractOp op;
  CodePanels panels;
  PanelWeights scalePanels, zeroPanels; ///< of groups
  int64_t depth = 0, group = 0;

  mlir::Value widened(mlir::ImplicitLocOpBuilder &b, mlir::Value scales) const;
  bool hasGroups() const { return scheme().getGroup() != 0; }
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_CODEWEIGHTS_H
