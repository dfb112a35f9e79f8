#include "SplitColumns.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

class ColumnSplitter {
public:
  ColumnSplitter(Tiles &tiles, linalg::GenericOp op)
      : tiles(tiles), op(op), last(op.getNumLoops() - 1), body(*op.getBody()) {}
  FailureOr<SmallVector<linalg::GenericOp>> run();

private:
  /// What is computed in a column, as far as it follows from its index.
  struct Column {
    SmallVector<int64_t> choices; ///< of selects; of indices of loads whether they are known
    SmallVector<int64_t> places;  ///< indices of loads that are known
    llvm::SetVector<Operation *> loads;
  };
  struct Range {
    int64_t first, count;
    SmallVector<int64_t> steps; ///< of each place
  };

  Tiles &tiles;
  linalg::GenericOp op;
  const unsigned last;
  Block &body;
  SmallVector<OpFoldResult> extents; ///< of the loops

  bool isInBody(Value value) const { return value.getDefiningOp() && value.getParentBlock() == &body; }
  std::optional<int64_t> knownOf(Value value, int64_t column);
  LogicalResult follow(Value value, int64_t column, llvm::SmallDenseSet<Value> &seen, Column &result);
  FailureOr<Column> columnAt(int64_t column);
  Value view(const Tile &tile, OpFoldResult offset, ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> strides);
  FailureOr<Value> narrowed(OpOperand &operand, const Range &range);
  FailureOr<std::pair<Value, AffineMap>> operandOf(memref::LoadOp load, const Column &first, size_t &place,
                                                   const Range &range);
  FailureOr<linalg::GenericOp> build(const Range &range, const Column &first);
  Value clone(Value value, int64_t column, IRMapping &mapping, OpBuilder &builder);
};

std::optional<int64_t> ColumnSplitter::knownOf(Value value, int64_t column) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant))) {
    return constant.getBitWidth() == 1 ? static_cast<int64_t>(constant.getZExtValue())
                                       : constant.getSExtValue();
  }
  if (!isInBody(value)) {
    return std::nullopt;
  }
  Operation *def = value.getDefiningOp();
  if (auto index = dyn_cast<linalg::IndexOp>(def)) {
    return index.getDim() == last ? std::optional(column) : std::nullopt;
  }
  if (def->getNumResults() != 1 || !value.getType().isIntOrIndex() || !isPure(def)) {
    return std::nullopt;
  }
  SmallVector<Attribute> operands;
  bool isAnyKnown = false;
  for (Value operand : def->getOperands()) {
    const std::optional<int64_t> known = knownOf(operand, column);
    isAnyKnown |= known.has_value();
    operands.push_back(
        known ? IntegerAttr::get(
                    operand.getType(),
                    APInt(operand.getType().isIndex() ? 64 : operand.getType().getIntOrFloatBitWidth(),
                          static_cast<uint64_t>(*known), true,
                          /*implicitTrunc=*/true))
              : Attribute());
  }
  SmallVector<OpFoldResult> results;
  if (!isAnyKnown || failed(def->fold(operands, results)) || results.empty()) {
    return std::nullopt;
  }
  if (auto folded = dyn_cast<Value>(results[0])) {
    return knownOf(folded, column);
  }
  auto integer = dyn_cast<IntegerAttr>(cast<Attribute>(results[0]));
  if (!integer) {
    return std::nullopt;
  }
  return integer.getValue().getBitWidth() == 1 ? static_cast<int64_t>(integer.getValue().getZExtValue())
                                               : integer.getValue().getSExtValue();
}

LogicalResult ColumnSplitter::follow(Value value, int64_t column, llvm::SmallDenseSet<Value> &seen,
                                     Column &result) {
  if (!isInBody(value) || !seen.insert(value).second) {
    return success();
  }
  Operation *def = value.getDefiningOp();
  if (auto select = dyn_cast<arith::SelectOp>(def)) {
    if (std::optional<int64_t> choice = knownOf(select.getCondition(), column)) {
      result.choices.push_back(*choice);
      return follow(*choice != 0 ? select.getTrueValue() : select.getFalseValue(), column, seen, result);
    }
  }
  if (auto load = dyn_cast<memref::LoadOp>(def)) {
    result.loads.insert(def);
    for (Value index : load.getIndices()) {
      const std::optional<int64_t> known = knownOf(index, column);
      result.choices.push_back(known.has_value());
      if (known) {
        result.places.push_back(*known);
      }
    }
    return success();
  }
  if (auto index = dyn_cast<linalg::IndexOp>(def); index && index.getDim() == last) {
    return op.emitError("asks for the index of its last loop: the accelerator has no such number");
  }
  for (Value operand : def->getOperands()) {
    if (failed(follow(operand, column, seen, result))) {
      return failure();
    }
  }
  return success();
}

FailureOr<ColumnSplitter::Column> ColumnSplitter::columnAt(int64_t column) {
  Column result;
  llvm::SmallDenseSet<Value> seen;
  for (Value value : body.getTerminator()->getOperands()) {
    if (failed(follow(value, column, seen, result))) {
      return failure();
    }
  }
  return result;
}

Value ColumnSplitter::view(const Tile &tile, OpFoldResult offset, ArrayRef<OpFoldResult> sizes,
                           ArrayRef<int64_t> strides) {
  SmallVector<OpFoldResult> distances;
  for (int64_t stride : strides) {
    distances.push_back(tiles.index(stride));
  }
  return memref::ReinterpretCastOp::create(tiles.ops(), tiles.loc(), tile.buffer, offset, sizes, distances);
}

/// The columns of a range of an operand.
FailureOr<Value> ColumnSplitter::narrowed(OpOperand &operand, const Range &range) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isFunctionOfDim(last)) {
    return operand.get();
  }
  FailureOr<Tile> tile = tiles.where(operand.get());
  if (failed(tile)) {
    return failure();
  }
  for (auto [d, expr] : llvm::enumerate(map.getResults())) {
    if (expr == tiles.ops().getAffineDimExpr(last)) {
      tile->offset = tiles.plus(tile->offset, tiles.index(range.first * tile->strides[d]));
      tile->extents[d] = tiles.index(range.count);
    } else if (expr.isFunctionOfDim(last)) {
      return op.emitError("reads at other indices than those of its loops");
    }
  }
  return view(*tile, tile->offset, tile->extents, tile->strides);
}

/// What a load reads in all columns of a range, by its loops. `place`: its first one that is known; moved behind it.
FailureOr<std::pair<Value, AffineMap>> ColumnSplitter::operandOf(memref::LoadOp load, const Column &first,
                                                                 size_t &place, const Range &range) {
  Builder &b = tiles.ops();
  FailureOr<Tile> tile = tiles.where(load.getMemRef());
  if (failed(tile)) {
    return failure();
  }
  OpFoldResult offset = tile->offset;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> strides;
  SmallVector<AffineExpr> exprs;
  auto add = [&](OpFoldResult size, int64_t stride, unsigned loop) {
    sizes.push_back(size);
    strides.push_back(stride);
    exprs.push_back(b.getAffineDimExpr(loop));
  };
  for (auto [d, index] : llvm::enumerate(load.getIndices())) {
    const int64_t stride = tile->strides[d];
    if (knownOf(index, range.first)) {
      offset = tiles.plus(offset, tiles.index(first.places[place] * stride));
      if (range.count > 1 && range.steps[place] != 0) {
        add(tiles.index(range.count), range.steps[place] * stride, last);
      }
      ++place;
      continue;
    }
    if (!isInBody(index)) {
      offset = tiles.plus(offset, tiles.times(index, stride));
      continue;
    }
    if (auto of = index.getDefiningOp<linalg::IndexOp>()) {
      add(extents[of.getDim()], stride, static_cast<unsigned>(of.getDim()));
      continue;
    }
    // A loop's index and what doesn't change.
    auto apply = index.getDefiningOp<affine::AffineApplyOp>();
    linalg::IndexOp loop;
    SmallVector<OpFoldResult> atZero;
    AffineExpr expr = apply ? apply.getAffineMap().getResult(0) : AffineExpr(), ofLoop;
    bool isPlain = static_cast<bool>(apply);
    for (auto [number, operand] :
         llvm::enumerate(apply ? apply.getMapOperands() : OperandRange(nullptr, 0))) {
      if (auto of = operand.getDefiningOp<linalg::IndexOp>()) {
        isPlain &= !loop;
        loop = of;
        const unsigned dims = apply.getAffineMap().getNumDims();
        ofLoop = number < dims ? b.getAffineDimExpr(static_cast<unsigned>(number))
                               : b.getAffineSymbolExpr(static_cast<unsigned>(number) - dims);
        atZero.push_back(tiles.index(0));
      } else {
        isPlain &= !isInBody(operand);
        atZero.push_back(OpFoldResult(operand));
      }
    }
    if (isPlain && loop) {
      AffineExpr rest = simplifyAffineExpr(expr - ofLoop, apply.getAffineMap().getNumDims(),
                                           apply.getAffineMap().getNumSymbols());
      bool isThere = false;
      rest.walk([&](AffineExpr part) { isThere |= part == ofLoop; });
      isPlain = !isThere;
    }
    if (!isPlain || !loop) {
      return op.emitError("reads elements at computed places in a way that the accelerator doesn't");
    }
    offset = tiles.plus(offset, tiles.times(tiles.apply(apply.getAffineMap(), atZero), stride));
    add(extents[loop.getDim()], stride, static_cast<unsigned>(loop.getDim()));
  }
  if (sizes.empty()) { // one element for all
    sizes.push_back(tiles.index(1));
    strides.push_back(1);
    exprs.push_back(b.getAffineConstantExpr(0));
  }
  return std::pair(view(*tile, offset, sizes, strides),
                   AffineMap::get(op.getNumLoops(), 0, exprs, b.getContext()));
}

Value ColumnSplitter::clone(Value value, int64_t column, IRMapping &mapping, OpBuilder &builder) {
  if (Value made = mapping.lookupOrNull(value)) {
    return made;
  }
  if (!isInBody(value)) {
    return value;
  }
  Operation *def = value.getDefiningOp();
  if (auto select = dyn_cast<arith::SelectOp>(def)) {
    if (std::optional<int64_t> choice = knownOf(select.getCondition(), column)) {
      return clone(*choice != 0 ? select.getTrueValue() : select.getFalseValue(), column, mapping, builder);
    }
  }
  for (Value operand : def->getOperands()) {
    mapping.map(operand, clone(operand, column, mapping, builder));
  }
  builder.clone(*def, mapping);
  return mapping.lookup(value);
}

FailureOr<linalg::GenericOp> ColumnSplitter::build(const Range &range, const Column &first) {
  SmallVector<Value> inputs, inits;
  SmallVector<AffineMap> maps;
  for (OpOperand *input : op.getDpsInputOperands()) {
    FailureOr<Value> made = narrowed(*input, range);
    if (failed(made)) {
      return failure();
    }
    inputs.push_back(*made);
    maps.push_back(op.getMatchingIndexingMap(input));
  }
  size_t place = 0;
  for (Operation *load : first.loads) {
    auto made = operandOf(cast<memref::LoadOp>(load), first, place, range);
    if (failed(made)) {
      return failure();
    }
    inputs.push_back(made->first);
    maps.push_back(made->second);
  }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    FailureOr<Value> made = narrowed(init, range);
    if (failed(made)) {
      return failure();
    }
    inits.push_back(*made);
    maps.push_back(op.getMatchingIndexingMap(&init));
  }
  return linalg::GenericOp::create(
      tiles.ops(), tiles.loc(), TypeRange(), inputs, inits, maps, op.getIteratorTypesArray(),
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        IRMapping mapping;
        const size_t own = op.getNumDpsInputs(), loads = first.loads.size();
        for (auto [number, argument] : llvm::enumerate(body.getArguments())) {
          mapping.map(argument, arguments[number < own ? number : number + loads]);
        }
        for (auto [number, load] : llvm::enumerate(first.loads)) {
          mapping.map(load->getResult(0), arguments[own + number]);
        }
        SmallVector<Value> results;
        for (Value value : body.getTerminator()->getOperands()) {
          results.push_back(clone(value, range.first, mapping, builder));
        }
        linalg::YieldOp::create(builder, loc, results);
      });
}

FailureOr<SmallVector<linalg::GenericOp>> ColumnSplitter::run() {
  extents.assign(op.getNumLoops(), tiles.index(1));
  for (OpOperand &operand : op->getOpOperands()) {
    SmallVector<OpFoldResult> sizes = tiles.extentsOf(operand.get());
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        extents[dim.getPosition()] = sizes[d];
      }
    }
  }
  const std::optional<int64_t> columns = getConstantIntValue(extents[last]);
  if (!columns) {
    return op.emitError("asks for the index of a loop whose extent is known at run time only");
  }
  SmallVector<linalg::GenericOp> pieces;
  std::optional<Range> range;
  Column first, before;
  auto close = [&]() -> LogicalResult {
    FailureOr<linalg::GenericOp> piece = build(*range, first);
    if (succeeded(piece)) {
      pieces.push_back(*piece);
    }
    return piece;
  };
  for (int64_t column = 0; column < *columns; ++column) {
    FailureOr<Column> now = columnAt(column);
    if (failed(now)) {
      return failure();
    }
    bool goesOn =
        range && now->choices == before.choices && now->loads.getArrayRef() == before.loads.getArrayRef();
    for (size_t i = 0; goesOn && i < now->places.size(); ++i) {
      const int64_t step = now->places[i] - before.places[i];
      goesOn = range->count == 1 ? step >= 0 : step == range->steps[i];
    }
    if (goesOn && range->count == 1) {
      for (size_t i = 0; i < now->places.size(); ++i) {
        range->steps.push_back(now->places[i] - before.places[i]);
      }
    }
    if (goesOn) {
      ++range->count;
    } else {
      if (range && failed(close())) {
        return failure();
      }
      range = Range{column, 1, {}};
      first = *now;
    }
    before = *now;
  }
  if (range && failed(close())) {
    return failure();
  }
  return pieces;
}

} // namespace

bool npu::asksForColumns(linalg::GenericOp op) {
  bool asks = false;
  op.walk(
      [&](linalg::IndexOp index) { asks |= index.getDim() + 1 == op.getNumLoops() && !index->use_empty(); });
  return asks;
}

FailureOr<SmallVector<linalg::GenericOp>> npu::splitColumns(Tiles &tiles, linalg::GenericOp op) {
  return ColumnSplitter(tiles, op).run();
}
