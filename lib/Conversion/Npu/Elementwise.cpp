#include "Elementwise.h"
#include "SplitColumns.h"

#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// A value of the body: elements, or a number that is known (an index of a loop that is unrolled, a comparison of such).
struct BodyValue {
  std::optional<Elements> elements;
  std::optional<int64_t> known;
};

int loopOf(AffineExpr dimension) { return static_cast<int>(cast<AffineDimExpr>(dimension).getPosition()); }

/// Whether more than places of elements that are read follow from an index.
bool decides(linalg::IndexOp index) {
  return llvm::any_of(index->getUsers(),
                      [](Operation *user) { return !isa<memref::LoadOp, affine::AffineApplyOp>(user); });
}

class GenericLowering {
public:
  GenericLowering(Tiles &tiles, linalg::GenericOp op) : tiles(tiles), op(op) {}
  LogicalResult run();

private:
  Tiles &tiles;
  linalg::GenericOp op;
  SmallVector<OpFoldResult> extents; ///< of the loops
  int rowLoop = kSame, columnLoop = kSame;
  SmallVector<Tile> operands;
  SmallVector<OpFoldResult> at; ///< of each loop, in the current round

  LogicalResult findLoops();
  LogicalResult readOperands();
  LogicalResult lowerRounds(size_t loop);
  LogicalResult lowerBody();
  Value matrixOf(OpOperand &operand);
  LogicalResult lowerScalar(Operation &scalar, MatrixMath &math, DenseMap<Value, BodyValue> &values,
                            Value to);
  FailureOr<OpFoldResult> placeOf(Value number);
  FailureOr<Elements> gather(memref::LoadOp load, MatrixMath &math);
};

LogicalResult GenericLowering::findLoops() {
  if (op.getNumReductionLoops() != 0) {
    return op.emitError("has a reduction that the accelerator has no instruction for");
  }
  const unsigned loops = op.getNumLoops();
  extents.assign(loops, tiles.index(1));
  at.assign(loops, tiles.index(0));
  for (OpOperand &operand : op->getOpOperands()) {
    SmallVector<OpFoldResult> sizes = tiles.extentsOf(operand.get());
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (isa<AffineConstantExpr>(expr)) {
        continue;
      }
      if (!dim) {
        return op.emitError("reads at other indices than those of its loops");
      }
      OpFoldResult &extent = extents[dim.getPosition()];
      // Of several that are equal, the one that is known.
      if (!getConstantIntValue(extent) || *getConstantIntValue(extent) == 1) {
        extent = sizes[d];
      }
    }
  }
  SmallVector<bool> isAsked(loops, false);
  op.walk(
      [&](linalg::IndexOp index) { isAsked[index.getDim()] = isAsked[index.getDim()] || decides(index); });
  if (loops == 0) {
    return success();
  }
  columnLoop = static_cast<int>(loops - 1);
  // Elements that are gathered come line by line.
  const bool gathers = !op.getBody()->getOps<memref::LoadOp>().empty();
  int64_t longest = 1;
  for (unsigned loop = 0; loop + 1 < loops; ++loop) {
    FailureOr<int64_t> bound = tiles.boundOf(extents[loop]);
    if (failed(bound)) {
      return failure();
    }
    if (!gathers && !isAsked[loop] &&
        (*bound > longest || (rowLoop == kSame && !getConstantIntValue(extents[loop])))) {
      rowLoop = static_cast<int>(loop);
      longest = *bound;
    }
    if (isAsked[loop] && !getConstantIntValue(extents[loop])) {
      return op.emitError("asks for the index of a loop whose extent is known at run time only");
    }
  }
  return success();
}

LogicalResult GenericLowering::readOperands() {
  for (OpOperand &operand : op->getOpOperands()) {
    const bool isInit = op.isDpsInit(&operand);
    const bool isRead = !isInit || !op.getMatchingBlockArgument(&operand).use_empty();
    FailureOr<Tile> tile = isRead ? tiles.read(operand.get()) : tiles.room(operand.get());
    if (failed(tile)) {
      return failure();
    }
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      const bool isColumn = isa<AffineDimExpr>(expr) && loopOf(expr) == columnLoop;
      if (isColumn && tile->strides[d] != 1 && getConstantIntValue(tile->extents[d]) != 1) {
        return op.emitError("has a last loop whose elements do not lie side by side in operand ")
               << operand.getOperandNumber();
      }
    }
    operands.push_back(*tile);
  }
  return success();
}

Value GenericLowering::matrixOf(OpOperand &operand) {
  const Tile &tile = operands[operand.getOperandNumber()];
  int rows = kSame, columns = kSame;
  SmallVector<OpFoldResult> begin;
  for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      begin.push_back(tiles.index(constant.getValue()));
      continue;
    }
    const int loop = loopOf(expr);
    begin.push_back(at[static_cast<size_t>(loop)]);
    rows = loop == rowLoop ? static_cast<int>(d) : rows;
    columns = loop == columnLoop ? static_cast<int>(d) : columns;
  }
  auto extentOf = [&](int loop) {
    return loop == kSame ? tiles.index(1) : extents[static_cast<size_t>(loop)];
  };
  return tiles.matrix(tile, rows, columns, extentOf(rowLoop), extentOf(columnLoop), begin);
}

LogicalResult GenericLowering::lowerRounds(size_t loop) {
  if (loop == extents.size()) {
    return lowerBody();
  }
  if (static_cast<int>(loop) == rowLoop || static_cast<int>(loop) == columnLoop) {
    return lowerRounds(loop + 1);
  }
  bool isAsked = false;
  op.walk([&](linalg::IndexOp index) { isAsked |= index.getDim() == loop && decides(index); });
  if (isAsked) { // its index decides what is computed
    for (int64_t i = 0; i < *getConstantIntValue(extents[loop]); ++i) {
      at[loop] = tiles.index(i);
      if (failed(lowerRounds(loop + 1))) {
        return failure();
      }
    }
    return success();
  }
  return tiles.loop(extents[loop], 1, [&](OpFoldResult i) {
    at[loop] = i;
    return lowerRounds(loop + 1);
  });
}

LogicalResult GenericLowering::run() {
  if (failed(findLoops()) || failed(readOperands()) || failed(lowerRounds(0))) {
    return failure();
  }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    tiles.write(operands[init.getOperandNumber()], init.get());
  }
  return success();
}

LogicalResult GenericLowering::lowerBody() {
  auto extentOf = [&](int loop) {
    return loop == kSame ? tiles.index(1) : extents[static_cast<size_t>(loop)];
  };
  MatrixMath math(tiles, extentOf(rowLoop), extentOf(columnLoop));
  DenseMap<Value, BodyValue> values;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto hasLoop = [&](int loop) {
      return loop != kSame && map.isFunctionOfDim(static_cast<unsigned>(loop));
    };
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!argument.use_empty()) {
      values[argument].elements = Elements{matrixOf(operand), hasLoop(rowLoop), hasLoop(columnLoop), false};
    }
  }
  Block &body = *op.getBody();
  auto yield = cast<linalg::YieldOp>(body.getTerminator());
  // What is yielded is computed where it belongs, if nothing else reads it from there.
  DenseMap<Operation *, unsigned> targets;
  llvm::SmallDenseSet<Value, 4> inPlace;
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    if (Operation *made = value.getDefiningOp(); made && value.hasOneUse()) {
      targets[made] = static_cast<unsigned>(number);
    }
  }
  auto isWhole = [&](const Elements &elements) {
    return elements.hasRows == (rowLoop != kSame) && elements.hasColumns == (columnLoop != kSame);
  };
  for (Operation &scalar : body.without_terminator()) {
    Value to;
    if (auto target = targets.find(&scalar); target != targets.end()) {
      // Of the whole extents only: else it has to be spread.
      bool isOfAll = false;
      for (Value operand : scalar.getOperands()) {
        auto known = values.find(operand);
        isOfAll |= known != values.end() && known->second.elements && isWhole(*known->second.elements);
      }
      to = isOfAll ? matrixOf(*op.getDpsInitOperand(target->second)) : Value();
      if (to) {
        inPlace.insert(to);
      }
    }
    if (failed(lowerScalar(scalar, math, values, to))) {
      return failure();
    }
  }
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    std::optional<Elements> elements = values[value].elements;
    if (auto constant = value.getDefiningOp<arith::ConstantOp>(); constant && !elements) {
      FailureOr<Elements> made = math.number(cast<TypedAttr>(constant.getValue()));
      if (failed(made)) {
        return failure();
      }
      elements = *made;
    }
    if (!elements) {
      return op.emitError("yields what is no element");
    }
    if (inPlace.contains(elements->memref)) {
      continue;
    }
    FailureOr<Elements> whole =
        math.spread(*elements, Elements{nullptr, rowLoop != kSame, columnLoop != kSame, false});
    if (failed(whole)) {
      return failure();
    }
    tiles.map("copy", whole->memref, matrixOf(*op.getDpsInitOperand(static_cast<unsigned>(number))));
  }
  return success();
}

/// A number of the body that says where to read: of loops whose round it is, not of the columns.
FailureOr<OpFoldResult> GenericLowering::placeOf(Value number) {
  if (auto index = number.getDefiningOp<linalg::IndexOp>()) {
    if (static_cast<int>(index.getDim()) == columnLoop) {
      return failure();
    }
    return at[index.getDim()];
  }
  if (auto apply = number.getDefiningOp<affine::AffineApplyOp>();
      apply && apply->getBlock() == op.getBody()) {
    SmallVector<OpFoldResult> operands;
    for (Value operand : apply.getMapOperands()) {
      FailureOr<OpFoldResult> place = placeOf(operand);
      if (failed(place)) {
        return failure();
      }
      operands.push_back(*place);
    }
    return tiles.apply(apply.getAffineMap(), operands);
  }
  if (number.getParentBlock() == op.getBody() && !getConstantIntValue(number)) {
    return failure();
  }
  return OpFoldResult(number);
}

/// table[.., i, ..] where i is an element of an operand: DMA gathers a line of them.
FailureOr<Elements> GenericLowering::gather(memref::LoadOp load, MatrixMath &math) {
  auto refuse = [&] {
    return op.emitError("reads elements at computed places in a way that the accelerator doesn't");
  };
  FailureOr<Tile> table = tiles.where(load.getMemRef());
  if (failed(table)) {
    return failure();
  }
  SmallVector<OpFoldResult> begin;
  OpOperand *places = nullptr;
  int dimension = kSame;
  for (auto [d, number] : llvm::enumerate(load.getIndices())) {
    if (auto cast = number.getDefiningOp<arith::IndexCastOp>()) {
      auto argument = dyn_cast<BlockArgument>(cast.getIn());
      if (!argument || argument.getOwner() != op.getBody() || places) {
        return refuse();
      }
      places = op.getMatchingOpOperand(argument);
      dimension = static_cast<int>(d);
      begin.push_back(tiles.index(0));
      continue;
    }
    FailureOr<OpFoldResult> place = placeOf(number);
    if (failed(place)) {
      return refuse();
    }
    begin.push_back(*place);
  }
  const bool areColumns =
      places && columnLoop != kSame &&
      op.getMatchingIndexingMap(places).isFunctionOfDim(static_cast<unsigned>(columnLoop));
  if (!areColumns || !getElementTypeOrSelf(places->get().getType()).isInteger(32)) {
    return refuse();
  }
  FailureOr<Value> line = math.room(false, true, load.getMemRefType().getElementType());
  if (failed(line)) {
    return failure();
  }
  OpFoldResult count = extents[static_cast<size_t>(columnLoop)], one = tiles.index(1);
  const Tile target{rootOf(*line), tiles.index(0), {count}, {1}};
  tiles.gather(
      tiles.matrix(*table, dimension, kSame, table->extents[static_cast<size_t>(dimension)], one, begin),
      matrixOf(*places), tiles.matrix(target, 0, kSame, count, one));
  return Elements{*line, false, true, false};
}

LogicalResult GenericLowering::lowerScalar(Operation &scalar, MatrixMath &math,
                                           DenseMap<Value, BodyValue> &values, Value to) {
  BodyValue &result = values[scalar.getResult(0)];
  if (auto index = dyn_cast<linalg::IndexOp>(scalar)) {
    result.known = getConstantIntValue(at[index.getDim()]);
    return success(result.known || !decides(index));
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
    if (auto integer = dyn_cast<IntegerAttr>(constant.getValue())) {
      result.known = integer.getInt();
    }
    return success();
  }
  if (auto load = dyn_cast<memref::LoadOp>(scalar)) {
    FailureOr<Elements> gathered = gather(load, math);
    if (failed(gathered)) {
      return failure();
    }
    result.elements = *gathered;
    return success();
  }
  // Numbers that say where to read.
  if (scalar.getResult(0).getType().isIndex()) {
    return success();
  }
  SmallVector<Elements> inputs;
  SmallVector<std::optional<int64_t>> known;
  for (Value operand : scalar.getOperands()) {
    auto value = values.find(operand);
    known.push_back(value == values.end() ? std::nullopt : value->second.known);
    if (!known.back()) {
      APInt integer;
      if (matchPattern(operand, m_ConstantInt(&integer)) && operand.getType().isIndex()) {
        known.back() = integer.getSExtValue();
      }
    }
    if (value != values.end() && value->second.elements) {
      inputs.push_back(*value->second.elements);
      continue;
    }
    TypedAttr constant;
    if (matchPattern(operand, m_Constant(&constant)) && !operand.getType().isIndex() &&
        !operand.getType().isInteger(1)) {
      FailureOr<Elements> number = math.number(constant);
      if (failed(number)) {
        return failure();
      }
      inputs.push_back(*number);
    } else {
      inputs.push_back(Elements{});
    }
  }
  // Comparisons of known numbers, and what they select.
  if (auto compare = dyn_cast<arith::CmpIOp>(scalar); compare && known[0] && known[1]) {
    values[scalar.getResult(0)].known =
        arith::applyCmpPredicate(compare.getPredicate(), APInt(64, static_cast<uint64_t>(*known[0]), true),
                                 APInt(64, static_cast<uint64_t>(*known[1]), true));
    return success();
  }
  if (isa<arith::SelectOp>(scalar) && known[0]) {
    values[scalar.getResult(0)].elements = *known[0] != 0 ? inputs[1] : inputs[2];
    return success();
  }
  if (llvm::any_of(inputs, [](const Elements &input) { return !input.memref; })) {
    return op.emitError("has a body whose '") << scalar.getName() << "' the accelerator can't compute";
  }
  MLIRContext *context = op.getContext();
  Type type = scalar.getResult(0).getType();
  // Conditions are bytes here, 1 or 0, and may stand for their opposite: only a select knows. The unit's sums wrap around in 32 bits, and
  // saturate to fewer.
  const bool isSelect = isa<arith::SelectOp>(scalar);
  const bool hasConditions = llvm::any_of(llvm::drop_begin(scalar.getOperandTypes(), isSelect ? 1 : 0),
                                          [](Type of) { return of.isInteger(1); });
  const bool wraps = isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, math::AbsIOp>(scalar);
  if (hasConditions || (wraps && !type.isInteger(32))) {
    return op.emitError("has a body whose '")
           << scalar.getName() << "' of " << scalar.getOperand(isSelect ? 1 : 0).getType()
           << " the accelerator can't compute";
  }
  Type condition = IntegerType::get(context, 8);
  auto compare = [&](StringRef function, bool isSwapped, bool isInverted) -> FailureOr<Elements> {
    FailureOr<Elements> made = isSwapped ? math.apply(function, inputs[1], inputs[0], condition)
                                         : math.apply(function, inputs[0], inputs[1], condition);
    if (succeeded(made)) {
      made->isInverted = isInverted;
    }
    return made;
  };
  auto binary = [&](StringRef function) { return math.apply(function, inputs[0], inputs[1], type, to); };
  auto unary = [&](StringRef function) { return math.apply(function, inputs[0], type, to); };
  FailureOr<Elements> made =
      llvm::TypeSwitch<Operation *, FailureOr<Elements>>(&scalar)
          .Case<arith::AddFOp, arith::AddIOp>([&](auto) { return binary("add"); })
          .Case<arith::SubFOp, arith::SubIOp>([&](auto) { return binary("sub"); })
          .Case<arith::MulFOp, arith::MulIOp>([&](auto) { return binary("mul"); })
          .Case<arith::DivFOp>([&](auto) { return binary("div"); })
          .Case<arith::MaximumFOp, arith::MaxSIOp>([&](auto) { return binary("max"); })
          .Case<arith::MinimumFOp, arith::MinSIOp>([&](auto) { return binary("min"); })
          .Case<arith::NegFOp>([&](auto) { return unary("neg"); })
          .Case<math::AbsFOp, math::AbsIOp>([&](auto) { return unary("abs"); })
          .Case<math::SqrtOp>([&](auto) { return unary("sqrt"); })
          .Case<math::RoundEvenOp>([&](auto) { return unary("rint"); })
          .Case<math::FloorOp>([&](auto) { return unary("floor"); })
          .Case<math::Exp2Op>([&](auto) { return unary("exp2"); })
          .Case<math::RsqrtOp>([&](auto) -> FailureOr<Elements> { // numerics: 1 / sqrt(x)
            FailureOr<Elements> root = math.apply("sqrt", inputs[0], type);
            FailureOr<Elements> one = math.number(FloatAttr::get(type, 1.0));
            return failed(root) || failed(one) ? FailureOr<Elements>()
                                               : math.apply("div", *one, *root, type, to);
          })
          .Case<arith::SIToFPOp, arith::ExtSIOp, arith::ExtFOp, arith::TruncFOp>(
              [&](auto) { return unary("copy"); })
          .Case([&](arith::FPToSIOp convert) -> FailureOr<Elements> {
            // The unit rounds where the op cuts off: equal for what is an integer already.
            return convert->hasAttr(quantized::kInRange) ? unary("copy") : FailureOr<Elements>();
          })
          .Case<arith::SelectOp>([&](auto) { return math.select(inputs[0], inputs[1], inputs[2], type, to); })
          .Case([&](arith::CmpFOp of) -> FailureOr<Elements> {
            std::optional<Comparison> as = comparisonOf(of);
            return as ? compare(as->function, as->isSwapped, as->isInverted) : FailureOr<Elements>();
          })
          .Case([&](arith::CmpIOp of) -> FailureOr<Elements> {
            std::optional<Comparison> as = comparisonOf(of);
            return as ? compare(as->function, as->isSwapped, as->isInverted) : FailureOr<Elements>();
          })
          .Default([](Operation *) { return failure(); });
  if (failed(made)) {
    return op.emitError("has a body whose '") << scalar.getName() << "' the accelerator can't compute";
  }
  values[scalar.getResult(0)].elements = *made;
  return success();
}

} // namespace

LogicalResult npu::lowerGeneric(Tiles &tiles, linalg::GenericOp op) {
  tiles.moveTo(op);
  if (!asksForColumns(op)) {
    return GenericLowering(tiles, op).run();
  }
  FailureOr<SmallVector<linalg::GenericOp>> ranges = splitColumns(tiles, op);
  if (failed(ranges)) {
    return failure();
  }
  for (linalg::GenericOp range : *ranges) {
    tiles.moveTo(range);
    if (failed(GenericLowering(tiles, range).run())) {
      return failure();
    }
    range->erase();
  }
  return success();
}
