//===- StructuredOp.h - Interfaces of the dialect's structured ops -*- C++ -*-===//
//
// Every op of this dialect is in destination style, writes its destinations whole without reading them, and
// walks each dimension of each operand either with one of its loops or as a whole. From that table alone
// tiling, fusion, shapes, effects and bufferization follow.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_QUANTIZED_IR_STRUCTUREDOP_H
#define COOPT_DIALECTS_QUANTIZED_IR_STRUCTUREDOP_H

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

#include <functional>

namespace coopt::quantized::structured {

/// In a table of loops: this dimension is needed whole by every tile.
constexpr int64_t kWhole = -1;

/// Tiling of an op from its table of loops. All loops are parallel.
class Tiling {
public:
  template <typename Op>
  static Tiling of(Op op) {
    Tiling tiling;
    tiling.op = mlir::cast<mlir::DestinationStyleOpInterface>(op.getOperation());
    tiling.finish = [op](mlir::OpBuilder &builder, mlir::Operation *tile,
                         mlir::ArrayRef<mlir::OpFoldResult> offsets) mutable {
      op.finishTile(builder, tile, offsets);
    };
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      tiling.loops.push_back(mlir::isa<mlir::ShapedType>(op->getOperand(i).getType())
                                 ? op.getOperandLoops(i)
                                 : mlir::SmallVector<int64_t>());
    }
    return tiling;
  }

  mlir::SmallVector<mlir::utils::IteratorType> getLoopIteratorTypes() const;
  mlir::SmallVector<mlir::Range> getIterationDomain(mlir::OpBuilder &builder);
  mlir::FailureOr<mlir::TilingResult> getTiledImplementation(mlir::OpBuilder &builder,
                                                             mlir::ArrayRef<mlir::OpFoldResult> offsets,
                                                             mlir::ArrayRef<mlir::OpFoldResult> sizes);
  /// The tile of result `result`; fails if a dimension that the op treats as a whole is cut.
  mlir::FailureOr<mlir::TilingResult> generateResultTile(mlir::OpBuilder &builder, unsigned result,
                                                         mlir::ArrayRef<mlir::OpFoldResult> offsets,
                                                         mlir::ArrayRef<mlir::OpFoldResult> sizes);
  /// The part of an operand that a tile of the loops touches.
  void getOperandTile(mlir::OpBuilder &builder, unsigned operand, mlir::ArrayRef<mlir::OpFoldResult> offsets,
                      mlir::ArrayRef<mlir::OpFoldResult> sizes,
                      mlir::SmallVectorImpl<mlir::OpFoldResult> &operandOffsets,
                      mlir::SmallVectorImpl<mlir::OpFoldResult> &operandSizes);
  /// The loops that use the given parts of operands; fails if a whole dimension is cut or two parts disagree.
  mlir::LogicalResult getDomainTile(mlir::OpBuilder &builder, mlir::ArrayRef<unsigned> operands,
                                    mlir::ArrayRef<mlir::SmallVector<mlir::OpFoldResult>> allOffsets,
                                    mlir::ArrayRef<mlir::SmallVector<mlir::OpFoldResult>> allSizes,
                                    mlir::SmallVectorImpl<mlir::OpFoldResult> &offsets,
                                    mlir::SmallVectorImpl<mlir::OpFoldResult> &sizes);

private:
  unsigned getNumLoops() const;

  mlir::DestinationStyleOpInterface op;
  std::function<void(mlir::OpBuilder &, mlir::Operation *, mlir::ArrayRef<mlir::OpFoldResult>)> finish;
  mlir::SmallVector<mlir::SmallVector<int64_t>> loops;
};

/// Tensors: none. Memrefs: inputs are read, destinations written.
void getEffects(
    mlir::DestinationStyleOpInterface op,
    mlir::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects);

/// The shapes of the destinations.
mlir::LogicalResult reifyResultShapes(mlir::DestinationStyleOpInterface op, mlir::OpBuilder &builder,
                                      mlir::ReifiedRankedShapedTypeDims &shapes);

mlir::bufferization::AliasingValueList getAliasingValues(mlir::DestinationStyleOpInterface op,
                                                         mlir::OpOperand &operand);
/// The same op on buffers, in place on its destinations.
mlir::LogicalResult bufferize(mlir::DestinationStyleOpInterface op, mlir::RewriterBase &rewriter,
                              const mlir::bufferization::BufferizationOptions &options,
                              mlir::bufferization::BufferizationState &state);

/// A destination's value is never read: what fills it is not needed.
template <typename Op>
struct BypassFill : mlir::OpRewritePattern<Op> {
  using mlir::OpRewritePattern<Op>::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(Op op, mlir::PatternRewriter &rewriter) const override {
    bool changed = false;
    for (mlir::OpOperand &init : op.getDpsInitsMutable()) {
      if (auto fill = init.get().template getDefiningOp<mlir::linalg::FillOp>()) {
        rewriter.modifyOpInPlace(op, [&] { init.set(fill.getDpsInitOperand(0)->get()); });
        changed = true;
      }
    }
    return mlir::success(changed);
  }
};

} // namespace coopt::quantized::structured

#endif // COOPT_DIALECTS_QUANTIZED_IR_STRUCTUREDOP_H
