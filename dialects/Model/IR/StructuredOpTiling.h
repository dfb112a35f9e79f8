//===- StructuredOpTiling.h - TilingInterface for structured ops ------------===//
//
// A structured op says for each operand which loop walks which dimension; slicing, positions and fusion with
// producers and consumers follow from that, here, for all of them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_STRUCTUREDOPTILING_H
#define COOPT_DIALECTS_MODEL_IR_STRUCTUREDOPTILING_H

#include "dialects/Model/IR/StructuredOp.h"

#include "mlir/Interfaces/TilingInterface.h"

namespace coopt::model {

/// The loops of one op, all parallel, and for each operand the loop of each dimension or kWholeDimension
/// (empty: the operand is passed on as it is).
struct TiledLoops {
  unsigned count = 0;
  llvm::SmallVector<llvm::SmallVector<int64_t>> operands;
};

namespace detail {

using OpFoldResults = llvm::ArrayRef<mlir::OpFoldResult>;

/// A rectangle of an operand, a result or the iteration domain.
struct Tile {
  llvm::SmallVector<mlir::OpFoldResult> offsets, sizes;
};

/// The extents of a tensor or memref.
llvm::SmallVector<mlir::OpFoldResult> getExtents(mlir::OpBuilder &builder, mlir::Location loc,
                                                 mlir::Value shaped);

/// The slice of a tensor (tensor.extract_slice) or memref (memref.subview), with unit strides.
mlir::Operation *makeSlice(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value shaped,
                           const Tile &tile);

llvm::SmallVector<mlir::Range> getIterationDomain(mlir::Operation *op, const TiledLoops &loops,
                                                  mlir::OpBuilder &builder);

/// The part of an operand that a tile of the iteration domain touches.
Tile getOperandTile(mlir::Operation *op, const TiledLoops &loops, unsigned operand, mlir::OpBuilder &builder,
                    OpFoldResults offsets, OpFoldResults sizes);

/// The tile of the iteration domain that computes (or uses) a part of an operand; loops that do not walk the
/// operand are taken whole. `exact` says whether that tile touches no more of the operand: false if a
/// dimension that every tile takes whole is asked for in part.
Tile getIterationTile(mlir::Operation *op, const TiledLoops &loops, unsigned operand,
                      mlir::OpBuilder &builder, OpFoldResults offsets, OpFoldResults sizes, bool &exact);

/// The op on slices of its operands; the caller shifts it. Fails for results that are no tensors: they have
/// no tiles.
mlir::FailureOr<mlir::TilingResult> makeTile(mlir::Operation *op, const TiledLoops &loops,
                                             mlir::OpBuilder &builder, OpFoldResults offsets,
                                             OpFoldResults sizes);

/// The operand that is the destination of a result.
unsigned getInitNumber(mlir::Operation *op, unsigned result);

} // namespace detail

/// TilingInterface of a structured op (see StructuredOpBase.td for what the op provides).
template <typename OpT>
struct StructuredOpTiling : public mlir::TilingInterface::ExternalModel<StructuredOpTiling<OpT>, OpT> {
  using OpFoldResults = detail::OpFoldResults;
  using OpFoldResultVector = llvm::SmallVector<mlir::OpFoldResult>;

  static TiledLoops getLoops(mlir::Operation *op) {
    auto concrete = llvm::cast<OpT>(op);
    TiledLoops loops{concrete.getNumTiledLoops(), {}};
    for (mlir::OpOperand &operand : op->getOpOperands()) {
      loops.operands.push_back(concrete.getOperandLoops(operand));
    }
    return loops;
  }

  llvm::SmallVector<mlir::utils::IteratorType> getLoopIteratorTypes(mlir::Operation *op) const {
    return llvm::SmallVector<mlir::utils::IteratorType>(llvm::cast<OpT>(op).getNumTiledLoops(),
                                                        mlir::utils::IteratorType::parallel);
  }

  llvm::SmallVector<mlir::Range> getIterationDomain(mlir::Operation *op, mlir::OpBuilder &builder) const {
    return detail::getIterationDomain(op, getLoops(op), builder);
  }

  mlir::FailureOr<mlir::TilingResult> getTiledImplementation(mlir::Operation *op, mlir::OpBuilder &builder,
                                                             OpFoldResults offsets,
                                                             OpFoldResults sizes) const {
    mlir::FailureOr<mlir::TilingResult> tile = detail::makeTile(op, getLoops(op), builder, offsets, sizes);
    if (succeeded(tile)) {
      mlir::OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(tile->tiledOps.front());
      llvm::cast<OpT>(tile->tiledOps.front()).shiftTile(builder, offsets);
    }
    return tile;
  }

  mlir::LogicalResult getResultTilePosition(mlir::Operation *op, mlir::OpBuilder &builder, unsigned result,
                                            OpFoldResults offsets, OpFoldResults sizes,
                                            OpFoldResultVector &resultOffsets,
                                            OpFoldResultVector &resultSizes) const {
    detail::Tile tile =
        detail::getOperandTile(op, getLoops(op), detail::getInitNumber(op, result), builder, offsets, sizes);
    resultOffsets = tile.offsets;
    resultSizes = tile.sizes;
    return mlir::success();
  }

  mlir::LogicalResult
  getIterationDomainTileFromResultTile(mlir::Operation *op, mlir::OpBuilder &builder, unsigned result,
                                       OpFoldResults offsets, OpFoldResults sizes,
                                       llvm::SmallVectorImpl<mlir::OpFoldResult> &domainOffsets,
                                       llvm::SmallVectorImpl<mlir::OpFoldResult> &domainSizes) const {
    bool exact = false;
    detail::Tile tile = detail::getIterationTile(op, getLoops(op), detail::getInitNumber(op, result), builder,
                                                 offsets, sizes, exact);
    domainOffsets.assign(tile.offsets.begin(), tile.offsets.end());
    domainSizes.assign(tile.sizes.begin(), tile.sizes.end());
    return mlir::success();
  }

  mlir::FailureOr<mlir::TilingResult> generateResultTileValue(mlir::Operation *op, mlir::OpBuilder &builder,
                                                              unsigned result, OpFoldResults offsets,
                                                              OpFoldResults sizes) const {
    TiledLoops loops = getLoops(op);
    unsigned init = detail::getInitNumber(op, result);
    bool exact = false;
    detail::Tile domain = detail::getIterationTile(op, loops, init, builder, offsets, sizes, exact);
    mlir::FailureOr<mlir::TilingResult> tile =
        getTiledImplementation(op, builder, domain.offsets, domain.sizes);
    if (failed(tile)) {
      return mlir::failure();
    }
    mlir::Value value = tile->tiledValues[result];
    if (!exact) {
      // A dimension that the op computes whole, of which the consumer wants a part.
      detail::Tile part{llvm::to_vector(offsets), llvm::to_vector(sizes)};
      for (auto [d, loop] : llvm::enumerate(loops.operands[init])) {
        if (loop != kWholeDimension) {
          part.offsets[d] = builder.getIndexAttr(0);
        }
      }
      value = detail::makeSlice(builder, op->getLoc(), value, part)->getResult(0);
    }
    return mlir::TilingResult{tile->tiledOps, {value}, tile->generatedSlices};
  }

  mlir::LogicalResult getIterationDomainTileFromOperandTiles(
      mlir::Operation *op, mlir::OpBuilder &builder, llvm::ArrayRef<unsigned> operands,
      llvm::ArrayRef<OpFoldResultVector> offsets, llvm::ArrayRef<OpFoldResultVector> sizes,
      llvm::SmallVectorImpl<mlir::OpFoldResult> &domainOffsets,
      llvm::SmallVectorImpl<mlir::OpFoldResult> &domainSizes) const {
    // Tiles of several operands would have to agree, which cannot be seen here.
    TiledLoops loops = getLoops(op);
    if (operands.size() != 1 || loops.operands[operands[0]].empty()) {
      return mlir::failure();
    }
    bool exact = false;
    detail::Tile tile =
        detail::getIterationTile(op, loops, operands[0], builder, offsets[0], sizes[0], exact);
    domainOffsets.assign(tile.offsets.begin(), tile.offsets.end());
    domainSizes.assign(tile.sizes.begin(), tile.sizes.end());
    return mlir::success(exact);
  }

  mlir::FailureOr<mlir::TilingResult> getTiledImplementationFromOperandTiles(
      mlir::Operation *op, mlir::OpBuilder &builder, llvm::ArrayRef<unsigned> operands,
      llvm::ArrayRef<OpFoldResultVector> offsets, llvm::ArrayRef<OpFoldResultVector> sizes) const {
    OpFoldResultVector domainOffsets, domainSizes;
    if (failed(getIterationDomainTileFromOperandTiles(op, builder, operands, offsets, sizes, domainOffsets,
                                                      domainSizes))) {
      return mlir::failure();
    }
    return getTiledImplementation(op, builder, domainOffsets, domainSizes);
  }
};

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_STRUCTUREDOPTILING_H
