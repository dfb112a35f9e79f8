//===- Experts.cpp - Choosing experts, and adding up what they made ---------------===//
//
// Choices are made by the selecting unit; what they name is gathered by DMA.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

#include <limits>

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

bool hasDenseRows(const Tile &tile) {
  return getConstantIntValue(tile.extents[1]) == tile.strides[0] && tile.strides[1] == 1;
}

} // namespace

/// Expert by expert: a row of the router's weights at a time, so that there may be any number of them.
LogicalResult npu::lowerLogits(Tiles &tiles, moe::LogitsOp op) {
  tiles.moveTo(op);
  FailureOr<Tile> x = tiles.read(op.getX()), w = tiles.where(op.getW()), result = tiles.room(op.getInit());
  if (failed(x) || failed(w) || failed(result)) {
    return failure();
  }
  OpFoldResult rows = x->extents[0], depth = x->extents[1], one = tiles.index(1);
  LogicalResult done = tiles.loop(w->extents[0], 1, [&](OpFoldResult expert) -> LogicalResult {
    FailureOr<Tile> line = tiles.make(Space::Spad, {one, depth}, x->element()),
                    products = tiles.make(Space::Spad, x->extents, x->element());
    if (failed(line) || failed(products)) {
      return failure();
    }
    tiles.copy(tiles.matrix(*w, kSame, 1, one, depth, {expert, tiles.index(0)}), wholeOf(tiles, *line));
    tiles.map("mul", {wholeOf(tiles, *x), wholeOf(tiles, *line)}, wholeOf(tiles, *products));
    tiles.reduce("sum", wholeOf(tiles, *products), columnOf(tiles, *result, rows, expert).memref);
    return success();
  });
  if (failed(done)) {
    return failure();
  }
  tiles.write(*result, op.getInit());
  return success();
}

/// The unit has NaN behind all numbers; the op keeps one that came first: it is chosen as soon as all that stand before it are. So a NaN takes the
/// least of what stands before it, and of equal ones the first is chosen.
static FailureOr<Tile> orderedKeys(Tiles &tiles, const Tile &scores) {
  OpFoldResult rows = scores.extents[0], one = tiles.index(1);
  Type f32 = scores.element(), condition = IntegerType::get(f32.getContext(), 8);
  MatrixMath math(tiles, rows, one);
  FailureOr<Tile> keys = tiles.make(Space::Spad, scores.extents, f32);
  FailureOr<Elements> most = math.number(FloatAttr::get(f32, std::numeric_limits<float>::infinity()));
  FailureOr<Elements> least =
      succeeded(most) ? math.spread(*most, {nullptr, true, false, false}) : FailureOr<Elements>();
  if (failed(keys) || failed(least)) {
    return failure();
  }
  LogicalResult done = tiles.loop(scores.extents[1], 1, [&](OpFoldResult column) -> LogicalResult {
    const Elements score = columnOf(tiles, scores, rows, column), key = columnOf(tiles, *keys, rows, column);
    FailureOr<Elements> isNumber = math.apply("eq", score, score, condition);
    if (failed(isNumber) || failed(math.select(*isNumber, score, *least, f32, key.memref))) {
      return failure();
    }
    return LogicalResult(math.apply("min", *least, key, f32, least->memref));
  });
  return succeeded(done) ? keys : FailureOr<Tile>();
}

LogicalResult npu::lowerChoose(Tiles &tiles, moe::ChooseOp op, const machine::NpuCore &core) {
  tiles.moveTo(op);
  if (op.getKeptGroups() != op.getGroups()) {
    return op.emitError("chooses among groups of experts: the accelerator has no code for it");
  }
  const int64_t slots = cast<MemRefType>(op.getExperts().getType()).getDimSize(1),
                experts = cast<MemRefType>(op.getScores().getType()).getDimSize(1);
  const int64_t most = core.topk ? std::min<int64_t>(core.topk->kMax, UINT8_MAX) : 0;
  if (slots > most || experts > UINT16_MAX) {
    return op.emitError("chooses ") << slots << " of " << experts
                                    << ": the machine's selecting unit chooses at most " << most << " of "
                                    << UINT16_MAX;
  }
  FailureOr<Tile> scores = tiles.read(op.getScores()), result = tiles.room(op.getExperts());
  if (failed(scores) || failed(result)) {
    return failure();
  }
  OpFoldResult rows = scores->extents[0];
  if (op.getBias()) {
    FailureOr<Tile> bias = tiles.read(op.getBias()),
                    sums = tiles.make(Space::Spad, scores->extents, scores->element());
    if (failed(bias) || failed(sums)) {
      return failure();
    }
    tiles.map("add",
              {wholeOf(tiles, *scores), tiles.matrix(*bias, kSame, 0, tiles.index(1), bias->extents[0])},
              wholeOf(tiles, *sums));
    scores = sums;
  }
  FailureOr<Tile> keys = orderedKeys(tiles, *scores);
  FailureOr<Tile> values = tiles.make(Space::Spad, {rows, tiles.index(slots)}, scores->element());
  FailureOr<Tile> indices =
      hasDenseRows(*result) ? result : tiles.make(Space::Spad, {rows, tiles.index(slots)}, result->element());
  if (failed(keys) || failed(values) || failed(indices)) {
    return failure();
  }
  SelectOp::create(tiles.ops(), tiles.loc(), wholeOf(tiles, *keys), wholeOf(tiles, *values),
                   wholeOf(tiles, *indices), DenseI64ArrayAttr(), DenseI64ArrayAttr());
  if (!hasDenseRows(*result)) {
    tiles.map("copy", wholeOf(tiles, *indices), wholeOf(tiles, *result));
  }
  tiles.write(*result, op.getExperts());
  return success();
}

/// Slot by slot: the rows of all tokens' experts of that rank, times their weights.
LogicalResult npu::lowerCombine(Tiles &tiles, moe::CombineOp op) {
  tiles.moveTo(op);
  FailureOr<Tile> y = tiles.where(op.getY()), weights = tiles.read(op.getWeights()),
                  places = tiles.read(op.getPlaces()), result = tiles.room(op.getInit());
  if (failed(y) || failed(weights) || failed(places) || failed(result)) {
    return failure();
  }
  OpFoldResult rows = result->extents[0], columns = result->extents[1], one = tiles.index(1);
  if (!getConstantIntValue(columns)) {
    return op.emitError(
        "adds up rows whose extent is known at run time only: the accelerator has no code for it");
  }
  MatrixMath math(tiles, rows, columns);
  Type f32 = result->element();
  const Elements sum{wholeOf(tiles, *result), true, true, false};
  const int64_t slots = *getConstantIntValue(weights->extents[1]);
  for (int64_t slot = 0; slot < slots; ++slot) {
    FailureOr<Tile> list = tiles.make(Space::Spad, {rows}, places->element()),
                    terms = tiles.make(Space::Spad, result->extents, f32);
    if (failed(list) || failed(terms)) {
      return failure();
    }
    tiles.map("copy", columnOf(tiles, *places, rows, tiles.index(slot)).memref,
              tiles.matrix(*list, 0, kSame, rows, one));
    tiles.gather(wholeOf(tiles, *y), tiles.matrix(*list, kSame, 0, one, rows), wholeOf(tiles, *terms));
    const Elements term{wholeOf(tiles, *terms), true, true, false};
    const Elements weight = columnOf(tiles, *weights, rows, tiles.index(slot));
    FailureOr<Elements> product = math.apply("mul", term, weight, f32, slot == 0 ? sum.memref : term.memref);
    if (failed(product) || (slot > 0 && failed(math.apply("add", sum, *product, f32, sum.memref)))) {
      return failure();
    }
  }
  tiles.write(*result, op.getInit());
  return success();
}
