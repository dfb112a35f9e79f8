#include "NormalizeFunctions.h"

#include "dialects/Sparse/Transforms/Patterns.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace {

/// A slice that drops unit dimensions while others have, or may turn out to have, one element too: folding
/// constants into it could drop another one.
bool isAmbiguous(tensor::ExtractSliceOp op) {
  return op.getType().getRank() < op.getSourceType().getRank() &&
         llvm::any_of(op.getType().getShape(), [](int64_t n) { return n == 1 || ShapedType::isDynamic(n); });
}

void dropUnitDimsApart(func::FuncOp function) {
  SmallVector<tensor::ExtractSliceOp> found;
  function.walk([&](tensor::ExtractSliceOp op) {
    if (isAmbiguous(op)) {
      found.push_back(op);
    }
  });
  for (tensor::ExtractSliceOp op : found) {
    OpBuilder builder(op);
    llvm::SmallBitVector dropped = op.getDroppedDims();
    // Each kept dimension takes the dropped ones behind it; the first also those in front.
    SmallVector<ReassociationIndices> groups(op.getType().getRank());
    int64_t kept = -1;
    for (int64_t d = 0; d < op.getSourceType().getRank(); ++d) {
      kept += dropped[d] ? 0 : 1;
      groups[std::max<int64_t>(kept, 0)].push_back(d);
    }
    Value whole = tensor::ExtractSliceOp::create(builder, op.getLoc(), op.getSource(), op.getMixedOffsets(),
                                                 op.getMixedSizes(), op.getMixedStrides());
    op.replaceAllUsesWith(
        tensor::CollapseShapeOp::create(builder, op.getLoc(), op.getType(), whole, groups).getResult());
    op.erase();
  }
}

LogicalResult elementwiseToLinalg(func::FuncOp function) {
  RewritePatternSet patterns(function.getContext());
  linalg::populateElementwiseToLinalgConversionPatterns(patterns);
  coopt::sparse::populateExpandToReferencePatterns(patterns);
  return applyPatternsGreedily(function, std::move(patterns));
}

LogicalResult decomposeSoftmax(func::FuncOp function) {
  SmallVector<linalg::SoftmaxOp> found;
  function.walk([&](linalg::SoftmaxOp op) { found.push_back(op); });
  for (linalg::SoftmaxOp op : found) {
    OpBuilder builder(op);
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(builder);
    if (failed(values)) {
      return op.emitError("can't be decomposed");
    }
    op->replaceAllUsesWith(*values);
    op.erase();
  }
  return success();
}

void emptyDestinations(func::FuncOp function) {
  SmallVector<linalg::LinalgOp> found;
  function.walk([&](linalg::LinalgOp op) { found.push_back(op); });
  for (linalg::LinalgOp op : found) {
    if (!op.hasPureTensorSemantics()) {
      continue;
    }
    OpBuilder builder(op);
    for (OpOperand &init : op.getDpsInitsMutable()) {
      auto type = dyn_cast<RankedTensorType>(init.get().getType());
      if (!type || op.payloadUsesValueFromOperand(&init) || init.get().getDefiningOp<tensor::EmptyOp>()) {
        continue;
      }
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, op.getLoc(), init.get());
      init.set(tensor::EmptyOp::create(builder, op.getLoc(), sizes, type.getElementType()));
    }
  }
}

/// No buffer holds elements of fewer bits than a byte: who makes them is joined with who uses them.
LogicalResult fuseSubByteElements(func::FuncOp function) {
  RewritePatternSet patterns(function.getContext());
  linalg::populateElementwiseOpsFusionPatterns(patterns, [](OpOperand *operand) {
    Type element = getElementTypeOrSelf(operand->get());
    return element.isInteger() && element.getIntOrFloatBitWidth() % 8 != 0 && !element.isInteger(1);
  });
  return applyPatternsGreedily(function, std::move(patterns));
}

/// Whether `value` is the carried tensor, or made of it in place, step by step.
bool isMadeOf(Value value, BlockArgument carried) {
  while (value != carried) {
    auto result = dyn_cast<OpResult>(value);
    if (!result) {
      return false;
    }
    if (auto style = dyn_cast<DestinationStyleOpInterface>(result.getOwner())) {
      value = style.getTiedOpOperand(result)->get();
    } else if (auto insert = dyn_cast<tensor::InsertOp>(result.getOwner())) {
      value = insert.getDest();
    } else if (auto loop = dyn_cast<scf::ForOp>(result.getOwner())) {
      value = loop.getInitArgs()[result.getResultNumber()];
    } else {
      return false;
    }
  }
  return true;
}

void carryInPlace(func::FuncOp function) {
  function.walk([&](scf::ForOp loop) {
    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    OpBuilder builder(yield);
    for (auto [operand, carried] : llvm::zip_equal(yield->getOpOperands(), loop.getRegionIterArgs())) {
      if (isa<RankedTensorType>(carried.getType()) && !isMadeOf(operand.get(), carried)) {
        operand.set(linalg::CopyOp::create(builder, yield.getLoc(), operand.get(), carried).getResult(0));
      }
    }
  });
}

} // namespace

LogicalResult coopt::import::normalizeFunction(func::FuncOp function) {
  dropUnitDimsApart(function);
  if (failed(elementwiseToLinalg(function)) || failed(decomposeSoftmax(function))) {
    return failure();
  }
  emptyDestinations(function);
  if (failed(fuseSubByteElements(function))) {
    return failure();
  }
  carryInPlace(function);
  return verify(function);
}
