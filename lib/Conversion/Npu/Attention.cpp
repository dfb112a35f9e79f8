//===- Attention.cpp - Keys and values in DRAM, attention to them ---------------===//
//
// The fixed form (coopt/Numerics/FixedAttention.h), in blocks of 64 keys; as many of them as there are positions, which the control unit knows when
// it comes to it.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

#include "coopt/Numerics/FixedAttention.h"

#include <limits>
#include <numeric>

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

/// Rows of queries and heads are one dimension r = row * heads + head of the running values. Keys and values of a block come once for all rows
/// and all heads that share them. Scores of keys that a row does not see are -inf, their weights 0: neither changes a bit of R, whose
/// partial results begin at +0.
class AttendLowering {
public:
  AttendLowering(Tiles &tiles, attention::AttendOp op)
      : tiles(tiles), op(op), f32(Float32Type::get(op.getContext())) {}
  LogicalResult run();

private:
  Tiles &tiles;
  attention::AttendOp op;
  Type f32;
  Tile q, result;
  Tile scores;                          ///< [r][keys of a block], then their weights
  Tile out, added;                      ///< [r][head size]
  Tile most, greatest, sum, total, old; ///< [r]
  Value scale, log2e, lowest;
  OpFoldResult all; ///< extent of r
  int64_t size = 0; ///< of a head
  int64_t rows = 0, heads = 0,
          sharing = 0; ///< the most rows; the most heads; how many, side by side, have the same keys

  using Visit =
      llvm::function_ref<LogicalResult(const Tile &part, OpFoldResult m, OpFoldResult h, OpFoldResult count)>;
  enum Part { Keys, Values };

  LogicalResult check();
  LogicalResult make();
  LogicalResult visit(Part part, OpFoldResult first, Visit body);
  LogicalResult block(OpFoldResult first);
  Value line(const Tile &of) { return tiles.matrix(of, kSame, 0, tiles.index(1), all); }
  Value column(const Tile &of) { return tiles.matrix(of, 0, kSame, all, tiles.index(1)); }
  Value whole(const Tile &of) { return tiles.matrix(of, 0, 1, all, of.extents[1]); }
  OpFoldResult rowOf(OpFoldResult m, OpFoldResult h) { return tiles.plus(tiles.times(m, heads), h); }
  /// to = exp2((x - most) L)
  void weigh(Value x, Value most, Value to) {
    tiles.map("sub", {x, most}, to);
    tiles.map("mul", {to, log2e}, to);
    tiles.map("exp2", to, to);
  }
};

/// The keys or values of a block, of values the columns, so that sums over keys are sums of rows; and each row and head that sees some of them, with
/// their number.
LogicalResult AttendLowering::visit(Part part, OpFoldResult first, Visit body) {
  Builder &b = tiles.ops();
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1), d2 = b.getAffineDimExpr(2);
  OpFoldResult width = tiles.index(size), room = tiles.index(numerics::kAttentionBlock);
  const auto layer = static_cast<int64_t>(op.getLayer()), shared = static_cast<int64_t>(*op.getHeads());
  const int64_t firstSlab = (2 * layer + (part == Values ? 1 : 0)) * shared;
  return tiles.loop(q.extents[1], sharing, [&](OpFoldResult group) -> LogicalResult {
    FailureOr<Tile> brought = tiles.make(Space::Spad, {room, width}, f32),
                    turned = part == Values ? tiles.make(Space::Spad, {width, room}, f32) : brought;
    if (failed(brought) || failed(turned)) {
      return failure();
    }
    AffineExpr slabOf = (d0 + d1).floorDiv(static_cast<int64_t>(op.getHeadsPerGroup())) + firstSlab;
    OpFoldResult slab = tiles.apply(AffineMap::get(2, 0, slabOf), {op.getHead(), group});
    AffineExpr left = d0 + d1 - d2;
    OpFoldResult seen =
        tiles.least(tiles.apply(AffineMap::get(3, 0, left), {op.getPast(), q.extents[0], first}), room);
    tiles.copy(rowsOf(tiles, op.getState(), slab, first, seen), tiles.matrix(*brought, 0, 1, seen, width));
    if (part == Values) {
      tiles.copy(tiles.matrix(*brought, 1, 0, width, seen), tiles.matrix(*turned, 0, 1, width, seen));
    }
    // Rows before the block's first position see nothing of it.
    OpFoldResult before = tiles.greatest(tiles.minus(first, op.getPast()), tiles.index(0));
    return tiles.loop(tiles.minus(q.extents[0], before), 1, [&](OpFoldResult i) {
      OpFoldResult m = tiles.least(tiles.plus(before, i), tiles.index(rows - 1));
      OpFoldResult count =
          tiles.least(tiles.apply(AffineMap::get(3, 0, left + 1), {op.getPast(), m, first}), room);
      return tiles.loop(tiles.index(sharing), 1,
                        [&](OpFoldResult h) { return body(*turned, m, tiles.plus(group, h), count); });
    });
  });
}

LogicalResult AttendLowering::block(OpFoldResult first) {
  OpFoldResult width = tiles.index(size), one = tiles.index(1), zero = tiles.index(0);
  tiles.map("select", {whole(scores), lowest, lowest}, whole(scores)); // whatever was there
  FillOp::create(tiles.ops(), tiles.loc(), 0, whole(added), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  // s_j = scale R(q_d k_jd)
  auto score = [&](const Tile &keys, OpFoldResult m, OpFoldResult h, OpFoldResult count) -> LogicalResult {
    FailureOr<Tile> products = tiles.make(Space::Spad, {tiles.index(numerics::kAttentionBlock), width}, f32);
    if (failed(products)) {
      return failure();
    }
    Value of = tiles.matrix(*products, 0, 1, count, width);
    Value query = tiles.matrix(q, kSame, 2, one, width, {m, h, zero});
    tiles.map("mul", {tiles.matrix(keys, 0, 1, count, width), query}, of);
    tiles.reduce("sum", of, tiles.matrix(scores, 1, kSame, count, one, {rowOf(m, h), zero}));
    return success();
  };
  if (failed(visit(Keys, first, score))) {
    return failure();
  }
  // m' = max(m, max_j s_j), a = exp2((m - m') L), p_j = exp2((s_j - m') L)
  tiles.map("mul", {whole(scores), scale}, whole(scores));
  tiles.reduce("max", whole(scores), column(greatest));
  tiles.map("max", {line(greatest), line(most)}, line(greatest));
  weigh(line(most), line(greatest), line(old));
  weigh(whole(scores), column(greatest), whole(scores));
  // l = l a + R(p)
  tiles.reduce("sum", whole(scores), column(total));
  tiles.map("mul", {line(sum), line(old)}, line(sum));
  tiles.map("add", {line(sum), line(total)}, line(sum));
  // o_d = o_d a + R(p_j v_jd)
  auto add = [&](const Tile &values, OpFoldResult m, OpFoldResult h, OpFoldResult count) -> LogicalResult {
    FailureOr<Tile> products = tiles.make(Space::Spad, {width, tiles.index(numerics::kAttentionBlock)}, f32);
    if (failed(products)) {
      return failure();
    }
    Value of = tiles.matrix(*products, 0, 1, width, count);
    Value weights = tiles.matrix(scores, kSame, 1, one, count, {rowOf(m, h), zero});
    tiles.map("mul", {tiles.matrix(values, 0, 1, width, count), weights}, of);
    tiles.reduce("sum", of, tiles.matrix(added, 1, kSame, width, one, {rowOf(m, h), zero}));
    return success();
  };
  if (failed(visit(Values, first, add))) {
    return failure();
  }
  tiles.map("mul", {whole(out), column(old)}, whole(out));
  tiles.map("add", {whole(out), whole(added)}, whole(out));
  tiles.map("copy", line(greatest), line(most));
  return success();
}

LogicalResult AttendLowering::check() {
  if (op.getCap() || op.getWindow() || op.getSinks() || op.getStored() ||
      op.getNumerics() != attention::Numerics::fixed || !op.getHeads() ||
      !cast<MemRefType>(op.getState().getType()).getElementType().isF32()) {
    return op.emitError("is attention that the accelerator has no code for: expected the fixed form to all "
                        "keys, kept as f32, "
                        "without a cap");
  }
  return success();
}

LogicalResult AttendLowering::make() {
  FailureOr<int64_t> mostRows = tiles.boundOf(q.extents[0]), mostHeads = tiles.boundOf(q.extents[1]);
  if (failed(mostRows) || failed(mostHeads)) {
    return failure();
  }
  size = *getConstantIntValue(q.extents[2]);
  rows = *mostRows;
  heads = *mostHeads;
  // Heads that share keys, from the tile's first on.
  const auto group = static_cast<int64_t>(op.getHeadsPerGroup());
  const int64_t together = std::gcd(group, heads);
  const bool isWhole =
      getConstantIntValue(q.extents[1]).has_value() && divisorOf(op.getHead()) % together == 0;
  sharing = isWhole ? together : 1;
  all = tiles.times(q.extents[0], heads);
  bool isMade = true;
  auto tile = [&](Tile &to, ArrayRef<OpFoldResult> extents) {
    FailureOr<Tile> made = tiles.make(Space::Spad, extents, f32);
    isMade &= succeeded(made);
    to = succeeded(made) ? *made : Tile();
  };
  tile(scores, {all, tiles.index(numerics::kAttentionBlock)});
  tile(out, {all, tiles.index(size)});
  tile(added, {all, tiles.index(size)});
  for (Tile *one : {&most, &greatest, &sum, &total, &old}) {
    tile(*one, {all});
  }
  for (auto [to, number] :
       {std::pair(&scale, op.getScale().convertToFloat()), std::pair(&log2e, 0x1.715476p+0f),
        std::pair(&lowest, -std::numeric_limits<float>::infinity())}) {
    FailureOr<Tile> constant = tiles.constant(FloatAttr::get(f32, number));
    isMade &= succeeded(constant);
    *to = succeeded(constant) ? tiles.all(*constant) : Value();
  }
  return success(isMade);
}

LogicalResult AttendLowering::run() {
  if (failed(check())) {
    return failure();
  }
  FailureOr<Tile> read = tiles.read(op.getQ()), room = tiles.room(op.getInit());
  if (failed(read) || failed(room)) {
    return failure();
  }
  q = *read;
  result = *room;
  if (failed(make())) {
    return failure();
  }
  tiles.map("select", {line(most), lowest, lowest}, line(most)); // whatever was there
  for (const Tile *of : {&sum, &out}) {
    FillOp::create(tiles.ops(), tiles.loc(), 0, of == &sum ? line(*of) : whole(*of), 0, DenseI64ArrayAttr(),
                   DenseI64ArrayAttr());
  }
  OpFoldResult keys = tiles.plus(op.getPast(), q.extents[0]);
  if (failed(tiles.loop(keys, numerics::kAttentionBlock, [&](OpFoldResult first) { return block(first); }))) {
    return failure();
  }
  tiles.map("div", {whole(out), column(sum)}, whole(out));
  // [row and head][size] is [row][head][size].
  Tile split{out.buffer, out.offset, q.extents, {heads * size, size, 1}};
  tiles.copy(tiles.all(split), tiles.all(result));
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
    FailureOr<Tile> made = tiles.where(rows);
    if (failed(made)) {
      return failure();
    }
    tiles.copy(tiles.all(*made), to);
  }
  return success();
}
