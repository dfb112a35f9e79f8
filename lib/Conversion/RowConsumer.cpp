#include "RowConsumer.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace coopt {

std::optional<RowConsumer> RowConsumer::match(linalg::GenericOp op, ArrayRef<Value> made) {
  if (op.getNumLoops() != 2 || op.getNumParallelLoops() != 2 || !op.hasPureBufferSemantics() ||
      op.hasIndexSemantics()) {
    return std::nullopt;
  }
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    const bool isMade = llvm::is_contained(made, operand.get());
    if (!map.isProjectedPermutation() || ((isMade || op.isDpsInit(&operand)) && !map.isIdentity()) ||
        (isMade && op.isDpsInit(&operand))) {
      return std::nullopt;
    }
  }
  VectorPlan plan = planVectorization(op);
  if (plan.dim != 1u) {
    return std::nullopt;
  }
  return RowConsumer(op, made, std::move(plan));
}

void RowConsumer::emit(ImplicitLocOpBuilder &b, const Chunk &chunk, Value row, Value column,
                       ArrayRef<Value> numbers) {
  const SmallVector<Value> ivs = {row, column};
  auto indicesOf = [&](OpOperand &operand) {
    return llvm::map_to_vector(op.getMatchingIndexingMap(&operand).getResults(),
                               [&](AffineExpr expr) { return ivs[cast<AffineDimExpr>(expr).getPosition()]; });
  };
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!op.payloadUsesValueFromOperand(&operand)) {
      continue;
    }
    if (const auto *place = llvm::find(made, operand.get()); place != made.end()) {
      mapping.map(argument, numbers[place - made.begin()]);
    } else if (!isa<MemRefType>(operand.get().getType())) {
      mapping.map(argument, operand.get());
    } else if (plan.varying.contains(argument)) {
      mapping.map(argument, loadChunk(b, chunk, operand.get(), indicesOf(operand)));
    } else {
      mapping.map(argument, memref::LoadOp::create(b, operand.get(), indicesOf(operand)));
    }
  }
  SmallVector<Value> results = emitBody(b, op, plan, chunk, ivs, mapping);
  for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), results)) {
    storeChunk(b, chunk, value, init.get(), indicesOf(init));
  }
}

} // namespace coopt
