#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Quantized/IR/StructuredOp.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt::quantized;

#define GET_OP_CLASSES
#include "dialects/Quantized/IR/QuantizedOps.cpp.inc"

using structured::kWhole;

/// A result for each tensor destination.
static SmallVector<Type> getTensorTypes(ValueRange inits) {
  SmallVector<Type> types;
  for (Type type : inits.getTypes()) {
    if (isa<RankedTensorType>(type)) {
      types.push_back(type);
    }
  }
  return types;
}

/// Loops of scales and zeros whose rows are walked by `row`.
static SmallVector<int64_t> getScaleLoops(SchemeAttr scheme, int64_t row) {
  return scheme.getGroup() == 0 ? SmallVector<int64_t>{row} : SmallVector<int64_t>{row, kWhole};
}

//===----------------------------------------------------------------------===//
// quantize: loop (m)
//===----------------------------------------------------------------------===//

void QuantizeOp::build(OpBuilder &builder, OperationState &state, Value input, ValueRange outs,
                       SchemeAttr scheme) {
  build(builder, state, getTensorTypes(outs), input, outs, scheme);
}

SmallVector<int64_t> QuantizeOp::getOperandLoops(unsigned operand) {
  return operand < 2 ? SmallVector<int64_t>{0, kWhole} : getScaleLoops(getScheme(), 0);
}

void QuantizeOp::finishTile(OpBuilder &, Operation *, ArrayRef<OpFoldResult>) {}

//===----------------------------------------------------------------------===//
// dequantize: loops (m, k)
//===----------------------------------------------------------------------===//

void DequantizeOp::build(OpBuilder &builder, OperationState &state, Value codes, Value scales, Value zeros,
                         Value init, SchemeAttr scheme, Value at) {
  SmallVector<Value> inputs = {codes, scales};
  if (zeros) {
    inputs.push_back(zeros);
  }
  SmallVector<Type> types = getTensorTypes(init);
  build(builder, state, types.empty() ? Type() : types.front(), inputs, init, at, scheme);
}

SmallVector<int64_t> DequantizeOp::getOperandLoops(unsigned operand) {
  bool isMatrix = operand == 0 || operand == getInitMutable().getOperandNumber();
  return isMatrix ? SmallVector<int64_t>{0, 1} : getScaleLoops(getScheme(), 0);
}

void DequantizeOp::finishTile(OpBuilder &builder, Operation *tile, ArrayRef<OpFoldResult> offsets) {
  // Without groups every column has the same scale. A tile that starts at column 0 and has all columns of a
  // whole matrix could do without the offset, but then the verifier could not tell the two apart.
  if (getScheme().getGroup() == 0) {
    return;
  }
  Value at = getValueOrCreateConstantIndexOp(builder, getLoc(), offsets[1]);
  if (getAt()) {
    at = arith::AddIOp::create(builder, getLoc(), getAt(), at);
  }
  builder.setInsertionPoint(tile);
  if (Operation *definition = at.getDefiningOp();
      definition && definition->getBlock() == tile->getBlock() && tile->isBeforeInBlock(definition)) {
    definition->moveBefore(tile);
  }
  cast<DequantizeOp>(tile).getAtMutable().assign(at);
  builder.setInsertionPointAfter(tile);
}

namespace {
/// at(0) on a whole matrix says nothing.
struct DropZeroOffset : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op, PatternRewriter &rewriter) const override {
    if (!op.getAt() || !isConstantIntValue(OpFoldResult(op.getAt()), 0)) {
      return failure();
    }
    auto codes = cast<ShapedType>(op.getCodes().getType()),
         scales = cast<ShapedType>(op.getScales().getType());
    int64_t groups = op.getScheme().getGroups(codes.getDimSize(1));
    // With fewer columns than the scales cover, the offset is what says that this is a slice.
    if (ShapedType::isDynamic(groups) || groups != scales.getDimSize(1)) {
      return failure();
    }
    rewriter.modifyOpInPlace(op, [&] { op.getAtMutable().clear(); });
    return success();
  }
};
} // namespace

void DequantizeOp::addCanonicalizationPatterns(RewritePatternSet &patterns) {
  patterns.add<DropZeroOffset>(patterns.getContext());
}

//===----------------------------------------------------------------------===//
// requantize: one loop for each dimension
//===----------------------------------------------------------------------===//

SmallVector<int64_t> RequantizeOp::getOperandLoops(unsigned) {
  return llvm::to_vector(llvm::seq<int64_t>(0, cast<ShapedType>(getInput().getType()).getRank()));
}

void RequantizeOp::finishTile(OpBuilder &, Operation *, ArrayRef<OpFoldResult>) {}

//===----------------------------------------------------------------------===//
// contract: loops (m, n)
//===----------------------------------------------------------------------===//

SmallVector<int64_t> ContractOp::getOperandLoops(unsigned operand) {
  unsigned firstWeight = getFirstWeightOperand();
  if (operand == getInitMutable().getOperandNumber()) {
    return {0, 1};
  }
  if (operand == 0) {
    return {0, kWhole};
  }
  if (operand < firstWeight) {
    return getScaleLoops(getAScheme(), 0);
  }
  return operand == firstWeight ? SmallVector<int64_t>{1, kWhole} : getScaleLoops(getWScheme(), 1);
}

void ContractOp::finishTile(OpBuilder &, Operation *, ArrayRef<OpFoldResult>) {}
