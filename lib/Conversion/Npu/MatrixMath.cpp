#include "Elementwise.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

bool isCommutative(StringRef function) {
  return llvm::is_contained({"add", "mul", "min", "max", "eq", "and", "or", "xor"}, function);
}

} // namespace

Value npu::wholeOf(Tiles &tiles, const Tile &tile) {
  return tiles.matrix(tile, 0, 1, tile.extents[0], tile.extents[1]);
}

Elements npu::columnOf(Tiles &tiles, const Tile &tile, OpFoldResult rows, OpFoldResult column) {
  return {tiles.matrix(tile, 0, kSame, rows, tiles.index(1), {tiles.index(0), column}), true, false, false};
}

FailureOr<Elements> MatrixMath::number(TypedAttr value) {
  FailureOr<Tile> tile = tiles.constant(value);
  if (failed(tile)) {
    return failure();
  }
  return Elements{tiles.all(*tile), false, false, false};
}

FailureOr<Value> MatrixMath::room(bool hasRows, bool hasColumns, Type type) {
  FailureOr<Tile> tile =
      tiles.make(Space::Spad, {hasRows ? rows : tiles.index(1), hasColumns ? columns : tiles.index(1)}, type);
  if (failed(tile)) {
    return failure();
  }
  return tiles.all(*tile);
}

FailureOr<Elements> MatrixMath::spread(Elements value, Elements like) {
  const bool hasRows = value.hasRows || like.hasRows, hasColumns = value.hasColumns || like.hasColumns;
  if (value.hasRows == hasRows && value.hasColumns == hasColumns) {
    return value;
  }
  // Whatever the condition is, the result is the one number. It has to have the extents; `like` need not have all of them.
  if (!like.memref || like.hasRows != hasRows || like.hasColumns != hasColumns) {
    FailureOr<Value> whole = room(hasRows, hasColumns, IntegerType::get(tiles.ops().getContext(), 8));
    if (failed(whole)) {
      return failure();
    }
    // Its contents are not looked at.
    like = {*whole, hasRows, hasColumns, false};
  }
  FailureOr<Value> to = room(hasRows, hasColumns, cast<MemRefType>(value.memref.getType()).getElementType());
  if (failed(to)) {
    return failure();
  }
  tiles.map("select", {like.memref, value.memref, value.memref}, *to);
  return Elements{*to, hasRows, hasColumns, value.isInverted};
}

FailureOr<Elements> MatrixMath::apply(StringRef function, Elements a, Elements b, Type type, Value to) {
  const bool hasRows = a.hasRows || b.hasRows, hasColumns = a.hasColumns || b.hasColumns;
  auto isWhole = [&](Elements x) { return x.hasRows == hasRows && x.hasColumns == hasColumns; };
  if (!isWhole(a) && isWhole(b) && isCommutative(function)) {
    std::swap(a, b);
  }
  FailureOr<Elements> left = isWhole(a) ? FailureOr<Elements>(a) : spread(a, b);
  FailureOr<Value> target = to ? FailureOr<Value>(to) : room(hasRows, hasColumns, type);
  if (failed(left) || failed(target)) {
    return failure();
  }
  tiles.map(function, {left->memref, b.memref}, *target);
  return Elements{*target, hasRows, hasColumns, false};
}

FailureOr<Elements> MatrixMath::apply(StringRef function, Elements a, Type type, Value to) {
  FailureOr<Value> target = to ? FailureOr<Value>(to) : room(a.hasRows, a.hasColumns, type);
  if (failed(target)) {
    return failure();
  }
  tiles.map(function, a.memref, *target);
  return Elements{*target, a.hasRows, a.hasColumns, false};
}

FailureOr<Elements> MatrixMath::select(Elements condition, Elements yes, Elements no, Type type, Value to) {
  if (condition.isInverted) {
    std::swap(yes, no);
    condition.isInverted = false;
  }
  const Elements both{nullptr, yes.hasRows || no.hasRows, yes.hasColumns || no.hasColumns, false};
  FailureOr<Elements> whole = spread(condition, both);
  if (failed(whole)) {
    return failure();
  }
  FailureOr<Value> target = to ? FailureOr<Value>(to) : room(whole->hasRows, whole->hasColumns, type);
  if (failed(target)) {
    return failure();
  }
  tiles.map("select", {whole->memref, yes.memref, no.memref}, *target);
  return Elements{*target, whole->hasRows, whole->hasColumns, false};
}
