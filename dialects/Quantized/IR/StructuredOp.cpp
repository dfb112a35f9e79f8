#include "dialects/Quantized/IR/StructuredOp.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;

namespace coopt::quantized::structured {

static OpFoldResult getExtent(OpBuilder &builder, Location loc, Value value, int64_t dimension) {
  return isa<TensorType>(value.getType()) ? tensor::getMixedSize(builder, loc, value, dimension)
                                          : memref::getMixedSize(builder, loc, value, dimension);
}

static Value createSlice(OpBuilder &builder, Location loc, Value value, ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(offsets.size(), builder.getIndexAttr(1));
  if (isa<TensorType>(value.getType())) {
    return tensor::ExtractSliceOp::create(builder, loc, value, offsets, sizes, strides);
  }
  return memref::SubViewOp::create(builder, loc, value, offsets, sizes, strides);
}

unsigned Tiling::getNumLoops() const {
  int64_t last = -1;
  for (ArrayRef<int64_t> dims : loops) {
    for (int64_t loop : dims) {
      last = std::max(last, loop);
    }
  }
  return last + 1;
}

SmallVector<utils::IteratorType> Tiling::getLoopIteratorTypes() const {
  return SmallVector<utils::IteratorType>(getNumLoops(), utils::IteratorType::parallel);
}

SmallVector<Range> Tiling::getIterationDomain(OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  SmallVector<Range> domain(getNumLoops());
  for (auto [operand, dims] : llvm::zip_equal(op->getOperands(), loops)) {
    for (auto [dimension, loop] : llvm::enumerate(dims)) {
      // A static extent of any operand is worth more than a dynamic one of another.
      if (loop != kWhole && (!domain[loop].size || !getConstantIntValue(domain[loop].size))) {
        if (!domain[loop].size || !cast<ShapedType>(operand.getType()).isDynamicDim(dimension)) {
          domain[loop] = Range{zero, getExtent(builder, op.getLoc(), operand, dimension), one};
        }
      }
    }
  }
  return domain;
}

void Tiling::getOperandTile(OpBuilder &builder, unsigned operand, ArrayRef<OpFoldResult> offsets,
                            ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &operandOffsets,
                            SmallVectorImpl<OpFoldResult> &operandSizes) {
  operandOffsets.clear();
  operandSizes.clear();
  for (auto [dimension, loop] : llvm::enumerate(loops[operand])) {
    operandOffsets.push_back(loop == kWhole ? builder.getIndexAttr(0) : offsets[loop]);
    operandSizes.push_back(
        loop == kWhole ? getExtent(builder, op.getLoc(), op->getOperand(operand), dimension) : sizes[loop]);
  }
}

FailureOr<TilingResult> Tiling::getTiledImplementation(OpBuilder &builder, ArrayRef<OpFoldResult> offsets,
                                                       ArrayRef<OpFoldResult> sizes) {
  if (offsets.size() != getNumLoops() || sizes.size() != getNumLoops()) {
    return failure();
  }
  TilingResult result;
  SmallVector<Value> operands;
  SmallVector<OpFoldResult> operandOffsets, operandSizes;
  for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
    if (loops[number].empty()) {
      operands.push_back(operand);
      continue;
    }
    getOperandTile(builder, number, offsets, sizes, operandOffsets, operandSizes);
    operands.push_back(createSlice(builder, op.getLoc(), operand, operandOffsets, operandSizes));
    result.generatedSlices.push_back(operands.back().getDefiningOp());
  }
  SmallVector<Type> types;
  if (op->getNumResults() != 0) {
    for (OpOperand &init : op.getDpsInitsMutable()) {
      types.push_back(operands[init.getOperandNumber()].getType());
    }
  }
  Operation *tile = clone(builder, op, types, operands);
  finish(builder, tile, offsets);
  result.tiledOps.push_back(tile);
  llvm::append_range(result.tiledValues, tile->getResults());
  return result;
}

FailureOr<TilingResult> Tiling::generateResultTile(OpBuilder &builder, unsigned result,
                                                   ArrayRef<OpFoldResult> offsets,
                                                   ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> domainOffsets, domainSizes;
  if (failed(getDomainTile(builder, {op.getDpsInitOperand(result)->getOperandNumber()},
                           {llvm::to_vector(offsets)}, {llvm::to_vector(sizes)}, domainOffsets,
                           domainSizes))) {
    return failure();
  }
  FailureOr<TilingResult> tile = getTiledImplementation(builder, domainOffsets, domainSizes);
  if (succeeded(tile)) {
    tile->tiledValues = {tile->tiledOps.front()->getResult(result)};
  }
  return tile;
}

LogicalResult Tiling::getDomainTile(OpBuilder &builder, ArrayRef<unsigned> operands,
                                    ArrayRef<SmallVector<OpFoldResult>> allOffsets,
                                    ArrayRef<SmallVector<OpFoldResult>> allSizes,
                                    SmallVectorImpl<OpFoldResult> &offsets,
                                    SmallVectorImpl<OpFoldResult> &sizes) {
  offsets.assign(getNumLoops(), OpFoldResult());
  sizes.assign(getNumLoops(), OpFoldResult());
  for (auto [operand, operandOffsets, operandSizes] : llvm::zip_equal(operands, allOffsets, allSizes)) {
    for (auto [dimension, loop] : llvm::enumerate(loops[operand])) {
      OpFoldResult offset = operandOffsets[dimension], size = operandSizes[dimension];
      if (loop == kWhole) {
        OpFoldResult extent = getExtent(builder, op.getLoc(), op->getOperand(operand), dimension);
        if (!isConstantIntValue(offset, 0) || !isEqualConstantIntOrValue(size, extent)) {
          return failure();
        }
      } else if (!offsets[loop]) {
        offsets[loop] = offset;
        sizes[loop] = size;
      } else if (!isEqualConstantIntOrValue(offsets[loop], offset) ||
                 !isEqualConstantIntOrValue(sizes[loop], size)) {
        return failure();
      }
    }
  }
  SmallVector<Range> domain = getIterationDomain(builder);
  for (unsigned loop = 0; loop < getNumLoops(); ++loop) {
    if (!offsets[loop]) {
      offsets[loop] = domain[loop].offset;
      sizes[loop] = domain[loop].size;
    }
  }
  return success();
}

void getEffects(DestinationStyleOpInterface op,
                SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType())) {
      continue;
    }
    if (op.isDpsInit(&operand)) {
      effects.emplace_back(MemoryEffects::Write::get(), &operand, SideEffects::DefaultResource::get());
    } else {
      effects.emplace_back(MemoryEffects::Read::get(), &operand, SideEffects::DefaultResource::get());
    }
  }
}

LogicalResult reifyResultShapes(DestinationStyleOpInterface op, OpBuilder &builder,
                                ReifiedRankedShapedTypeDims &shapes) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  for (OpResult result : op->getResults()) {
    Value init = op.getTiedOpOperand(result)->get();
    SmallVector<OpFoldResult> shape;
    for (int64_t i = 0; i < cast<RankedTensorType>(init.getType()).getRank(); ++i) {
      shape.push_back(getExtent(builder, op.getLoc(), init, i));
    }
    shapes.push_back(std::move(shape));
  }
  return success();
}

bufferization::AliasingValueList getAliasingValues(DestinationStyleOpInterface op, OpOperand &operand) {
  if (op.isDpsInit(&operand) && isa<TensorType>(operand.get().getType())) {
    return {{op.getTiedOpResult(&operand), bufferization::BufferRelation::Equivalent}};
  }
  return {};
}

LogicalResult bufferize(DestinationStyleOpInterface op, RewriterBase &rewriter,
                        const bufferization::BufferizationOptions &options,
                        bufferization::BufferizationState &state) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (!isa<TensorType>(operand.getType())) {
      operands.push_back(operand);
      continue;
    }
    FailureOr<Value> buffer = bufferization::getBuffer(rewriter, operand, options, state);
    if (failed(buffer)) {
      return failure();
    }
    operands.push_back(*buffer);
  }
  SmallVector<Value> results;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    results.push_back(operands[init.getOperandNumber()]);
  }
  clone(rewriter, op, TypeRange(), operands);
  bufferization::replaceOpWithBufferizedValues(rewriter, op, results);
  return success();
}

} // namespace coopt::quantized::structured
