//===- VectorBody.cpp -------------------------------------------------------===//
#include "VectorBody.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace coopt {

/// Elements that lie in memory byte by byte; vectors of others are packed, scalars are not.
static bool hasWholeBytes(Type element) {
  return element.isIndex() || (element.isIntOrFloat() && element.getIntOrFloatBitWidth() % 8 == 0);
}

/// An operand can be read along `dim` if it is consecutive there or does not depend on it.
static bool isVectorizableOperand(linalg::GenericOp op, OpOperand &operand, unsigned dim, bool &varies) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  varies = false;
  for (AffineExpr expr : map.getResults()) {
    varies |= expr.isFunctionOfDim(dim);
  }
  if (!varies) {
    return true;
  }
  for (AffineExpr expr : map.getResults().drop_back()) {
    if (expr.isFunctionOfDim(dim)) {
      return false;
    }
  }
  AffineExpr inner = map.getResult(map.getNumResults() - 1);
  AffineExpr rest = inner - getAffineDimExpr(dim, op.getContext());
  if (rest.isFunctionOfDim(dim)) {
    return false;
  }
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  return type && hasWholeBytes(type.getElementType()) && hasUnitInnerStride(operand.get());
}

static bool isIntegerDivision(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp,
             arith::CeilDivSIOp, arith::CeilDivUIOp>(op);
}

/// Marks what varies in the body; false if something there has no vector form.
static bool analyseBody(linalg::GenericOp op, unsigned dim, llvm::DenseSet<Value> &varying) {
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (inner.getNumRegions() != 0) {
      return false;
    }
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      if (index.getDim() == dim) {
        varying.insert(index.getResult());
      }
      continue;
    }
    bool varies = llvm::any_of(inner.getOperands(), [&](Value v) { return varying.contains(v); });
    if (!varies) {
      continue;
    }
    if (!OpTrait::hasElementwiseMappableTraits(&inner)) {
      return false;
    }
    // Lanes behind the end of a row hold zeros.
    if (isIntegerDivision(&inner) && varying.contains(inner.getOperand(1))) {
      return false;
    }
    for (Value result : inner.getResults()) {
      if (!VectorType::isValidElementType(result.getType())) {
        return false;
      }
      varying.insert(result);
    }
  }
  return true;
}

VectorPlan planVectorization(linalg::GenericOp op) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    if (iterators[dim] != utils::IteratorType::parallel) {
      continue;
    }
    VectorPlan plan;
    bool possible = true;
    for (OpOperand &operand : op->getOpOperands()) {
      bool varies = false;
      possible = possible && isVectorizableOperand(op, operand, dim, varies);
      if (varies) {
        plan.varying.insert(op.getMatchingBlockArgument(&operand));
      }
      // An output that does not move with a parallel loop would be written by all lanes.
      possible = possible && (varies || !op.isDpsInit(&operand));
    }
    if (possible && analyseBody(op, dim, plan.varying)) {
      plan.dim = dim;
      return plan;
    }
  }
  return {};
}

/// The lane numbers of a chunk plus its base.
static Value emitLaneIndex(ImplicitLocOpBuilder &b, const Chunk &chunk, Value iv) {
  if (chunk.scalar) {
    return iv;
  }
  auto type = VectorType::get({chunk.lanes}, b.getIndexType());
  Value steps = vector::StepOp::create(b, type);
  return arith::AddIOp::create(b, vector::BroadcastOp::create(b, type, iv), steps);
}

SmallVector<Value> emitBody(ImplicitLocOpBuilder &b, linalg::GenericOp op, const VectorPlan &plan,
                            const Chunk &chunk, ArrayRef<Value> ivs, IRMapping &mapping) {
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      Value iv = ivs[index.getDim()];
      bool lanes = plan.dim && index.getDim() == *plan.dim;
      mapping.map(index.getResult(), lanes ? emitLaneIndex(b, chunk, iv) : iv);
      continue;
    }
    bool varies = llvm::any_of(inner.getResults(), [&](Value v) { return plan.varying.contains(v); });
    SmallVector<Value> operands;
    if (varies && !chunk.scalar) {
      for (auto [position, operand] : llvm::enumerate(inner.getOperands())) {
        // A condition that is the same for all lanes may stay scalar.
        bool keep = plan.varying.contains(operand) || (isa<arith::SelectOp>(inner) && position == 0);
        Value value = mapping.lookupOrDefault(operand);
        operands.push_back(keep ? value : splat(b, chunk, value));
      }
    }
    Operation *copy = b.clone(inner, mapping);
    if (varies && !chunk.scalar) {
      copy->setOperands(operands);
      for (Value result : copy->getResults()) {
        result.setType(chunk.typeOf(result.getType()));
      }
    }
    // linalg.index may hide in nested regions of scalar bodies.
    SmallVector<linalg::IndexOp> nested;
    copy->walk([&](linalg::IndexOp index) { nested.push_back(index); });
    for (linalg::IndexOp index : nested) {
      index.getResult().replaceAllUsesWith(ivs[index.getDim()]);
      index.erase();
    }
  }
  SmallVector<Value> results;
  for (Value value : op.getBody()->getTerminator()->getOperands()) {
    results.push_back(splat(b, chunk, mapping.lookupOrDefault(value)));
  }
  return results;
}

} // namespace coopt
