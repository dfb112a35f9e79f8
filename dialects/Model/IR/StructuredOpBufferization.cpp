//===- StructuredOpBufferization.cpp - Bufferization of structured ops ------===//
#include "dialects/Model/IR/StructuredOpBufferization.h"

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace coopt::model {

FailureOr<SmallVector<Value>> getBufferizedOperands(RewriterBase &rewriter, Operation *op,
                                                    const BufferizationOptions &options,
                                                    BufferizationState &state) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (isa<TensorType>(operand.getType())) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer)) {
        return failure();
      }
      operand = *buffer;
    }
    operands.push_back(operand);
  }
  return operands;
}

LogicalResult bufferizeStructuredOp(RewriterBase &rewriter, DestinationStyleOpInterface op,
                                    const BufferizationOptions &options, BufferizationState &state) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  FailureOr<SmallVector<Value>> operands = getBufferizedOperands(rewriter, op, options, state);
  if (failed(operands)) {
    return failure();
  }
  SmallVector<Value> inits;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    inits.push_back((*operands)[init.getOperandNumber()]);
  }
  mlir::clone(rewriter, op.getOperation(), TypeRange{}, *operands);
  replaceOpWithBufferizedValues(rewriter, op, inits);
  return success();
}

} // namespace coopt::model
