#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt::quantized;
using coopt::model::kWholeDimension;

/// A scheme, or the word `float` for none.
static ParseResult parseSchemeOrFloat(OpAsmParser &parser, SchemeAttr &scheme) {
  if (succeeded(parser.parseOptionalKeyword("float"))) {
    return success();
  }
  return parser.parseCustomAttributeWithFallback(scheme);
}

static void printSchemeOrFloat(OpAsmPrinter &printer, Operation *, SchemeAttr scheme) {
  if (scheme) {
    printer.printStrippedAttrOrType(scheme);
  } else {
    printer << "float";
  }
}

#define GET_OP_CLASSES
#include "dialects/Quantized/IR/QuantizedOps.cpp.inc"

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

/// Loops of a part other than the codes, of a tensor whose rows are walked by `row`.
static SmallVector<int64_t> getScaleLoops(SchemeAttr scheme, unsigned part, int64_t row) {
  return scheme.getParts()[part].span == 0 ? SmallVector<int64_t>{row}
                                           : SmallVector<int64_t>{row, kWholeDimension};
}

namespace {
/// A destination's value is never read: what fills it is not needed.
template <typename Op>
struct BypassFill : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      if (auto fill = init.get().template getDefiningOp<linalg::FillOp>()) {
        rewriter.modifyOpInPlace(op, [&] { init.set(fill.getDpsInitOperand(0)->get()); });
        changed = true;
      }
    }
    return success(changed);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// quantize: loop (m)
//===----------------------------------------------------------------------===//

void QuantizeOp::build(OpBuilder &builder, OperationState &state, Value input, ValueRange outs,
                       SchemeAttr scheme) {
  build(builder, state, getTensorTypes(outs), input, outs, scheme, RoundingAttr());
}

unsigned QuantizeOp::getNumTiledLoops() { return 1; }

SmallVector<int64_t> QuantizeOp::getOperandLoops(OpOperand &operand) {
  bool isMatrix = operand.getOperandNumber() < 2;
  return isMatrix ? SmallVector<int64_t>{0, kWholeDimension}
                  : getScaleLoops(getScheme(), operand.getOperandNumber() - 1, 0);
}

void QuantizeOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

void QuantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<BypassFill<QuantizeOp>>(context);
}

//===----------------------------------------------------------------------===//
// dequantize: loops (m, k)
//===----------------------------------------------------------------------===//

void DequantizeOp::build(OpBuilder &builder, OperationState &state, ValueRange inputs, Value init,
                         SchemeAttr scheme, Value at) {
  SmallVector<Type> types = getTensorTypes(init);
  build(builder, state, types.empty() ? Type() : types.front(), inputs, init, at, scheme);
}

unsigned DequantizeOp::getNumTiledLoops() { return 2; }

SmallVector<int64_t> DequantizeOp::getOperandLoops(OpOperand &operand) {
  if (!isa<ShapedType>(operand.get().getType())) {
    return {};
  }
  bool isMatrix = operand.getOperandNumber() == 0 || isDpsInit(&operand);
  return isMatrix ? SmallVector<int64_t>{0, 1} : getScaleLoops(getScheme(), operand.getOperandNumber(), 0);
}

// Without groups every column has the same scale, and no offset is allowed.
void DequantizeOp::shiftTile(OpBuilder &builder, ArrayRef<OpFoldResult> offsets) {
  if (!getScheme().hasGroups()) {
    return;
  }
  Value at = getValueOrCreateConstantIndexOp(builder, getLoc(), offsets[1]);
  if (getAt()) {
    at = arith::AddIOp::create(builder, getLoc(), getAt(), at);
  }
  getAtMutable().assign(at);
}

namespace {
/// at(0) on a whole matrix says nothing.
struct DropZeroOffset : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op, PatternRewriter &rewriter) const override {
    if (!op.getAt() || !isConstantIntValue(OpFoldResult(op.getAt()), 0) || op.getScheme().getGroup() == 0) {
      return failure();
    }
    auto codes = cast<ShapedType>(op.getCodes().getType());
    auto scales = cast<ShapedType>(op.getScales().getType());
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

void DequantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<BypassFill<DequantizeOp>, DropZeroOffset>(context);
}

//===----------------------------------------------------------------------===//
// requantize: one loop for each dimension
//===----------------------------------------------------------------------===//

unsigned RequantizeOp::getNumTiledLoops() { return cast<ShapedType>(getInput().getType()).getRank(); }

SmallVector<int64_t> RequantizeOp::getOperandLoops(OpOperand &) {
  return llvm::to_vector(llvm::seq<int64_t>(0, getNumTiledLoops()));
}

void RequantizeOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

void RequantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<BypassFill<RequantizeOp>>(context);
}

//===----------------------------------------------------------------------===//
// contract: loops (m, n)
//===----------------------------------------------------------------------===//

unsigned ContractOp::getNumTiledLoops() { return 2; }

SmallVector<int64_t> ContractOp::getOperandLoops(OpOperand &operand) {
  unsigned number = operand.getOperandNumber(), firstWeight = getFirstWeightOperand();
  if (isDpsInit(&operand)) {
    return {0, 1};
  }
  if (number == 0) {
    return {0, kWholeDimension};
  }
  if (number < firstWeight) {
    return getScaleLoops(*getAScheme(), number, 0);
  }
  return number == firstWeight ? SmallVector<int64_t>{1, kWholeDimension}
                               : getScaleLoops(getWScheme(), number - firstWeight, 1);
}

void ContractOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

void ContractOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<BypassFill<ContractOp>>(context);
}
