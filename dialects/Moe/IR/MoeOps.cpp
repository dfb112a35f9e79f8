//===- MoeOps.cpp - Operations of the moe dialect: forms and loops ----------===//
#include "dialects/Model/IR/ModelInterfaces.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt::moe;
using coopt::model::kWholeDimension;
using coopt::quantized::ScaleAtAttr;
using coopt::quantized::SchemeAttr;

/// `schemes` `(` scheme or `float` `,` scheme `)` `scale_at` `(` place `)`, or nothing.
static ParseResult parseSchemes(OpAsmParser &parser, SchemeAttr &a, SchemeAttr &w, ScaleAtAttr &scaleAt) {
  if (failed(parser.parseOptionalKeyword("schemes"))) {
    return success();
  }
  StringRef place;
  if (parser.parseLParen()) {
    return failure();
  }
  if (failed(parser.parseOptionalKeyword("float")) && parser.parseCustomAttributeWithFallback(a)) {
    return failure();
  }
  if (parser.parseComma() || parser.parseCustomAttributeWithFallback(w) || parser.parseRParen() ||
      parser.parseKeyword("scale_at") || parser.parseLParen()) {
    return failure();
  }
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseKeyword(&place) || parser.parseRParen()) {
    return failure();
  }
  std::optional<coopt::quantized::ScaleAt> known = coopt::quantized::symbolizeScaleAt(place);
  if (!known) {
    return parser.emitError(at) << "expected output, group or element, got " << place;
  }
  scaleAt = ScaleAtAttr::get(parser.getContext(), *known);
  return success();
}

static void printSchemes(OpAsmPrinter &printer, Operation *, SchemeAttr a, SchemeAttr w,
                         ScaleAtAttr scaleAt) {
  if (!w || !scaleAt) {
    return;
  }
  printer << " schemes(";
  if (a) {
    printer.printStrippedAttrOrType(a);
  } else {
    printer << "float";
  }
  printer << ", ";
  printer.printStrippedAttrOrType(w);
  printer << ") scale_at(" << coopt::quantized::stringifyScaleAt(scaleAt.getValue()) << ")";
}

#define GET_OP_CLASSES
#include "dialects/Moe/IR/MoeOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

unsigned LogitsOp::getNumTiledLoops() { return 2; }

SmallVector<int64_t> LogitsOp::getOperandLoops(OpOperand &operand) {
  switch (operand.getOperandNumber()) {
  case 0:
    return {0, kWholeDimension};
  case 1:
    return {1, kWholeDimension};
  default:
    return {0, 1};
  }
}

void LogitsOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

/// Tokens are the rows of all operands but a bias.
static SmallVector<int64_t> getRowLoops(OpOperand &operand) {
  bool isBias = cast<ShapedType>(operand.get().getType()).getRank() == 1;
  return isBias ? SmallVector<int64_t>{kWholeDimension} : SmallVector<int64_t>{0, kWholeDimension};
}

unsigned RouteOp::getNumTiledLoops() { return 1; }
SmallVector<int64_t> RouteOp::getOperandLoops(OpOperand &operand) { return getRowLoops(operand); }
void RouteOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

unsigned ChooseOp::getNumTiledLoops() { return 1; }
SmallVector<int64_t> ChooseOp::getOperandLoops(OpOperand &operand) { return getRowLoops(operand); }
void ChooseOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

unsigned DispatchOp::getNumTiledLoops() { return 0; }

SmallVector<int64_t> DispatchOp::getOperandLoops(OpOperand &operand) {
  return SmallVector<int64_t>(cast<ShapedType>(operand.get().getType()).getRank(), kWholeDimension);
}

void DispatchOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

unsigned RestrictOp::getNumTiledLoops() { return 0; }

SmallVector<int64_t> RestrictOp::getOperandLoops(OpOperand &operand) {
  return SmallVector<int64_t>(cast<ShapedType>(operand.get().getType()).getRank(), kWholeDimension);
}

void RestrictOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

unsigned ContractOp::getNumTiledLoops() { return 2; }

SmallVector<int64_t> ContractOp::getOperandLoops(OpOperand &operand) {
  unsigned number = operand.getOperandNumber();
  if (isDpsInit(&operand)) {
    return {0, 1};
  }
  if (number >= getFirstWeightOperand()) {
    return {}; // which rows of the weights a tile needs is said by its segments
  }
  SmallVector<int64_t> loops(cast<ShapedType>(operand.get().getType()).getRank(), kWholeDimension);
  loops.front() = 0;
  return loops;
}

/// Adds the tile's offset to an index operand.
static void shiftOperand(OpBuilder &builder, OpOperand &operand, OpFoldResult offset) {
  Location loc = operand.getOwner()->getLoc();
  OpFoldResult sum = coopt::model::addOffsets(builder, loc, getAsOpFoldResult(operand.get()), offset);
  operand.set(getValueOrCreateConstantIndexOp(builder, loc, sum));
}

void ContractOp::shiftTile(OpBuilder &builder, ArrayRef<OpFoldResult> offsets) {
  shiftOperand(builder, getRowMutable(), offsets[0]);
  shiftOperand(builder, getColumnMutable(), offsets[1]);
}

unsigned CombineOp::getNumTiledLoops() { return 2; }

SmallVector<int64_t> CombineOp::getOperandLoops(OpOperand &operand) {
  switch (operand.getOperandNumber()) {
  case 0:
    return {kWholeDimension, 1};
  case 1:
  case 2:
    return {0, kWholeDimension};
  default:
    return {0, 1};
  }
}

void CombineOp::shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) {}

//===----------------------------------------------------------------------===//
// One expert
//===----------------------------------------------------------------------===//

Value coopt::moe::contractWithExpert(ImplicitLocOpBuilder &builder, ContractOp op, Value expert, ValueRange a,
                                     Value init) {
  Location loc = op.getLoc();
  AffineExpr e, column;
  bindSymbols(builder.getContext(), e, column);
  OpFoldResult first = affine::makeComposedFoldedAffineApply(
      builder, loc, e * static_cast<int64_t>(op.getStride()) + column, {expert, op.getColumn()});
  OpFoldResult columns = tensor::getMixedSize(builder, loc, init, 1);
  SmallVector<Value> inputs(a);
  for (Value part : op.getInputs().drop_front(op.getFirstWeightOperand())) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, part);
    SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0)),
        strides(sizes.size(), builder.getIndexAttr(1));
    offsets.front() = first;
    sizes.front() = columns;
    inputs.push_back(tensor::ExtractSliceOp::create(builder, part, offsets, sizes, strides));
  }
  Operation *made = nullptr;
  if (op.getWScheme()) {
    made = quantized::ContractOp::create(builder, init.getType(), inputs, init,
                                         op.getAScheme().value_or(SchemeAttr()), *op.getWScheme(),
                                         *op.getScaleAt());
  } else {
    Value zero = arith::ConstantOp::create(builder, builder.getF32FloatAttr(0.0f));
    Value start = linalg::FillOp::create(builder, zero, init).getResult(0);
    AffineExpr m, n, k;
    bindDims(builder.getContext(), m, n, k);
    SmallVector<AffineMap> maps =
        AffineMap::inferFromExprList({ArrayRef<AffineExpr>{m, k}, {n, k}, {m, n}}, builder.getContext());
    SmallVector<utils::IteratorType> loops = {utils::IteratorType::parallel, utils::IteratorType::parallel,
                                              utils::IteratorType::reduction};
    made = linalg::GenericOp::create(builder, start.getType(), inputs, start, maps, loops,
                                     [](OpBuilder &nested, Location at, ValueRange args) {
                                       Value product = arith::MulFOp::create(nested, at, args[0], args[1]);
                                       Value sum = arith::AddFOp::create(nested, at, args[2], product);
                                       linalg::YieldOp::create(nested, at, sum);
                                     });
  }
  made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return made->getResult(0);
}
