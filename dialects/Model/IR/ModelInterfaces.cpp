//===- ModelInterfaces.cpp - Tiling and bufferization of model ops ----------===//
#include "dialects/Model/IR/ModelInterfaces.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Model/IR/StructuredOpBufferization.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace coopt::model;

OpFoldResult coopt::model::addOffsets(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b) {
  AffineExpr sum = builder.getAffineSymbolExpr(0) + builder.getAffineSymbolExpr(1);
  return affine::makeComposedFoldedAffineApply(builder, loc, AffineMap::get(0, 2, sum), {a, b});
}

namespace {

/// The buffer of an op that has one result which must not be written: contiguous, in row-major order.
BufferLikeType getReadOnlyBufferType(Value value) {
  return cast<BufferLikeType>(Type(getMemRefTypeWithStaticIdentityLayout(cast<TensorType>(value.getType()))));
}

/// An unpack is its own tile at a larger offset.
struct UnpackTiling : public TilingInterface::ExternalModel<UnpackTiling, UnpackOp> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *op) const {
    return SmallVector<utils::IteratorType>(cast<UnpackOp>(op).getResult().getType().getRank(),
                                            utils::IteratorType::parallel);
  }

  SmallVector<Range> getIterationDomain(Operation *op, OpBuilder &builder) const {
    SmallVector<Range> domain;
    for (OpFoldResult size : cast<UnpackOp>(op).getMixedSizes()) {
      domain.push_back({builder.getIndexAttr(0), size, builder.getIndexAttr(1)});
    }
    return domain;
  }

  FailureOr<TilingResult> getTiledImplementation(Operation *op, OpBuilder &builder,
                                                 ArrayRef<OpFoldResult> offsets,
                                                 ArrayRef<OpFoldResult> sizes) const {
    auto unpack = cast<UnpackOp>(op);
    Location loc = op->getLoc();
    SmallVector<OpFoldResult> sums;
    for (auto [own, offset] : llvm::zip_equal(unpack.getMixedOffsets(), offsets)) {
      sums.push_back(addOffsets(builder, loc, own, offset));
    }
    SmallVector<Value> dynamicSizes;
    SmallVector<int64_t> shape;
    dispatchIndexOpFoldResults(sizes, dynamicSizes, shape);
    ShapedType type = unpack.getResult().getType().clone(shape);
    auto tile = UnpackOp::create(builder, loc, type, unpack.getSource(),
                                 getValueOrCreateConstantIndexOp(builder, loc, sums), dynamicSizes,
                                 unpack.getLayoutAttr());
    tile->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    return TilingResult{{tile}, {tile.getResult()}, {}};
  }

  LogicalResult getResultTilePosition(Operation *, OpBuilder &, unsigned, ArrayRef<OpFoldResult> offsets,
                                      ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
                                      SmallVector<OpFoldResult> &resultSizes) const {
    resultOffsets = llvm::to_vector(offsets);
    resultSizes = llvm::to_vector(sizes);
    return success();
  }

  LogicalResult getIterationDomainTileFromResultTile(Operation *, OpBuilder &, unsigned,
                                                     ArrayRef<OpFoldResult> offsets,
                                                     ArrayRef<OpFoldResult> sizes,
                                                     SmallVectorImpl<OpFoldResult> &domainOffsets,
                                                     SmallVectorImpl<OpFoldResult> &domainSizes) const {
    domainOffsets.assign(offsets.begin(), offsets.end());
    domainSizes.assign(sizes.begin(), sizes.end());
    return success();
  }

  FailureOr<TilingResult> generateResultTileValue(Operation *op, OpBuilder &builder, unsigned,
                                                  ArrayRef<OpFoldResult> offsets,
                                                  ArrayRef<OpFoldResult> sizes) const {
    return getTiledImplementation(op, builder, offsets, sizes);
  }
};

/// The result is a view of the source: it aliases it, in no way that upstream could describe, and is
/// read-only.
struct UnpackBufferization : public BufferizableOpInterface::ExternalModel<UnpackBufferization, UnpackOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &, const AnalysisState &) const {
    return {{op->getResult(0), BufferRelation::Unknown}};
  }
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }

  FailureOr<BufferLikeType> getBufferType(Operation *, Value value, const BufferizationOptions &,
                                          const BufferizationState &, SmallVector<Value> &) const {
    return getReadOnlyBufferType(value);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto unpack = cast<UnpackOp>(op);
    FailureOr<Value> source = getBuffer(rewriter, unpack.getSource(), options, state);
    if (failed(source)) {
      return failure();
    }
    DictionaryAttr discardable = op->getDiscardableAttrDictionary();
    auto view = replaceOpWithNewBufferizedOp<UnpackOp>(
        rewriter, op, getReadOnlyBufferType(unpack.getResult()), *source, unpack.getOffsets(),
        unpack.getSizes(), unpack.getStorageLayout());
    view->setDiscardableAttrs(discardable);
    return success();
  }
};

/// A parameter's storage, which must not be written.
struct LoadBufferization : public BufferizableOpInterface::ExternalModel<LoadBufferization, LoadOp> {
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }

  FailureOr<BufferLikeType> getBufferType(Operation *, Value value, const BufferizationOptions &,
                                          const BufferizationState &, SmallVector<Value> &) const {
    return getReadOnlyBufferType(value);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &,
                          BufferizationState &) const {
    auto load = cast<LoadOp>(op);
    DictionaryAttr discardable = op->getDiscardableAttrDictionary();
    auto buffer = replaceOpWithNewBufferizedOp<LoadOp>(rewriter, op, getReadOnlyBufferType(load.getResult()),
                                                       load.getParameterAttr());
    buffer->setDiscardableAttrs(discardable);
    return success();
  }
};

} // namespace

void coopt::model::attachModelInterfaces(MLIRContext *context) {
  attachStructuredInterfaces<GatherOp, RowReduceOp>(context);
  UnpackOp::attachInterface<UnpackTiling, UnpackBufferization>(*context);
  LoadOp::attachInterface<LoadBufferization>(*context);
}
