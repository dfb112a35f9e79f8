//===- RowOps.cpp - Reductions of rows, rows of tables, codes to numbers -------===//
#include "Elementwise.h"
#include "Lowerings.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

LogicalResult npu::lowerDequantize(Tiles &tiles, quantized::DequantizeOp op) {
  tiles.moveTo(op);
  if (op.getInputs().size() != 2 || op.getScheme().getGroup() != 0 || op.getScheme().isTwoLevel() ||
      cast<MemRefType>(op.getInit().getType()).getRank() != 2) {
    return op.emitError(
        "decodes what the accelerator has no code for: expected symmetric codes with a scale for each row");
  }
  FailureOr<Tile> codes = tiles.read(op.getInputs()[0]), scales = tiles.read(op.getInputs()[1]),
                  result = tiles.room(op.getInit());
  if (failed(codes) || failed(scales) || failed(result)) {
    return failure();
  }
  OpFoldResult rows = result->extents[0], columns = result->extents[1];
  MatrixMath math(tiles, rows, columns);
  const Elements numbers{tiles.matrix(*codes, 0, 1, rows, columns), true, true, false};
  const Elements ofRows{tiles.matrix(*scales, 0, kSame, rows, tiles.index(1)), true, false, false};
  if (failed(math.apply("mul", numbers, ofRows, result->element(),
                        tiles.matrix(*result, 0, 1, rows, columns)))) {
    return failure();
  }
  tiles.write(*result, op.getInit());
  return success();
}

LogicalResult npu::lowerRowReduce(Tiles &tiles, model::RowReduceOp op) {
  tiles.moveTo(op);
  FailureOr<Tile> input = tiles.read(op.getInput()), result = tiles.room(op.getInit());
  if (failed(input) || failed(result)) {
    return failure();
  }
  if (input->rank() != 2) {
    return op.emitError("reduces what is no matrix: the accelerator has no code for it");
  }
  tiles.reduce(model::stringifyRowReduction(op.getKind()),
               tiles.matrix(*input, 0, 1, input->extents[0], input->extents[1]),
               tiles.matrix(*result, 0, kSame, input->extents[0], tiles.index(1)));
  tiles.write(*result, op.getInit());
  return success();
}

/// Row by row: the control unit reads each id, DMA brings the row of the table.
LogicalResult npu::lowerGather(Tiles &tiles, model::GatherOp op) {
  tiles.moveTo(op);
  auto table = cast<MemRefType>(op.getTable().getType());
  FailureOr<Tile> ids = tiles.read(op.getIds()), result = tiles.room(op.getInit());
  if (failed(ids) || failed(result)) {
    return failure();
  }
  std::optional<Panels> panels;
  if (op.getTable().getDefiningOp<model::UnpackOp>()) {
    FailureOr<Panels> found = panelsOf(tiles, op.getTable());
    if (failed(found)) {
      return failure();
    }
    panels = *found;
  }
  if (!ids->element().isInteger(32) || table.isDynamicDim(0) || (!panels && !tiles.isInDram(op.getTable()))) {
    return op.emitError("gathers rows in a way that the accelerator has no code for");
  }
  OpFoldResult columns = result->extents[1];
  LogicalResult done = tiles.loop(ids->extents[0], 1, [&](OpFoldResult i) -> LogicalResult {
    Value place = tiles.matrix(*ids, kSame, 0, tiles.index(1), tiles.index(1), {i});
    OpFoldResult row = LoadOp::create(tiles.ops(), tiles.loc(), place, table.getDimSize(0) - 1,
                                      DenseI64ArrayAttr(), DenseI64ArrayAttr())
                           .getResult();
    Value from;
    if (panels) {
      Builder &b = tiles.ops();
      AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
      AffineExpr at =
          (d0 + d1).floorDiv(panels->width) * (panels->width * panels->depth) + (d0 + d1) % panels->width;
      from = memref::ReinterpretCastOp::create(
          tiles.ops(), tiles.loc(), panels->storage,
          tiles.apply(AffineMap::get(2, 0, at), {row, panels->first}),
          ArrayRef<OpFoldResult>{tiles.index(1), columns},
          ArrayRef<OpFoldResult>{tiles.index(panels->width), tiles.index(panels->width)});
    } else {
      from = memref::SubViewOp::create(tiles.ops(), tiles.loc(), op.getTable(),
                                       ArrayRef<OpFoldResult>{row, tiles.index(0)},
                                       ArrayRef<OpFoldResult>{tiles.index(1), columns},
                                       ArrayRef<OpFoldResult>{tiles.index(1), tiles.index(1)});
    }
    tiles.copy(from, tiles.matrix(*result, 0, 1, tiles.index(1), columns, {i, tiles.index(0)}));
    return success();
  });
  if (failed(done)) {
    return failure();
  }
  tiles.write(*result, op.getInit());
  return success();
}
