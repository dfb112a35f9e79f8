//===- StructuredOpTiling.cpp - TilingInterface for structured ops ----------===//
#include "dialects/Model/IR/StructuredOpTiling.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;

namespace coopt::model::detail {

/// One extent; a dim op is made only for a dynamic one.
static OpFoldResult getExtent(OpBuilder &builder, Location loc, Value shaped, int64_t dim) {
  return isa<MemRefType>(shaped.getType()) ? memref::getMixedSize(builder, loc, shaped, dim)
                                           : tensor::getMixedSize(builder, loc, shaped, dim);
}

SmallVector<OpFoldResult> getExtents(OpBuilder &builder, Location loc, Value shaped) {
  SmallVector<OpFoldResult> extents;
  for (int64_t d = 0, rank = cast<ShapedType>(shaped.getType()).getRank(); d < rank; ++d) {
    extents.push_back(getExtent(builder, loc, shaped, d));
  }
  return extents;
}

Operation *makeSlice(OpBuilder &builder, Location loc, Value shaped, const Tile &tile) {
  SmallVector<OpFoldResult> strides(tile.offsets.size(), builder.getIndexAttr(1));
  if (isa<MemRefType>(shaped.getType())) {
    return memref::SubViewOp::create(builder, loc, shaped, tile.offsets, tile.sizes, strides);
  }
  return tensor::ExtractSliceOp::create(builder, loc, shaped, tile.offsets, tile.sizes, strides);
}

SmallVector<Range> getIterationDomain(Operation *op, const TiledLoops &loops, OpBuilder &builder) {
  // Where an extent can be read: a static one if any operand has it, else the destination, whose extents are
  // known without the inputs' producers.
  auto dps = dyn_cast<DestinationStyleOpInterface>(op);
  struct Place {
    OpOperand *operand = nullptr;
    int64_t dim = 0;
    int rank = -1;
  };
  SmallVector<Place> places(loops.count);
  for (OpOperand &operand : op->getOpOperands()) {
    for (auto [d, loop] : llvm::enumerate(loops.operands[operand.getOperandNumber()])) {
      if (loop == kWholeDimension) {
        continue;
      }
      bool isStatic = !cast<ShapedType>(operand.get().getType()).isDynamicDim(d);
      int rank = 2 * isStatic + (dps && dps.isDpsInit(&operand));
      if (rank > places[loop].rank) {
        places[loop] = {&operand, static_cast<int64_t>(d), rank};
      }
    }
  }
  SmallVector<Range> domain;
  for (const Place &place : places) {
    domain.push_back({builder.getIndexAttr(0),
                      getExtent(builder, op->getLoc(), place.operand->get(), place.dim),
                      builder.getIndexAttr(1)});
  }
  return domain;
}

Tile getOperandTile(Operation *op, const TiledLoops &loops, unsigned operand, OpBuilder &builder,
                    OpFoldResults offsets, OpFoldResults sizes) {
  Tile tile;
  Value value = op->getOperand(operand);
  for (auto [d, loop] : llvm::enumerate(loops.operands[operand])) {
    bool whole = loop == kWholeDimension;
    tile.offsets.push_back(whole ? OpFoldResult(builder.getIndexAttr(0)) : offsets[loop]);
    tile.sizes.push_back(whole ? getExtent(builder, op->getLoc(), value, d) : sizes[loop]);
  }
  return tile;
}

Tile getIterationTile(Operation *op, const TiledLoops &loops, unsigned operand, OpBuilder &builder,
                      OpFoldResults offsets, OpFoldResults sizes, bool &exact) {
  Tile tile;
  for (const Range &range : getIterationDomain(op, loops, builder)) {
    tile.offsets.push_back(range.offset);
    tile.sizes.push_back(range.size);
  }
  exact = true;
  auto shape = cast<ShapedType>(op->getOperand(operand).getType()).getShape();
  for (auto [d, loop] : llvm::enumerate(loops.operands[operand])) {
    if (loop != kWholeDimension) {
      tile.offsets[loop] = offsets[d];
      tile.sizes[loop] = sizes[d];
    } else if (ShapedType::isDynamic(shape[d]) || getConstantIntValue(sizes[d]) != shape[d] ||
               getConstantIntValue(offsets[d]) != 0) {
      exact = false;
    }
  }
  return tile;
}

FailureOr<TilingResult> makeTile(Operation *op, const TiledLoops &loops, OpBuilder &builder,
                                 OpFoldResults offsets, OpFoldResults sizes) {
  if (!llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>)) {
    return failure();
  }
  TilingResult result;
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<int64_t> dims = loops.operands[operand.getOperandNumber()];
    if (llvm::all_of(dims, [](int64_t loop) { return loop == kWholeDimension; })) {
      operands.push_back(operand.get());
      continue;
    }
    Tile tile = getOperandTile(op, loops, operand.getOperandNumber(), builder, offsets, sizes);
    Operation *slice = makeSlice(builder, op->getLoc(), operand.get(), tile);
    result.generatedSlices.push_back(slice);
    operands.push_back(slice->getResult(0));
  }
  SmallVector<Type> types;
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    types.push_back(operands[getInitNumber(op, i)].getType());
  }
  Operation *tiled = mlir::clone(builder, op, types, operands);
  result.tiledOps.push_back(tiled);
  llvm::append_range(result.tiledValues, tiled->getResults());
  return result;
}

unsigned getInitNumber(Operation *op, unsigned result) {
  return cast<DestinationStyleOpInterface>(op).getDpsInitOperand(result)->getOperandNumber();
}

} // namespace coopt::model::detail
