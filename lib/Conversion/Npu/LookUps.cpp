//===- LookUps.cpp - Products of codes that are looked up -------------------------===//
//
// Tables are of T activations of each row and serve all columns, so they are outside and columns inside: for columns whose sums have room in the
// accumulator, a group of k after the other, tables of T activations are made, and looked up tile by tile of weights. All of these columns' sums are then
// scaled at once. Weights are planes of single bits, tiles of W columns (some panels) by T steps of k, as they stand in DRAM. Behind the last k activations are zeros, so what
// stands there as weights adds nothing.
//
//===----------------------------------------------------------------------===//
#include "ContractLowering.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

int64_t ceilDivided(int64_t a, int64_t b) {
  return static_cast<int64_t>(llvm::divideCeil(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

/// The first panel of some columns, and how many there are.
struct PanelRange {
  OpFoldResult panel, count;
};
FailureOr<PanelRange> rangeOf(Tiles &tiles, const Panels &of, OpFoldResult begin, OpFoldResult columns) {
  if (divisorOf(of.first) % of.width != 0) {
    return mlir::emitError(tiles.loc(), "has weights that may begin within a panel of ")
           << of.width << " rows: they can't be looked up";
  }
  return PanelRange{tiles.over(tiles.plus(of.first, begin), of.width),
                    tiles.over(tiles.plus(columns, tiles.index(of.width - 1)), of.width)};
}

} // namespace

LogicalResult Panels::bringSeveral(Tiles &tiles, OpFoldResult begin, OpFoldResult columns, OpFoldResult k,
                                   const Tile &to) const {
  FailureOr<PanelRange> range = rangeOf(tiles, *this, begin, columns);
  if (failed(range)) {
    return failure();
  }
  OpFoldResult line = tiles.index(width), one = tiles.index(1);
  const int64_t row = to.strides[0];
  OpFoldResult offset = tiles.plus(tiles.times(range->panel, depth * width), tiles.times(k, width));
  Value from = memref::ReinterpretCastOp::create(
      tiles.ops(), tiles.loc(), storage, offset, ArrayRef<OpFoldResult>{range->count, to.extents[0], line},
      ArrayRef<OpFoldResult>{tiles.index(depth * width), line, one});
  tiles.copy(from,
             tiles.all(Tile{to.buffer, to.offset, {range->count, to.extents[0], line}, {width, row, 1}}));
  return success();
}

LogicalResult Panels::bringPlanes(Tiles &tiles, OpFoldResult begin, OpFoldResult columns, OpFoldResult k,
                                  int64_t steps, const Tile &to) const {
  FailureOr<PanelRange> range = rangeOf(tiles, *this, begin, columns);
  if (failed(range)) {
    return failure();
  }
  const int64_t panel = ceilDivided(depth, tableDepth) * planeBytes(),
                bytes = ceilDivided(steps, tableDepth) * planeBytes();
  OpFoldResult offset =
      tiles.plus(tiles.times(range->panel, panel), tiles.times(tiles.over(k, tableDepth), planeBytes()));
  Value from = memref::ReinterpretCastOp::create(tiles.ops(), tiles.loc(), storage, offset,
                                                 ArrayRef<OpFoldResult>{range->count, tiles.index(bytes)},
                                                 ArrayRef<OpFoldResult>{tiles.index(panel), tiles.index(1)});
  tiles.copy(from, tiles.all(Tile{to.buffer, to.offset, {range->count, tiles.index(bytes)}, {bytes, 1}}));
  return success();
}

LogicalResult ContractLowering::checkTables() {
  const std::optional<machine::NpuLutMode> &lut = core.mxu->modes.lut;
  const int64_t table = weights.tableDepth;
  if (!lut || table % lut->group != 0 || table > lut->group * lut->tables) {
    return op.emitError("has weights that are looked up in tables of ")
           << table << " activations, which the array doesn't make";
  }
  if (span < depth && span % table != 0) {
    return op.emitError("has groups of ")
           << span << " weights that are looked up in tables of " << table << " activations";
  }
  return success();
}

LogicalResult ContractLowering::chooseTables() {
  FailureOr<int64_t> columns = tiles.boundOf(result.extents[1]);
  if (failed(columns)) {
    return failure();
  }
  // Sums so far, and twice what is made of those of a group.
  const int64_t panel = weights.width, table = weights.tableDepth, numbers = op.getWZeros() ? 7 : 3;
  const int64_t room = core.spad.bytes / 2 / (std::max<int64_t>(mostRows, 1) * 4 * numbers);
  width = std::max(std::min(cost::columnsOfTables(core, mostRows), room) / panel * panel, panel);
  width = std::min(width, ceilDivided(*columns, panel) * panel);
  // A quarter of the scratchpad is for weights, another for the next ones. One group's are of many columns; where there are no groups, those of a tile come
  // in pieces that are worth a row of DRAM.
  constexpr int64_t kPiece = 2048;
  const int64_t all = core.spad.bytes / 4 * 8 / (width * weights.bits),
                wanted = hasGroups() ? std::max(span, table)
                                     : std::max(kPiece * 8 / (panel * int64_t(weights.bits)), 2 * table);
  roundSteps = span;
  most = std::max(std::min(all, wanted) / table * table, table);
  return success();
}

/// Of all columns, [panels][bytes of so many steps of k].
FailureOr<ElementRows> ContractLowering::bringPlanes(const Round &round, OpFoldResult k, int64_t extent) {
  const int64_t bytes = ceilDivided(extent, weights.tableDepth) * weights.planeBytes();
  FailureOr<Tile> storage = tiles.make(Space::Spad, {tiles.index(width / weights.width * bytes)},
                                       IntegerType::get(op.getContext(), 8));
  if (failed(storage) || failed(weights.bringPlanes(tiles, round.begin, round.extent, k, extent, *storage))) {
    return failure();
  }
  return ElementRows{*storage, IntegerType::get(op.getContext(), 1), width / weights.width, bytes * 8};
}

/// The first table's look-ups may write the sums, others add to them.
void ContractLowering::lookUp(const Round &round, const ElementRows &planes, OpFoldResult first,
                              OpFoldResult k, int64_t extent, const Tile &sums, bool isFirst) {
  const int64_t table = weights.tableDepth, panel = weights.width, block = core.mxu->rows,
                group = core.mxu->modes.lut->group;
  Type bits = typeIn(Space::Spad, {int64_t(weights.bits) * panel, table}, planes.element);
  auto tile = [&](OpFoldResult row, OpFoldResult count, OpFoldResult at, bool isAdded) {
    TablesOp::create(tiles.ops(), tiles.loc(),
                     tiles.matrix(a, 0, 1, count, tiles.index(table), {row, tiles.plus(k, at)}), group,
                     DenseI64ArrayAttr(), DenseI64ArrayAttr());
    const OpFoldResult ofTable = tiles.times(tiles.over(tiles.plus(first, at), table), weights.planeBytes());
    auto panelAt = [&](OpFoldResult column, Value byte) {
      Value of = memref::ViewOp::create(tiles.ops(), tiles.loc(), cast<MemRefType>(bits),
                                        planes.storage.buffer, byte, ValueRange());
      LookupOp::create(tiles.ops(), tiles.loc(), of,
                       tiles.matrix(sums, 0, 1, count, tiles.index(panel), {row, column}), group, isAdded,
                       DenseI64ArrayAttr(), DenseI64ArrayAttr());
    };
    const std::optional<int64_t> columns = getConstantIntValue(round.extent),
                                 byte = getConstantIntValue(ofTable);
    if (!columns) {
      return tiles.loop(round.extent, panel, [&](OpFoldResult column) {
        panelAt(column,
                tiles.value(tiles.plus(tiles.times(tiles.over(column, panel), planes.columns / 8), ofTable)));
        return success();
      });
    }
    // Without a loop their places are numbers, or one number more than another: the control unit has less to do.
    Value shared = tiles.value(ofTable);
    for (int64_t column = 0; column < *columns; column += panel) {
      const int64_t ofPanel = column / panel * (planes.columns / 8);
      panelAt(tiles.index(column), byte ? tiles.value(tiles.index(*byte + ofPanel))
                                   : ofPanel == 0
                                       ? shared
                                       : Value(arith::AddIOp::create(tiles.ops(), tiles.loc(), shared,
                                                                     tiles.value(tiles.index(ofPanel)))));
    }
    return success();
  };
  auto allTables = [&](OpFoldResult row, OpFoldResult count) {
    const int64_t all = ceilDivided(extent, table) * table, written = isFirst ? table : 0;
    if (isFirst) {
      (void)tile(row, count, tiles.index(0), false);
    }
    // Few are said one by one: no loop then makes the array take its settings anew, for which it finishes what it does.
    constexpr int64_t kFew = 4;
    if (all <= kFew * table) {
      for (int64_t at = written; at < all; at += table) {
        (void)tile(row, count, tiles.index(at), true);
      }
      return success();
    }
    return tiles.pieces(all - written, table, [&](OpFoldResult at, int64_t) {
      return tile(row, count, tiles.plus(at, tiles.index(written)), true);
    });
  };
  if (mostRows <= block) {
    (void)allTables(tiles.index(0), rows);
    return;
  }
  (void)tiles.loop(rows, block, [&](OpFoldResult row) {
    return allTables(row, tiles.least(tiles.minus(rows, row), tiles.index(block)));
  });
}
