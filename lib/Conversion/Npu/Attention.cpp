//===- Attention.cpp - Keys and values in DRAM, attention to them ---------------===//
//
// The fixed form (coopt/Numerics/FixedAttention.h), row by row and head by head, in blocks of 64 keys; as many of them as there are positions,
// which the control unit knows when it comes to it.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

#include "coopt/Numerics/FixedAttention.h"

#include <limits>

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Rows [position, position + count) of a slab of the state, as a memref [count][head size].
Value rowsOf(Tiles &tiles, Value state, OpFoldResult slab, OpFoldResult position, OpFoldResult count) {
  auto type = cast<MemRefType>(state.getType());
  return memref::SubViewOp::create(
      tiles.ops(), tiles.loc(),
      memref::SubViewOp::inferRankReducedResultType({ShapedType::kDynamic, type.getDimSize(2)}, type,
                                                    {slab, position, tiles.index(0)},
                                                    {tiles.index(1), count, tiles.index(type.getDimSize(2))},
                                                    {tiles.index(1), tiles.index(1), tiles.index(1)}),
      state, ArrayRef<OpFoldResult>{slab, position, tiles.index(0)},
      ArrayRef<OpFoldResult>{tiles.index(1), count, tiles.index(type.getDimSize(2))},
      ArrayRef<OpFoldResult>{tiles.index(1), tiles.index(1), tiles.index(1)});
}

/// The running values of a row and head.
class AttendLowering {
public:
  AttendLowering(Tiles &tiles, attention::AttendOp op)
      : tiles(tiles), op(op), f32(Float32Type::get(op.getContext())),
        math(tiles, tiles.index(1), tiles.index(1)) {}
  LogicalResult run();

private:
  Tiles &tiles;
  attention::AttendOp op;
  Type f32;
  MatrixMath math; ///< of one number
  Tile q, result, most, sum, out;
  int64_t size = 0; ///< of a head

  LogicalResult row(OpFoldResult m, OpFoldResult h);
  LogicalResult block(OpFoldResult m, OpFoldResult h, OpFoldResult slab, OpFoldResult first,
                      OpFoldResult count);
  Elements one(const Tile &tile) {
    return {tiles.matrix(tile, kSame, kSame, tiles.index(1), tiles.index(1)), false, false, false};
  }
  Elements line(const Tile &tile, OpFoldResult count) {
    return {tiles.matrix(tile, kSame, 0, tiles.index(1), count), false, true, false};
  }
  FailureOr<Elements> constant(float value) { return math.number(FloatAttr::get(f32, value)); }
  /// exp2((x - most) L), x a number or a line.
  FailureOr<Elements> weight(MatrixMath &of, Elements x, Elements greatest);
};

FailureOr<Elements> AttendLowering::weight(MatrixMath &of, Elements x, Elements greatest) {
  FailureOr<Elements> log2e = constant(0x1.715476p+0f);
  FailureOr<Elements> less = of.apply("sub", x, greatest, f32);
  FailureOr<Elements> scaled =
      succeeded(less) && succeeded(log2e) ? of.apply("mul", *less, *log2e, f32) : FailureOr<Elements>();
  return succeeded(scaled) ? of.apply("exp2", *scaled, f32) : scaled;
}

LogicalResult AttendLowering::block(OpFoldResult m, OpFoldResult h, OpFoldResult slab, OpFoldResult first,
                                    OpFoldResult count) {
  OpFoldResult width = tiles.index(size), room = tiles.index(numerics::kAttentionBlock);
  FailureOr<Tile> keys = tiles.make(Space::Spad, {room, width}, f32),
                  values = tiles.make(Space::Spad, {room, width}, f32),
                  turned = tiles.make(Space::Spad, {width, room}, f32),
                  products = tiles.make(Space::Spad, {room, width}, f32),
                  weighted = tiles.make(Space::Spad, {width, room}, f32),
                  scores = tiles.make(Space::Spad, {room}, f32),
                  added = tiles.make(Space::Spad, {width}, f32),
                  best = tiles.make(Space::Spad, {tiles.index(1)}, f32),
                  total = tiles.make(Space::Spad, {tiles.index(1)}, f32);
  FailureOr<Elements> scale = constant(op.getScale().convertToFloat());
  if (failed(keys) || failed(values) || failed(turned) || failed(products) || failed(weighted) ||
      failed(scores) || failed(added) || failed(best) || failed(total) || failed(scale)) {
    return failure();
  }
  auto rows = [&](const Tile &tile) { return tiles.matrix(tile, 0, 1, count, width); };
  auto columns = [&](const Tile &tile) { return tiles.matrix(tile, 0, 1, width, count); };
  // Keys and values of the block; of the values the columns, so that sums over keys are sums of rows.
  OpFoldResult ofValues = tiles.plus(slab, tiles.index(static_cast<int64_t>(*op.getHeads())));
  tiles.copy(rowsOf(tiles, op.getState(), slab, first, count), rows(*keys));
  tiles.copy(rowsOf(tiles, op.getState(), ofValues, first, count), rows(*values));
  tiles.copy(tiles.matrix(*values, 1, 0, width, count), columns(*turned));

  // s_j = scale R(q_d k_jd)
  Value query = tiles.matrix(q, kSame, 2, tiles.index(1), width, {m, h, tiles.index(0)});
  tiles.map("mul", {rows(*keys), query}, rows(*products));
  tiles.reduce("sum", rows(*products), tiles.matrix(*scores, 0, kSame, count, tiles.index(1)));
  MatrixMath ofKeys(tiles, tiles.index(1), count);
  const Elements s = line(*scores, count);
  FailureOr<Elements> scaled = ofKeys.apply("mul", s, *scale, f32);
  if (failed(scaled)) {
    return failure();
  }
  // m' = max(m, max_j s_j), a = exp2((m - m') L), p_j = exp2((s_j - m') L)
  tiles.reduce("max", scaled->memref, one(*best).memref);
  FailureOr<Elements> greatest = math.apply("max", one(most), one(*best), f32);
  FailureOr<Elements> a = succeeded(greatest) ? weight(math, one(most), *greatest) : greatest;
  FailureOr<Elements> p = succeeded(a) ? weight(ofKeys, *scaled, *greatest) : a;
  if (failed(p)) {
    return failure();
  }
  // l = l a + R(p)
  tiles.reduce("sum", p->memref, one(*total).memref);
  FailureOr<Elements> kept = math.apply("mul", one(sum), *a, f32);
  if (failed(kept) || failed(math.apply("add", *kept, one(*total), f32, one(sum).memref))) {
    return failure();
  }
  // o_d = o_d a + R(p_j v_jd)
  tiles.map("mul", {columns(*turned), p->memref}, columns(*weighted));
  tiles.reduce("sum", columns(*weighted), tiles.matrix(*added, 0, kSame, width, tiles.index(1)));
  MatrixMath ofHead(tiles, tiles.index(1), width);
  FailureOr<Elements> old = ofHead.apply("mul", line(out, width), *a, f32);
  if (failed(old) || failed(ofHead.apply("add", *old, line(*added, width), f32, line(out, width).memref))) {
    return failure();
  }
  tiles.map("copy", greatest->memref, one(most).memref);
  return success();
}

LogicalResult AttendLowering::row(OpFoldResult m, OpFoldResult h) {
  Builder &b = tiles.ops();
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
  OpFoldResult width = tiles.index(size);
  FailureOr<Elements> nothing = constant(-std::numeric_limits<float>::infinity()), zero = constant(0.0f);
  FailureOr<Tile> line1 = tiles.make(Space::Spad, {width}, f32),
                  most1 = tiles.make(Space::Spad, {tiles.index(1)}, f32),
                  sum1 = tiles.make(Space::Spad, {tiles.index(1)}, f32);
  if (failed(nothing) || failed(zero) || failed(line1) || failed(most1) || failed(sum1)) {
    return failure();
  }
  most = *most1;
  sum = *sum1;
  out = *line1;
  tiles.map("copy", nothing->memref, one(most).memref);
  tiles.map("copy", zero->memref, one(sum).memref);
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(out), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  const auto layer = static_cast<int64_t>(op.getLayer()), heads = static_cast<int64_t>(*op.getHeads());
  AffineExpr ofHead0 = (d0 + d1).floorDiv(static_cast<int64_t>(op.getHeadsPerGroup())) + layer * 2 * heads;
  OpFoldResult slab = tiles.apply(AffineMap::get(2, 0, ofHead0), {op.getHead(), h});
  OpFoldResult keys = tiles.apply(AffineMap::get(2, 0, d0 + d1 + 1), {op.getPast(), m});
  LogicalResult blocks = tiles.loop(keys, numerics::kAttentionBlock, [&](OpFoldResult first) {
    OpFoldResult count = tiles.least(tiles.minus(keys, first), tiles.index(numerics::kAttentionBlock));
    return block(m, h, slab, first, count);
  });
  if (failed(blocks)) {
    return failure();
  }
  MatrixMath ofHead(tiles, tiles.index(1), width);
  Value to = tiles.matrix(result, kSame, 2, tiles.index(1), width, {m, h, tiles.index(0)});
  return LogicalResult(ofHead.apply("div", line(out, width), one(sum), f32, to));
}

LogicalResult AttendLowering::run() {
  if (op.getCap() || op.getWindow() || op.getSinks() || op.getStored() ||
      op.getNumerics() != attention::Numerics::fixed || !op.getHeads() ||
      !cast<MemRefType>(op.getState().getType()).getElementType().isF32()) {
    return op.emitError("is attention that the accelerator has no code for: expected the fixed form to all "
                        "keys, kept as f32, "
                        "without a cap");
  }
  FailureOr<Tile> read = tiles.read(op.getQ()), made = tiles.room(op.getInit());
  if (failed(read) || failed(made)) {
    return failure();
  }
  q = *read;
  result = *made;
  size = *getConstantIntValue(q.extents[2]);
  LogicalResult done = tiles.loop(q.extents[0], 1, [&](OpFoldResult m) {
    return tiles.loop(q.extents[1], 1, [&](OpFoldResult h) { return row(m, h); });
  });
  if (failed(done)) {
    return failure();
  }
  tiles.write(result, op.getInit());
  return success();
}

} // namespace

LogicalResult npu::lowerAttend(Tiles &tiles, attention::AttendOp op) {
  tiles.moveTo(op);
  return AttendLowering(tiles, op).run();
}

LogicalResult npu::lowerAppend(Tiles &tiles, attention::AppendOp op) {
  tiles.moveTo(op);
  auto state = cast<MemRefType>(op.getState().getType());
  if (op.getStored() || !state.getElementType().isF32()) {
    return op.emitError("keeps keys and values in a way that the accelerator has no code for: expected f32");
  }
  SmallVector<OpFoldResult> extents = tiles.extentsOf(op.getKeys());
  SmallVector<int64_t> strides;
  int64_t ignored = 0;
  if (failed(state.getStridesAndOffset(strides, ignored)) || llvm::any_of(strides, ShapedType::isDynamic)) {
    return op.emitError("has a state without static strides");
  }
  OpFoldResult origin = tiles.index(0);
  if (auto view = op.getState().getDefiningOp<memref::ReinterpretCastOp>()) {
    origin = view.getConstifiedMixedOffset();
  }
  const Value parts[] = {op.getKeys(), op.getValues()};
  for (auto [number, rows] : llvm::enumerate(parts)) {
    // [positions][heads][size] of the state's [heads][positions][size].
    const int64_t heads = *getConstantIntValue(extents[1]);
    const int64_t slab = (static_cast<int64_t>(op.getLayer()) * 2 + static_cast<int64_t>(number)) * heads;
    OpFoldResult first = tiles.plus(origin, tiles.index(slab * strides[0]));
    Value to = memref::ReinterpretCastOp::create(
        tiles.ops(), tiles.loc(), rootOf(op.getState()),
        tiles.plus(first, tiles.times(op.getPast(), strides[1])), extents,
        ArrayRef<OpFoldResult>{tiles.index(strides[1]), tiles.index(strides[0]), tiles.index(strides[2])});
    if (tiles.isInDram(rows)) {
      tiles.copy(rows, to);
      continue;
    }
    FailureOr<Tile> made = tiles.read(rows);
    if (failed(made)) {
      return failure();
    }
    tiles.copy(tiles.all(*made), to);
  }
  return success();
}
