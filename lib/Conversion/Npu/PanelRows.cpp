//===- PanelRows.cpp - Rows of a table that stands in panels ----------------------===//
//
// An element of a row lies a line behind the one before. Codes of few bits come as the bytes that they are in; the vector unit picks their bits. Of
// rows of which some codes are kept, the first kept code of each run comes, with its place, then the second of each, ..; the codes at a place of
// their runs are then one row again, and DMA puts them side by side with those at other places.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Weights.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

class PanelRows {
public:
  PanelRows(Tiles &tiles, const Panels &panels, int64_t count, const Tile &ids, const Tile &result)
      : tiles(tiles), panels(panels), last(count - 1), ids(ids), result(result) {}

  LogicalResult all();
  LogicalResult kept();

private:
  Tiles &tiles;
  const Panels &panels;
  int64_t last; ///< row of the table
  const Tile &ids, &result;

  OpFoldResult rows() const { return ids.extents[0]; }
  Type type(unsigned bits) const { return IntegerType::get(tiles.ops().getContext(), bits); }
  FailureOr<Value> number(int64_t value, Type type) {
    FailureOr<Tile> tile = tiles.constant(IntegerAttr::get(type, value));
    return succeeded(tile) ? FailureOr<Value>(tiles.all(*tile)) : FailureOr<Value>();
  }
  /// Elements of each row: its share of that part of the lines from `first` on, each `step` lines behind the one before.
  struct Share {
    Panels::Part part;
    int64_t first, step;
    Tile to;
  };
  LogicalResult bring(ArrayRef<Share> shares);
  /// Of bytes that hold numbers of several rows, those of the row that was asked for.
  LogicalResult pick(unsigned bits, Value from, Value to);
};

LogicalResult PanelRows::bring(ArrayRef<Share> shares) {
  return tiles.loop(rows(), 1, [&](OpFoldResult i) -> LogicalResult {
    Value place = tiles.matrix(ids, kSame, 0, tiles.index(1), tiles.index(1), {i});
    OpFoldResult row =
        LoadOp::create(tiles.ops(), tiles.loc(), place, last, DenseI64ArrayAttr(), DenseI64ArrayAttr())
            .getResult();
    Builder &b = tiles.ops();
    AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
    const int64_t line = panels.lineElements(), inPanel = panels.lines(panels.depth) * line;
    for (const Share &share : shares) {
      // In its panel a row is row - width (row / width), and its element that over as many as share one.
      const int64_t elements = share.part.elements, inElement = panels.width / elements;
      AffineExpr at = (d0 + d1).floorDiv(panels.width) * (inPanel - elements) +
                      (d0 + d1).floorDiv(inElement) + (share.part.first + share.first * line);
      OpFoldResult count = share.to.extents[1];
      Value from = memref::ReinterpretCastOp::create(
          tiles.ops(), tiles.loc(), panels.storage,
          tiles.apply(AffineMap::get(2, 0, at), {row, panels.first}),
          ArrayRef<OpFoldResult>{tiles.index(1), count},
          ArrayRef<OpFoldResult>{tiles.index(share.step * line), tiles.index(share.step * line)});
      tiles.copy(from, tiles.matrix(share.to, 0, 1, tiles.index(1), count, {i, tiles.index(0)}));
    }
    return success();
  });
}

LogicalResult PanelRows::pick(unsigned bits, Value from, Value to) {
  if (bits == 8) {
    return success();
  }
  FailureOr<Value> inByte = number(8 / bits - 1, type(32)), width = number(bits, type(32)),
                   mask = number((int64_t(1) << bits) - 1, type(8));
  FailureOr<Tile> shifts = tiles.make(Space::Spad, {rows()}, type(32));
  if (failed(inByte) || failed(width) || failed(mask) || failed(shifts)) {
    return failure();
  }
  auto ofRows = [&](const Tile &tile) { return tiles.matrix(tile, 0, kSame, rows(), tiles.index(1)); };
  tiles.map("and", {ofRows(ids), *inByte}, ofRows(*shifts));
  tiles.map("mul", {ofRows(*shifts), *width}, ofRows(*shifts));
  tiles.map("sar", {from, ofRows(*shifts)}, from);
  tiles.map("and", {from, *mask}, to);
  return success();
}

LogicalResult PanelRows::all() {
  // Rows of small codes come as the bytes that they are in.
  const bool arePacked = panels.bits != 0 && (panels.bits < 8 || panels.areCentred);
  FailureOr<Tile> made =
      arePacked ? tiles.make(Space::Spad, result.extents, result.element()) : FailureOr<Tile>(result);
  if (failed(made) || failed(bring({{panels.codes(), 0, 1, *made}}))) {
    return failure();
  }
  if (!arePacked) {
    return success();
  }
  Value from = wholeOf(tiles, *made), to = wholeOf(tiles, result);
  if (failed(pick(panels.bits, from, panels.areCentred ? from : to))) {
    return failure();
  }
  if (panels.areCentred) {
    FailureOr<Value> highest =
        number(panels.bits < 8 ? int64_t(1) << (panels.bits - 1) : int64_t(-128), type(8));
    if (failed(highest)) {
      return failure();
    }
    tiles.map("xor", {from, *highest}, to);
  }
  return success();
}

LogicalResult PanelRows::kept() {
  const numerics::SparsePattern &pattern = panels.kept->pattern();
  const int64_t runs = llvm::divideCeil(panels.depth, pattern.of);
  OpFoldResult columns = tiles.index(runs);
  SmallVector<Share> shares; // of each slot codes and places
  for (int64_t slot = 0; slot < pattern.kept; ++slot) {
    for (const Panels::Part &part : {panels.codes(), panels.places()}) {
      FailureOr<Tile> made = tiles.make(Space::Spad, {rows(), columns}, type(8));
      if (failed(made)) {
        return failure();
      }
      shares.push_back({part, slot, pattern.kept, *made});
    }
  }
  if (failed(bring(shares))) {
    return failure();
  }
  MatrixMath math(tiles, rows(), columns);
  SmallVector<Elements> made;
  for (auto [i, share] : llvm::enumerate(shares)) {
    made.push_back({wholeOf(tiles, share.to), true, true, false});
    const unsigned bits = i % 2 == 0 ? panels.bits : panels.kept->placeBits();
    if (failed(pick(bits, made.back().memref, made.back().memref))) {
      return failure();
    }
  }
  FailureOr<Elements> zero = math.number(IntegerAttr::get(type(8), 0));
  if (failed(zero)) {
    return failure();
  }
  for (int64_t place = 0; place < std::min(pattern.of, panels.depth); ++place) {
    FailureOr<Elements> wanted = math.number(IntegerAttr::get(type(8), place)), sum = zero;
    for (size_t i = 0; i < made.size() && succeeded(wanted) && succeeded(sum); i += 2) {
      FailureOr<Elements> isThere = math.apply("eq", made[i + 1], *wanted, type(8));
      sum = succeeded(isThere) ? math.select(*isThere, made[i], *sum, type(8)) : isThere;
    }
    if (failed(wanted) || failed(sum)) {
      return failure();
    }
    const int64_t count = llvm::divideCeil(panels.depth - place, pattern.of);
    const Tile from{rootOf(sum->memref), tiles.index(0), {rows(), tiles.index(count)}, {runs, 1}};
    Tile to = result;
    to.offset = tiles.plus(result.offset, tiles.index(place * result.strides[1]));
    to.extents = {rows(), tiles.index(count)};
    to.strides[1] = pattern.of * result.strides[1];
    tiles.copy(tiles.all(from), tiles.all(to));
  }
  return success();
}

} // namespace

LogicalResult npu::gatherFromPanels(Tiles &tiles, const Panels &panels, int64_t count, const Tile &ids,
                                    const Tile &result) {
  const bool isPacked = panels.bits != 0 && (panels.bits < 8 || panels.areCentred);
  const bool isWhole = getConstantIntValue(panels.first) == 0 && result.element().isInteger(8);
  if (((isPacked || panels.kept) && !isWhole) || (panels.kept && 8 % panels.kept->placeBits() != 0)) {
    return mlir::emitError(tiles.loc(), "gathers rows in a way that the accelerator has no code for");
  }
  PanelRows rows(tiles, panels, count, ids, result);
  return panels.kept ? rows.kept() : rows.all();
}
