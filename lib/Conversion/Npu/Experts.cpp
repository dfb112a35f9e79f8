//===- Experts.cpp - Choosing experts, dispatching to them, adding them up --------===//
//
// Choices are made by the selecting unit; what it says of tokens and places is read as lists, by DMA that gathers rows. Numbers of the control unit
// come from nowhere but memory, so what routing decides stays in memory until a loop over an expert's rows reads it.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

#include <limits>

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// All rows of one column, as elements.
Elements columnOf(Tiles &tiles, const Tile &tile, OpFoldResult rows, OpFoldResult column) {
  return {tiles.matrix(tile, 0, kSame, rows, tiles.index(1), {tiles.index(0), column}), true, false, false};
}

bool hasDenseRows(const Tile &tile) {
  return getConstantIntValue(tile.extents[1]) == tile.strides[0] && tile.strides[1] == 1;
}

Value wholeOf(Tiles &tiles, const Tile &tile) {
  return tiles.matrix(tile, 0, 1, tile.extents[0], tile.extents[1]);
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

namespace {

/// The unit gives where each expert's places begin, for all experts. The op lists those that have any: they are brought to the front by sorting once
/// more, by whether they have none.
class DispatchLowering {
public:
  DispatchLowering(Tiles &tiles, moe::DispatchOp op)
      : tiles(tiles), op(op), i32(IntegerType::get(op.getContext(), 32)),
        experts(static_cast<int64_t>(op.getCount())) {}
  LogicalResult run();

private:
  Tiles &tiles;
  moe::DispatchOp op;
  Type i32;
  int64_t experts;

  FailureOr<Elements> constant(MatrixMath &math, int64_t value) {
    return math.number(IntegerAttr::get(i32, value));
  }
  FailureOr<Tile> make(OpFoldResult rows, int64_t columns) {
    return tiles.make(Space::Spad, {rows, tiles.index(columns)}, i32);
  }
  FailureOr<Tile> clamped(const Tile &choices);
  void route(const Tile &choices, const Tile &places, const Tile &tokens, const Tile &segments);
  FailureOr<Tile> gather(const Tile &table, const Tile &places);
  FailureOr<Tile> listSegments(const Tile &firsts, OpFoldResult room);
};

/// A number of no expert counts as the last.
FailureOr<Tile> DispatchLowering::clamped(const Tile &choices) {
  MatrixMath math(tiles, choices.extents[0], choices.extents[1]);
  const Elements given{wholeOf(tiles, choices), true, true, false};
  FailureOr<Tile> result = tiles.make(Space::Spad, choices.extents, i32);
  FailureOr<Elements> last = constant(math, experts - 1), zero = constant(math, 0);
  if (failed(result) || failed(last) || failed(zero)) {
    return failure();
  }
  FailureOr<Elements> least = math.apply("min", given, *last, i32);
  FailureOr<Elements> isNegative = math.apply("lt", given, *zero, IntegerType::get(op.getContext(), 8));
  if (failed(least) || failed(isNegative) ||
      failed(math.select(*isNegative, *last, *least, i32, wholeOf(tiles, *result)))) {
    return failure();
  }
  return result;
}

void DispatchLowering::route(const Tile &choices, const Tile &places, const Tile &tokens,
                             const Tile &segments) {
  RouteOp::create(tiles.ops(), tiles.loc(), wholeOf(tiles, choices), wholeOf(tiles, places),
                  wholeOf(tiles, tokens), wholeOf(tiles, segments), DenseI64ArrayAttr(), DenseI64ArrayAttr());
}

/// Numbers of experts in the order of `places`.
FailureOr<Tile> DispatchLowering::gather(const Tile &table, const Tile &places) {
  OpFoldResult all = tiles.index(experts);
  FailureOr<Tile> made = make(all, 1);
  if (succeeded(made)) {
    tiles.gather(tiles.matrix(table, 1, kSame, all, tiles.index(1)),
                 tiles.matrix(places, kSame, 0, tiles.index(1), all), wholeOf(tiles, *made));
  }
  return made;
}

/// [room][expert, first place, count]
FailureOr<Tile> DispatchLowering::listSegments(const Tile &firsts, OpFoldResult room) {
  OpFoldResult all = tiles.index(experts), one = tiles.index(1), none = tiles.index(0);
  FailureOr<int64_t> most = tiles.boundOf(room);
  if (failed(most)) {
    return failure();
  }
  FailureOr<Tile> counts = make(one, experts), isUnused = make(one, experts), order = make(all, 1),
                  ignored = make(all, 1), parts = make(one, 3),
                  list = make(tiles.index(std::max(*most, experts)), moe::kSegmentParts);
  MatrixMath ofRow(tiles, one, all), ofColumn(tiles, all, one);
  FailureOr<Elements> zero = constant(ofRow, 0);
  if (failed(counts) || failed(isUnused) || failed(order) || failed(ignored) || failed(parts) ||
      failed(list) || failed(zero)) {
    return failure();
  }
  auto firstsFrom = [&](int64_t expert) {
    return Elements{tiles.matrix(firsts, kSame, 1, one, all, {none, tiles.index(expert)}), false, true,
                    false};
  };
  const Elements ofExperts{wholeOf(tiles, *counts), false, true, false};
  if (failed(ofRow.apply("sub", firstsFrom(1), firstsFrom(0), i32, ofExperts.memref)) ||
      failed(ofRow.apply("eq", ofExperts, *zero, i32, wholeOf(tiles, *isUnused)))) {
    return failure();
  }
  Tile unused = *isUnused; // a choice for each expert: 0 or 1
  unused.extents = {all, one};
  unused.strides = {1, 1};
  route(unused, *ignored, *order, *parts);
  FailureOr<Tile> first = gather(firsts, *order), count = gather(*counts, *order);
  if (failed(first) || failed(count)) {
    return failure();
  }
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(*list), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  const Elements size = columnOf(tiles, *count, all, none);
  FailureOr<Elements> isNone = ofColumn.apply("eq", size, *zero, IntegerType::get(op.getContext(), 8));
  if (failed(isNone)) {
    return failure();
  }
  const std::pair<int64_t, const Tile *> columns[] = {
      {moe::kExpert, &*order}, {moe::kFirstPlace, &*first}, {moe::kCount, &*count}};
  for (auto [part, numbers] : columns) {
    Value to = columnOf(tiles, *list, all, tiles.index(part)).memref;
    if (failed(ofColumn.select(*isNone, *zero, columnOf(tiles, *numbers, all, none), i32, to))) {
      return failure();
    }
  }
  list->extents[0] = room;
  return list;
}

LogicalResult DispatchLowering::run() {
  FailureOr<Tile> given = tiles.read(op.getExperts());
  FailureOr<Tile> choices = succeeded(given) ? clamped(*given) : given;
  if (failed(choices)) {
    return failure();
  }
  OpFoldResult rows = choices->extents[0];
  const int64_t slots = *getConstantIntValue(choices->extents[1]);
  if (slots > UINT8_MAX || experts > UINT16_MAX) {
    return op.emitError("dispatches ")
           << slots << " choices of " << experts << " experts: the accelerator sorts at most " << UINT8_MAX
           << " of " << UINT16_MAX;
  }
  FailureOr<Tile> places = make(rows, slots), tokens = make(rows, slots),
                  firsts = make(tiles.index(1), experts + 1);
  if (failed(places) || failed(tokens) || failed(firsts)) {
    return failure();
  }
  route(*choices, *places, *tokens, *firsts);
  FailureOr<Tile> segments = listSegments(*firsts, tiles.extentsOf(op.getSegments())[0]);
  if (failed(segments)) {
    return failure();
  }
  tokens->extents = tiles.extentsOf(op.getTokens());
  tokens->strides = {1};
  return failure(failed(tiles.copyTo(*tokens, op.getTokens())) ||
                 failed(tiles.copyTo(*places, op.getPlaces())) ||
                 failed(tiles.copyTo(*segments, op.getSegments())));
}

} // namespace

LogicalResult npu::lowerDispatch(Tiles &tiles, moe::DispatchOp op) {
  tiles.moveTo(op);
  return DispatchLowering(tiles, op).run();
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
