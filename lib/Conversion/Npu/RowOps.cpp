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
    if (failed(panels) || failed(gatherFromPanels(tiles, *panels, table.getDimSize(0), *ids, *result))) {
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
