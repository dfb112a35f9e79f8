//===- RowOps.cpp - Reductions of rows, rows of tables --------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"
#include "Weights.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// A reduction along the last dimension: the longest of the others is rows, what is left are loops of the control unit.
class RowReduceLowering {
public:
  RowReduceLowering(Tiles &tiles, StringRef function, const Tile &input, const Tile &result)
      : tiles(tiles), function(function), input(input), result(result) {}

  LogicalResult run() {
    int64_t longest = 0;
    for (size_t d = 0; d < result.rank(); ++d) {
      FailureOr<int64_t> bound = tiles.boundOf(result.extents[d]);
      if (failed(bound)) {
        return failure();
      }
      if (*bound > longest) {
        rows = static_cast<int>(d);
        longest = *bound;
      }
    }
    return lower({});
  }

private:
  Tiles &tiles;
  StringRef function;
  const Tile &input, &result;
  int rows = kSame;

  LogicalResult lower(SmallVector<OpFoldResult> begin) {
    const size_t d = begin.size();
    auto next = [&](OpFoldResult at) {
      SmallVector<OpFoldResult> further = begin;
      further.push_back(at);
      return lower(further);
    };
    if (d < result.rank()) {
      return static_cast<int>(d) == rows ? next(tiles.index(0)) : tiles.loop(result.extents[d], 1, next);
    }
    OpFoldResult count = rows == kSame ? tiles.index(1) : result.extents[static_cast<size_t>(rows)];
    tiles.reduce(function, tiles.matrix(input, rows, static_cast<int>(d), count, input.extents[d], begin),
                 tiles.matrix(result, rows, kSame, count, tiles.index(1), begin));
    return success();
  }
};

} // namespace

LogicalResult npu::lowerRowReduce(Tiles &tiles, model::RowReduceOp op) {
  tiles.moveTo(op);
  FailureOr<Tile> input = tiles.read(op.getInput()), result = tiles.room(op.getInit());
  if (succeeded(input) && input->strides.back() != 1) {
    return op.emitError("reduces elements that do not lie side by side: the accelerator has no code for it");
  }
  if (failed(input) || failed(result) ||
      failed(RowReduceLowering(tiles, model::stringifyRowReduction(op.getKind()), *input, *result).run())) {
    return failure();
  }
  tiles.write(*result, op.getInit());
  return success();
}

namespace {

/// Bytes of rows as they were stored: of each the bits that are the row's code, by what row it is, no longer centred.
LogicalResult pickCodes(Tiles &tiles, const Tile &ids, const Panels &panels, const Tile &bytes,
                        const Tile &result) {
  MLIRContext *context = tiles.ops().getContext();
  Type i8 = IntegerType::get(context, 8), i32 = IntegerType::get(context, 32);
  OpFoldResult rows = result.extents[0], columns = result.extents[1];
  Value from = tiles.matrix(bytes, 0, 1, rows, columns), to = tiles.matrix(result, 0, 1, rows, columns);
  auto number = [&](int64_t value, Type type) -> FailureOr<Value> {
    FailureOr<Tile> tile = tiles.constant(IntegerAttr::get(type, value));
    return succeeded(tile) ? FailureOr<Value>(tiles.all(*tile)) : FailureOr<Value>();
  };
  if (panels.bits < 8) {
    FailureOr<Value> inByte = number(8 / panels.bits - 1, i32), bits = number(panels.bits, i32),
                     mask = number((int64_t(1) << panels.bits) - 1, i8);
    FailureOr<Tile> shifts = tiles.make(Space::Spad, {rows}, i32);
    if (failed(inByte) || failed(bits) || failed(mask) || failed(shifts)) {
      return failure();
    }
    auto ofRows = [&](const Tile &tile) { return tiles.matrix(tile, 0, kSame, rows, tiles.index(1)); };
    tiles.map("and", {ofRows(ids), *inByte}, ofRows(*shifts));
    tiles.map("mul", {ofRows(*shifts), *bits}, ofRows(*shifts));
    tiles.map("sar", {from, ofRows(*shifts)}, from);
    tiles.map("and", {from, *mask}, panels.areCentred ? from : to);
  }
  if (panels.areCentred) {
    FailureOr<Value> highest = number(panels.bits < 8 ? int64_t(1) << (panels.bits - 1) : -128, i8);
    if (failed(highest)) {
      return failure();
    }
    tiles.map("xor", {from, *highest}, to);
  }
  return success();
}

LogicalResult gatherFromPanels(Tiles &tiles, model::GatherOp op, const Panels &panels, const Tile &ids,
                               const Tile &result) {
  OpFoldResult columns = result.extents[1];
  // Rows of small codes come as the bytes that they are in.
  const bool arePacked = panels.bits != 0 && (panels.bits < 8 || panels.areCentred);
  FailureOr<Tile> rows = result;
  if (arePacked) {
    if (getConstantIntValue(panels.first) != 0 || !result.element().isInteger(8)) {
      return op.emitError("gathers rows in a way that the accelerator has no code for");
    }
    rows = tiles.make(Space::Spad, result.extents, result.element());
    if (failed(rows)) {
      return failure();
    }
  }
  const int64_t last = cast<MemRefType>(op.getTable().getType()).getDimSize(0) - 1;
  LogicalResult done = tiles.loop(ids.extents[0], 1, [&](OpFoldResult i) -> LogicalResult {
    Value place = tiles.matrix(ids, kSame, 0, tiles.index(1), tiles.index(1), {i});
    OpFoldResult row =
        LoadOp::create(tiles.ops(), tiles.loc(), place, last, DenseI64ArrayAttr(), DenseI64ArrayAttr())
            .getResult();
    Builder &b = tiles.ops();
    AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
    // In its panel a row is row - width (row / width), and its element that over as many as share one.
    const int64_t line = panels.rowElements(), inElement = panels.width / line;
    AffineExpr at =
        (d0 + d1).floorDiv(panels.width) * (line * (panels.depth - 1)) + (d0 + d1).floorDiv(inElement);
    Value from = memref::ReinterpretCastOp::create(
        tiles.ops(), tiles.loc(), panels.storage, tiles.apply(AffineMap::get(2, 0, at), {row, panels.first}),
        ArrayRef<OpFoldResult>{tiles.index(1), columns},
        ArrayRef<OpFoldResult>{tiles.index(line), tiles.index(line)});
    tiles.copy(from, tiles.matrix(*rows, 0, 1, tiles.index(1), columns, {i, tiles.index(0)}));
    return success();
  });
  return succeeded(done) && arePacked ? pickCodes(tiles, ids, panels, *rows, result) : done;
}

} // namespace

/// Rows that lie side by side are brought by their places; those of panels one by one, by way of the control unit.
LogicalResult npu::lowerGather(Tiles &tiles, model::GatherOp op) {
  tiles.moveTo(op);
  auto table = cast<MemRefType>(op.getTable().getType());
  FailureOr<Tile> ids = tiles.read(op.getIds()), result = tiles.room(op.getInit());
  if (failed(ids) || failed(result)) {
    return failure();
  }
  const bool arePanels = op.getTable().getDefiningOp<model::UnpackOp>() != nullptr;
  OpFoldResult rows = ids->extents[0], columns = result->extents[1];
  if (!ids->element().isInteger(32) || !getConstantIntValue(columns) ||
      (arePanels && table.isDynamicDim(0))) {
    return op.emitError("gathers rows in a way that the accelerator has no code for");
  }
  if (arePanels) {
    FailureOr<Panels> panels = panelsOf(tiles, op.getTable());
    if (failed(panels) || failed(gatherFromPanels(tiles, op, *panels, *ids, *result))) {
      return failure();
    }
    tiles.write(*result, op.getInit());
    return success();
  }
  FailureOr<Tile> from = tiles.where(op.getTable());
  const bool isDense = result->strides[0] == *getConstantIntValue(columns);
  FailureOr<Tile> gathered = isDense ? result : tiles.make(Space::Spad, result->extents, result->element());
  if (failed(from) || failed(gathered)) {
    return failure();
  }
  tiles.gather(tiles.matrix(*from, 0, 1, from->extents[0], columns),
               tiles.matrix(*ids, kSame, 0, tiles.index(1), rows), tiles.all(*gathered));
  if (!isDense) {
    tiles.copy(tiles.all(*gathered), tiles.all(*result));
  }
  tiles.write(*result, op.getInit());
  return success();
}
