//===- GenericLoops.cpp -----------------------------------------------------===//
#include "GenericLoops.h"
#include "VectorBody.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace coopt {

namespace {

/// Emits the loops of one generic op.
class GenericEmitter {
public:
  GenericEmitter(linalg::GenericOp op, VectorPlan plan)
      : op(op), plan(std::move(plan)), ivs(op.getNumLoops()) {}

  void emit(ImplicitLocOpBuilder &b) {
    for (Range range : cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, b.getLoc())) {
      extents.push_back(range.size);
    }
    for (auto [dim, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
      if (iterator == utils::IteratorType::reduction) {
        reductions.push_back(dim);
      } else if (plan.dim != dim) {
        parallels.push_back(dim);
      }
    }
    emitParallel(b, 0);
  }

private:
  linalg::GenericOp op;
  VectorPlan plan;
  SmallVector<Value> ivs;
  SmallVector<OpFoldResult> extents;
  SmallVector<unsigned> parallels, reductions;
  llvm::SmallDenseMap<OpOperand *, Value> uniform; ///< loaded before the loop over lanes

  bool varies(OpOperand &operand) { return plan.varying.contains(op.getMatchingBlockArgument(&operand)); }

  void emitParallel(ImplicitLocOpBuilder &b, size_t depth) {
    if (depth < parallels.size()) {
      unsigned dim = parallels[depth];
      emitLoop(b, extents[dim], [&](ImplicitLocOpBuilder &inner, Value iv) {
        ivs[dim] = iv;
        emitParallel(inner, depth + 1);
      });
      return;
    }
    if (!plan.dim) {
      Chunk chunk;
      chunk.lanes = 1;
      chunk.scalar = true;
      emitOutputs(b, chunk);
      return;
    }
    // What is the same for all lanes is loaded once: outputs move with them, so none is written there.
    if (reductions.empty()) {
      for (OpOperand *input : op.getDpsInputOperands()) {
        if (op.payloadUsesValueFromOperand(input) && !varies(*input)) {
          uniform[input] = load(b, Chunk(), *input);
        }
      }
    }
    emitChunks(b, extents[*plan.dim], kLanes, {},
               [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
                 ivs[*plan.dim] = chunk.base;
                 emitOutputs(inner, chunk);
                 return SmallVector<Value>();
               });
  }

  void emitOutputs(ImplicitLocOpBuilder &b, const Chunk &chunk) {
    SmallVector<Value> initial;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      bool read = !reductions.empty() || op.payloadUsesValueFromOperand(&init);
      Type element = getElementTypeOrSelf(init.get());
      // What nobody reads is not loaded: it may not be initialised.
      initial.push_back(read ? load(b, chunk, init)
                             : constantOf(b, chunk.typeOf(element), cast<TypedAttr>(b.getZeroAttr(element))));
    }
    SmallVector<Value> results = emitReductions(b, chunk, 0, initial);
    for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), results)) {
      storeChunk(b, chunk, value, init.get(), indicesOf(b, init));
    }
  }

  SmallVector<Value> emitReductions(ImplicitLocOpBuilder &b, const Chunk &chunk, size_t depth,
                                    ValueRange carried) {
    if (depth == reductions.size()) {
      IRMapping mapping;
      for (OpOperand *input : op.getDpsInputOperands()) {
        if (op.payloadUsesValueFromOperand(input)) {
          mapping.map(op.getMatchingBlockArgument(input), load(b, chunk, *input));
        }
      }
      for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), carried)) {
        mapping.map(op.getMatchingBlockArgument(&init), value);
      }
      return emitBody(b, op, plan, chunk, ivs, mapping);
    }
    unsigned dim = reductions[depth];
    return emitScalars(b, extents[dim], carried,
                       [&](ImplicitLocOpBuilder &inner, const Chunk &step, ValueRange values) {
                         ivs[dim] = step.base;
                         return emitReductions(inner, chunk, depth + 1, values);
                       });
  }

  SmallVector<Value> indicesOf(ImplicitLocOpBuilder &b, OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    SmallVector<Value> indices;
    for (AffineExpr expr : map.getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        indices.push_back(ivs[dim.getPosition()]);
        continue;
      }
      AffineMap single = AffineMap::get(map.getNumDims(), 0, expr);
      SmallVector<OpFoldResult> operands(ivs.begin(), ivs.end());
      indices.push_back(asValue(b, affine::makeComposedFoldedAffineApply(b, b.getLoc(), single, operands)));
    }
    return indices;
  }

  Value load(ImplicitLocOpBuilder &b, const Chunk &chunk, OpOperand &operand) {
    if (!isa<MemRefType>(operand.get().getType())) {
      return operand.get();
    }
    if (Value loaded = uniform.lookup(&operand)) {
      return loaded;
    }
    if (!varies(operand)) {
      return memref::LoadOp::create(b, operand.get(), indicesOf(b, operand));
    }
    return loadChunk(b, chunk, operand.get(), indicesOf(b, operand));
  }
};

} // namespace

/// An output that moves with a reduction loop is no reduction: upstream's loops handle it, in memory.
static bool hasPlainReductions(linalg::GenericOp op) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    for (auto [dim, iterator] : llvm::enumerate(iterators)) {
      if (iterator == utils::IteratorType::reduction && map.isFunctionOfDim(dim)) {
        return false;
      }
      if (iterator == utils::IteratorType::parallel && !map.isFunctionOfDim(dim)) {
        return false;
      }
    }
  }
  return true;
}

LogicalResult lowerLinalgToLoops(RewriterBase &rewriter, linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics()) {
    return op->emitError("expected operands that are memrefs or scalars");
  }
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
  if (!generic) {
    FailureOr<linalg::GenericOp> made = linalg::generalizeNamedOp(rewriter, op);
    if (failed(made)) {
      return op->emitError("no linalg.generic form of ") << op->getName();
    }
    generic = *made;
    rewriter.setInsertionPoint(generic);
  }
  if (!hasPlainReductions(generic)) {
    if (failed(linalg::linalgOpToLoops(rewriter, generic))) {
      return generic->emitError("cannot be turned into loops");
    }
    rewriter.eraseOp(generic);
    return success();
  }
  ImplicitLocOpBuilder b(generic.getLoc(), rewriter);
  GenericEmitter(generic, planVectorization(generic)).emit(b);
  rewriter.eraseOp(generic);
  return success();
}

} // namespace coopt
