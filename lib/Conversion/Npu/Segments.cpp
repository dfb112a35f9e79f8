//===- Segments.cpp - Which expert has which rows ----------------------------------===//
//
// The selecting unit sorts choices by expert. Numbers of the control unit come from memory and go nowhere, so what routing decides stays in
// memory, as lists, until a loop over an expert's rows reads it. Lists are brought to their beginning by sorting them by whether an element is
// dropped: the unit keeps the order of equal ones.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Lists of i32 in the scratchpad, [count][1].
class Lists {
public:
  explicit Lists(Tiles &tiles) : tiles(tiles), i32(tiles.ops().getI32Type()), i8(tiles.ops().getI8Type()) {}

  FailureOr<Tile> make(OpFoldResult rows, int64_t columns) {
    return tiles.make(Space::Spad, {rows, tiles.index(columns)}, i32);
  }
  FailureOr<Elements> constant(MatrixMath &math, int64_t value) {
    return math.number(IntegerAttr::get(i32, value));
  }
  Elements elements(const Tile &list) { return columnOf(tiles, list, list.extents[0], tiles.index(0)); }

  /// Experts, of which a number that is none of them counts as the last.
  FailureOr<Tile> clamped(const Tile &experts, int64_t count);
  void route(const Tile &choices, const Tile &places, const Tile &tokens, const Tile &segments) {
    RouteOp::create(tiles.ops(), tiles.loc(), wholeOf(tiles, choices), wholeOf(tiles, places),
                    wholeOf(tiles, tokens), wholeOf(tiles, segments), DenseI64ArrayAttr(),
                    DenseI64ArrayAttr());
  }
  /// Elements of a list in the order of places.
  FailureOr<Tile> gather(const Tile &list, const Tile &places);
  /// [room][a column for each list] of the elements that are not dropped (1, else 0), zeros behind them. Null: the element's own place.
  FailureOr<Tile> compact(const Tile &isDropped, ArrayRef<const Tile *> lists, OpFoldResult room);

  Tiles &tiles;
  Type i32, i8;
};

FailureOr<Tile> Lists::clamped(const Tile &experts, int64_t count) {
  MatrixMath math(tiles, experts.extents[0], experts.extents[1]);
  const Elements given{wholeOf(tiles, experts), true, true, false};
  FailureOr<Tile> result = tiles.make(Space::Spad, experts.extents, i32);
  FailureOr<Elements> last = constant(math, count - 1), zero = constant(math, 0);
  if (failed(result) || failed(last) || failed(zero)) {
    return failure();
  }
  FailureOr<Elements> least = math.apply("min", given, *last, i32);
  FailureOr<Elements> isNegative = math.apply("lt", given, *zero, i8);
  if (failed(least) || failed(isNegative) ||
      failed(math.select(*isNegative, *last, *least, i32, wholeOf(tiles, *result)))) {
    return failure();
  }
  return result;
}

FailureOr<Tile> Lists::gather(const Tile &list, const Tile &places) {
  FailureOr<Tile> made = make(places.extents[0], 1);
  if (succeeded(made)) {
    tiles.gather(elements(list).memref, tiles.matrix(places, kSame, 0, tiles.index(1), places.extents[0]),
                 wholeOf(tiles, *made));
  }
  return made;
}

FailureOr<Tile> Lists::compact(const Tile &isDropped, ArrayRef<const Tile *> lists, OpFoldResult room) {
  OpFoldResult count = isDropped.extents[0];
  FailureOr<int64_t> mostRoom = tiles.boundOf(room), mostCount = tiles.boundOf(count);
  if (failed(mostRoom) || failed(mostCount)) {
    return failure();
  }
  const auto columns = static_cast<int64_t>(lists.size());
  FailureOr<Tile> order = make(count, 1), ignored = make(count, 1), parts = make(tiles.index(1), 3),
                  result = make(tiles.index(std::max(*mostRoom, *mostCount)), columns);
  MatrixMath math(tiles, count, tiles.index(1));
  FailureOr<Elements> zero = constant(math, 0);
  if (failed(order) || failed(ignored) || failed(parts) || failed(result) || failed(zero)) {
    return failure();
  }
  route(isDropped, *ignored, *order, *parts);
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(*result), 0, DenseI64ArrayAttr(),
                 DenseI64ArrayAttr());
  FailureOr<Tile> dropped = gather(isDropped, *order);
  if (failed(dropped)) {
    return failure();
  }
  for (auto [column, list] : llvm::enumerate(lists)) {
    FailureOr<Tile> numbers = list ? gather(*list, *order) : order;
    Value to = columnOf(tiles, *result, count, tiles.index(static_cast<int64_t>(column))).memref;
    if (failed(numbers) || failed(math.select(elements(*dropped), *zero, elements(*numbers), i32, to))) {
      return failure();
    }
  }
  result->extents[0] = room;
  return result;
}

} // namespace

LogicalResult npu::lowerDispatch(Tiles &tiles, moe::DispatchOp op) {
  tiles.moveTo(op);
  Lists lists(tiles);
  const auto experts = static_cast<int64_t>(op.getCount());
  const int64_t slots = cast<MemRefType>(op.getExperts().getType()).getDimSize(1);
  if (slots > UINT8_MAX || experts > UINT16_MAX) {
    return op.emitError("dispatches ")
           << slots << " choices of " << experts << " experts: the accelerator sorts at most " << UINT8_MAX
           << " of " << UINT16_MAX;
  }
  FailureOr<Tile> given = tiles.read(op.getExperts());
  FailureOr<Tile> choices = succeeded(given) ? lists.clamped(*given, experts) : given;
  if (failed(choices)) {
    return failure();
  }
  OpFoldResult rows = choices->extents[0], all = tiles.index(experts), one = tiles.index(1);
  FailureOr<Tile> places = lists.make(rows, slots), tokens = lists.make(rows, slots),
                  bounds = lists.make(one, experts + 1), counts = lists.make(all, 1),
                  isUnused = lists.make(all, 1);
  MatrixMath math(tiles, all, one);
  FailureOr<Elements> zero = lists.constant(math, 0);
  if (failed(places) || failed(tokens) || failed(bounds) || failed(counts) || failed(isUnused) ||
      failed(zero)) {
    return failure();
  }
  lists.route(*choices, *places, *tokens, *bounds);
  // An expert's places end where those of the next one begin.
  Tile firsts = *bounds;
  firsts.extents = {all, one};
  firsts.strides = {1, 1};
  Tile ends = firsts;
  ends.offset = one;
  if (failed(math.apply("sub", lists.elements(ends), lists.elements(firsts), lists.i32,
                        lists.elements(*counts).memref)) ||
      failed(math.apply("eq", lists.elements(*counts), *zero, lists.i32, lists.elements(*isUnused).memref))) {
    return failure();
  }
  const Tile *columns[moe::kSegmentParts] = {};
  columns[moe::kFirstPlace] = &firsts;
  columns[moe::kCount] = &*counts;
  FailureOr<Tile> segments = lists.compact(*isUnused, columns, tiles.extentsOf(op.getSegments())[0]);
  if (failed(segments)) {
    return failure();
  }
  tokens->extents = tiles.extentsOf(op.getTokens());
  tokens->strides = {1};
  return failure(failed(tiles.copyTo(*tokens, op.getTokens())) ||
                 failed(tiles.copyTo(*places, op.getPlaces())) ||
                 failed(tiles.copyTo(*segments, op.getSegments())));
}

LogicalResult npu::lowerRestrict(Tiles &tiles, moe::RestrictOp op) {
  tiles.moveTo(op);
  Lists lists(tiles);
  FailureOr<Tile> segments = tiles.read(op.getSegments()), table = tiles.read(op.getPlaces());
  if (failed(segments) || failed(table)) {
    return failure();
  }
  OpFoldResult count = segments->extents[0], one = tiles.index(1);
  auto columnAt = [&](int64_t part) {
    Tile column = *segments;
    column.offset = tiles.plus(column.offset, tiles.index(part * segments->strides[1]));
    column.extents = {count, one};
    return column;
  };
  const Tile firsts = columnAt(moe::kFirstPlace), counts = columnAt(moe::kCount);
  FailureOr<Tile> experts =
      lists.clamped(columnAt(moe::kExpert), cast<MemRefType>(op.getPlaces().getType()).getDimSize(0));
  if (failed(experts)) {
    return failure();
  }
  Tile ofExperts = *table;
  ofExperts.extents.push_back(one);
  ofExperts.strides.push_back(1);
  FailureOr<Tile> places = lists.gather(ofExperts, *experts), isDropped = lists.make(count, 1);
  MatrixMath math(tiles, count, one);
  FailureOr<Elements> zero = lists.constant(math, 0);
  if (failed(places) || failed(isDropped) || failed(zero)) {
    return failure();
  }
  FailureOr<Elements> isOther = math.apply("lt", lists.elements(*places), *zero, lists.i32);
  FailureOr<Elements> isEmpty = math.apply("eq", lists.elements(counts), *zero, lists.i32);
  if (failed(isOther) || failed(isEmpty) ||
      failed(math.apply("max", *isOther, *isEmpty, lists.i32, lists.elements(*isDropped).memref))) {
    return failure();
  }
  const Tile *columns[moe::kSegmentParts] = {};
  columns[moe::kExpert] = &*places;
  columns[moe::kFirstPlace] = &firsts;
  columns[moe::kCount] = &counts;
  FailureOr<Tile> result = lists.compact(*isDropped, columns, tiles.extentsOf(op.getInit())[0]);
  return failure(failed(result) || failed(tiles.copyTo(*result, op.getInit())));
}
