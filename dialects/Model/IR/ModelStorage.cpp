//===- ModelStorage.cpp - Packed storage ------------------------------------===//
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::model;

/// What pack and unpack have in common: the packed type has the elements that the layout stores.
static LogicalResult verifyPacked(Operation *op, ShapedType packed, LayoutAttr layout, Type element) {
  if (layout.getKept() && layout.getBits() == 0 &&
      (!element.isIntOrFloat() || !layout.getSparsePanel(element.getIntOrFloatBitWidth() / 8))) {
    return op->emitOpError() << "expected elements of 1, 2 or 4 bytes to keep " << layout.getKept()
                             << " of, got " << element;
  }
  const int64_t elements =
      element.isIntOrFloat() ? layout.getStorageElements(element) : layout.getStorageElements(1u);
  if (packed.getRank() != 1 || packed.getDimSize(0) != elements) {
    return op->emitOpError() << "expected " << elements
                             << " elements of storage in one dimension, as the layout has, got " << packed;
  }
  if (layout.getBits() != 0 && !element.isInteger(8)) {
    return op->emitOpError() << "expected codes of " << layout.getBits() << " bits in elements of i8, got "
                             << element;
  }
  if (packed.getElementType() != element) {
    return op->emitOpError() << "expected packed elements of type " << element << ", got "
                             << packed.getElementType();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// PackOp
//===----------------------------------------------------------------------===//

LayoutAttr PackOp::getLayout() { return dyn_cast_or_null<LayoutAttr>(getResult().getType().getEncoding()); }

LogicalResult PackOp::verify() {
  LayoutAttr attribute = getLayout();
  if (!attribute) {
    return emitOpError() << "expected a #model.layout as encoding of the result, got "
                         << getResult().getType();
  }
  layout::Layout layout = attribute.getLayout();
  RankedTensorType source = getSource().getType();
  if (source.getEncoding() || source.getShape() != ArrayRef<int64_t>(layout.sizes())) {
    return emitOpError() << "expected a source of the layout's extents, ["
                         << ArrayRef<int64_t>(layout.sizes()) << "], without encoding, got " << source;
  }
  return verifyPacked(*this, getResult().getType(), attribute, source.getElementType());
}

//===----------------------------------------------------------------------===//
// UnpackOp
//===----------------------------------------------------------------------===//

LayoutAttr UnpackOp::getStorageLayout() {
  if (auto tensor = dyn_cast<RankedTensorType>(getSource().getType())) {
    return dyn_cast_or_null<LayoutAttr>(tensor.getEncoding());
  }
  return getLayoutAttr();
}

SmallVector<OpFoldResult> UnpackOp::getMixedSizes() {
  Builder builder(getContext());
  return mlir::getMixedValues(getResult().getType().getShape(), getSizes(), builder);
}

SmallVector<OpFoldResult> UnpackOp::getMixedOffsets() {
  if (getOffsets().empty()) {
    return SmallVector<OpFoldResult>(getResult().getType().getRank(), Builder(getContext()).getIndexAttr(0));
  }
  return getAsOpFoldResult(getOffsets());
}

LogicalResult UnpackOp::verify() {
  ShapedType source = getSource().getType(), result = getResult().getType();
  if (isa<MemRefType>(source) != isa<MemRefType>(result)) {
    return emitOpError() << "expected a source and a result that are both tensors or both memrefs, got "
                         << source << " and " << result;
  }
  LayoutAttr attribute = getStorageLayout();
  if (!attribute) {
    return emitOpError() << "expected a #model.layout as "
                         << (isa<MemRefType>(source) ? "'layout'" : "encoding of the source");
  }
  if (!isa<MemRefType>(source) && getLayoutAttr()) {
    return emitOpError() << "expected no 'layout' in tensor form: the source's encoding is the layout";
  }
  layout::Layout layout = attribute.getLayout();
  if (failed(verifyPacked(*this, source, attribute, result.getElementType()))) {
    return failure();
  }
  int64_t rank = layout.rank();
  if (auto tensor = dyn_cast<RankedTensorType>(result); tensor && tensor.getEncoding()) {
    return emitOpError() << "expected a result without encoding, got " << result;
  }
  if (result.getRank() != rank) {
    return emitOpError() << "expected a result of the layout's rank " << rank << ", got " << result;
  }
  for (int64_t d = 0; d < rank; ++d) {
    if (!result.isDynamicDim(d) && result.getDimSize(d) > layout.dims[d].size) {
      return emitOpError() << "expected at most the layout's extent " << layout.dims[d].size
                           << " in dimension " << d << ", got " << result.getDimSize(d);
    }
  }
  int64_t offsets = getOffsets().size(), sizes = getSizes().size(), dynamic = result.getNumDynamicDims();
  if (offsets != 0 && offsets != rank) {
    return emitOpError() << "expected " << rank << " offsets or none, got " << offsets;
  }
  if (sizes != dynamic) {
    return emitOpError() << "expected " << dynamic << " sizes, one per dynamic extent, got " << sizes;
  }
  return success();
}

LogicalResult UnpackOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(getMixedSizes());
  return success();
}

static bool allZero(OperandRange offsets) {
  return llvm::all_of(offsets, [](Value offset) { return isConstantIntValue(offset, 0); });
}

OpFoldResult UnpackOp::fold(FoldAdaptor) {
  // The whole of what was packed with the same layout.
  auto pack = getSource().getDefiningOp<PackOp>();
  if (pack && allZero(getOffsets()) && pack.getSource().getType() == getResult().getType()) {
    return pack.getSource();
  }
  return {};
}

namespace {

/// Offsets that are all zero are left out.
struct DropZeroOffsets : public OpRewritePattern<UnpackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnpackOp op, PatternRewriter &rewriter) const override {
    if (op.getOffsets().empty() || !allZero(op.getOffsets())) {
      return failure();
    }
    rewriter.modifyOpInPlace(op, [&] { op.getOffsetsMutable().clear(); });
    return success();
  }
};

/// Constant sizes become static extents.
struct FoldConstantSizes : public OpRewritePattern<UnpackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnpackOp op, PatternRewriter &rewriter) const override {
    ShapedType type = op.getResult().getType();
    layout::Layout layout = op.getStorageLayout().getLayout();
    SmallVector<int64_t> shape = llvm::to_vector(type.getShape());
    SmallVector<Value> sizes;
    auto size = op.getSizes().begin();
    for (auto [d, extent] : llvm::enumerate(shape)) {
      if (!ShapedType::isDynamic(extent)) {
        continue;
      }
      // A constant outside the tensor is left for the run: types must stay legal.
      std::optional<int64_t> constant = getConstantIntValue(*size);
      if (constant && *constant >= 0 && *constant <= layout.dims[d].size) {
        extent = *constant;
      } else {
        sizes.push_back(*size);
      }
      ++size;
    }
    if (sizes.size() == op.getSizes().size()) {
      return failure();
    }
    DictionaryAttr discardable = op->getDiscardableAttrDictionary();
    auto folded = UnpackOp::create(rewriter, op.getLoc(), type.clone(shape), op.getSource(), op.getOffsets(),
                                   sizes, op.getLayoutAttr());
    folded->setDiscardableAttrs(discardable);
    if (isa<MemRefType>(type)) {
      rewriter.replaceOpWithNewOp<memref::CastOp>(op, type, folded.getResult());
    } else {
      rewriter.replaceOpWithNewOp<tensor::CastOp>(op, type, folded.getResult());
    }
    return success();
  }
};

} // namespace

void UnpackOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropZeroOffsets, FoldConstantSizes>(context);
}
