#include "FunctionChecks.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

std::optional<Extent> coopt::import::extentOfLoop(linalg::LinalgOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType())) {
      continue;
    }
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      if (expr == getAffineDimExpr(loop, op->getContext())) {
        return Extent(operand.get(), d);
      }
    }
  }
  return std::nullopt;
}

Value coopt::import::valueOf(ImplicitLocOpBuilder &b, const Extent &extent) {
  if (!extent.tensor) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), extent.index);
  }
  auto type = cast<RankedTensorType>(extent.tensor.getType());
  if (!type.isDynamicDim(extent.dimension)) {
    return arith::ConstantIndexOp::create(b, type.getDimSize(extent.dimension));
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfterValue(extent.tensor);
  return tensor::DimOp::create(b, extent.tensor, extent.dimension);
}

void coopt::import::require(ImplicitLocOpBuilder &b, Value condition, model::Requirement kind, Value value,
                            Value bound) {
  DenseI64ArrayAttr place;
  if (auto at = b.getLoc()->findInstanceOf<FileLineColLoc>()) {
    place = b.getDenseI64ArrayAttr({at.getLine(), at.getColumn()});
  }
  model::RequireOp::create(b, condition, kind, value, bound, place);
}
