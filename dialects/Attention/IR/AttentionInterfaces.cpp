//===- AttentionInterfaces.cpp - Tiling and bufferization of attention ops --===//
#include "dialects/Attention/IR/AttentionInterfaces.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/ModelInterfaces.h"
#include "dialects/Model/IR/StructuredOpBufferization.h"

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace coopt;
using namespace coopt::attention;

/// Adds the tile's offset to an index operand.
static void shiftOperand(OpBuilder &builder, OpOperand &operand, OpFoldResult offset) {
  Location loc = operand.getOwner()->getLoc();
  OpFoldResult sum = model::addOffsets(builder, loc, getAsOpFoldResult(operand.get()), offset);
  operand.set(getValueOrCreateConstantIndexOp(builder, loc, sum));
}

void AppendOp::shiftTile(OpBuilder &builder, ArrayRef<OpFoldResult> offsets) {
  if (offsets.empty()) {
    return;
  }
  shiftOperand(builder, getPastMutable(), offsets[0]);
}

void AttendOp::shiftTile(OpBuilder &builder, ArrayRef<OpFoldResult> offsets) {
  shiftOperand(builder, getPastMutable(), offsets[0]);
  shiftOperand(builder, getHeadMutable(), offsets[1]);
}

namespace {

/// Keys and values are read; the state is no tensor and stays as it is, as operand and as result.
struct AppendBufferization : public BufferizableOpInterface::ExternalModel<AppendBufferization, AppendOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const { return true; }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  AliasingValueList getAliasingValues(Operation *, OpOperand &, const AnalysisState &) const { return {}; }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<SmallVector<Value>> operands = model::getBufferizedOperands(rewriter, op, options, state);
    if (failed(operands)) {
      return failure();
    }
    Operation *onBuffers = mlir::clone(rewriter, op, op->getResultTypes(), *operands);
    replaceOpWithBufferizedValues(rewriter, op, onBuffers->getResults());
    return success();
  }
};

} // namespace

void coopt::attention::attachAttentionInterfaces(MLIRContext *context) {
  model::attachStructuredInterfaces<AttendOp>(context);
  AppendOp::attachInterface<model::StructuredOpTiling<AppendOp>, AppendBufferization>(*context);
}
