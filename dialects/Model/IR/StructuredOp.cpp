//===- StructuredOp.cpp - What all structured ops share ---------------------===//
#include "dialects/Model/IR/StructuredOp.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace coopt::model {

void getStructuredEffects(DestinationStyleOpInterface op,
                          SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType())) {
      continue;
    }
    // Inits are destinations only: they are not read.
    if (op.isDpsInit(&operand)) {
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    } else {
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    }
  }
}

LogicalResult reifyDestinationShapes(DestinationStyleOpInterface op, OpBuilder &builder,
                                     ReifiedRankedShapedTypeDims &shapes) {
  for (OpOperand &init : op.getDpsInitsMutable()) {
    if (isa<RankedTensorType>(init.get().getType())) {
      shapes.push_back(tensor::getMixedSizes(builder, op.getLoc(), init.get()));
    }
  }
  return success(shapes.size() == op->getNumResults());
}

LogicalResult verifyStructuredForm(DestinationStyleOpInterface op, ArrayRef<const OpOperand *> ignored) {
  unsigned tensors = 0, memrefs = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    if (llvm::is_contained(ignored, &operand)) {
      continue;
    }
    tensors += isa<TensorType>(operand.get().getType());
    memrefs += isa<BaseMemRefType>(operand.get().getType());
  }
  if (tensors != 0 && memrefs != 0) {
    return op->emitOpError() << "expected operands that are all tensors or all memrefs, got " << tensors
                             << " tensors and " << memrefs << " memrefs";
  }
  unsigned results = tensors != 0 ? op.getNumDpsInits() : 0;
  if (op->getNumResults() != results) {
    return op->emitOpError() << "expected " << results << " results in "
                             << (tensors != 0 ? "tensor" : "memref") << " form, got " << op->getNumResults();
  }
  for (auto [init, result] : llvm::zip(op.getDpsInits(), op->getResults())) {
    if (init.getType() != result.getType()) {
      return op->emitOpError() << "expected a result of the init's type " << init.getType() << ", got "
                               << result.getType();
    }
  }
  return success();
}

LogicalResult verifySameExtent(Operation *op, int64_t expected, int64_t got, StringRef what) {
  if (ShapedType::isDynamic(expected) || ShapedType::isDynamic(got) || expected == got) {
    return success();
  }
  return op->emitOpError() << "expected " << expected << " as " << what << ", got " << got;
}

} // namespace coopt::model
