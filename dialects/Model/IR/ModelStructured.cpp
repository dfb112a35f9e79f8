//===- ModelStructured.cpp - Gather and row reductions ----------------------===//
#include "dialects/Model/IR/Model.h"

#include <limits>

using namespace mlir;
using namespace coopt::model;

SmallVector<int64_t> GatherOp::getOperandLoops(OpOperand &operand) {
  if (operand.getOperandNumber() == 0) {
    return {kWholeDimension, 1};
  }
  if (operand.getOperandNumber() == 1) {
    return {0};
  }
  return {0, 1};
}

LogicalResult GatherOp::verify() {
  int64_t rows = getIds().getType().getDimSize(0), columns = getTable().getType().getDimSize(1);
  ShapedType init = getInit().getType();
  if (init.getElementType() != getTable().getType().getElementType()) {
    return emitOpError() << "expected the table's element type " << getTable().getType().getElementType()
                         << " for the init, got " << init.getElementType();
  }
  if (failed(verifySameExtent(*this, rows, init.getDimSize(0), "rows of the init")) ||
      failed(verifySameExtent(*this, columns, init.getDimSize(1), "columns of the init"))) {
    return failure();
  }
  return verifyStructuredForm(*this);
}

SmallVector<int64_t> RowReduceOp::getOperandLoops(OpOperand &operand) {
  SmallVector<int64_t> loops = llvm::to_vector(llvm::seq<int64_t>(0, getNumTiledLoops()));
  if (operand.getOperandNumber() == 0) {
    loops.push_back(kWholeDimension);
  }
  return loops;
}

LogicalResult RowReduceOp::verify() {
  ShapedType input = getInput().getType(), init = getInit().getType();
  if (input.getRank() == 0) {
    return emitOpError() << "expected an input with rows, got " << input;
  }
  if (input.getRank() != init.getRank() + 1) {
    return emitOpError() << "expected an init of rank " << input.getRank() - 1
                         << ", one less than the input's, got rank " << init.getRank();
  }
  for (int64_t d = 0; d < init.getRank(); ++d) {
    if (failed(verifySameExtent(*this, input.getDimSize(d), init.getDimSize(d),
                                "extent " + std::to_string(d) + " of the init"))) {
      return failure();
    }
  }
  return verifyStructuredForm(*this);
}

namespace {

/// Rows without elements reduce to the identity.
struct FillEmptyRows : public OpRewritePattern<RowReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RowReduceOp op, PatternRewriter &rewriter) const override {
    ShapedType input = op.getInput().getType();
    if (input.getDimSize(input.getRank() - 1) != 0) {
      return failure();
    }
    Value identity = arith::ConstantOp::create(rewriter, op.getLoc(),
                                               rewriter.getF32FloatAttr(getReductionIdentity(op.getKind())));
    rewriter.replaceOpWithNewOp<linalg::FillOp>(op, identity, op.getInit());
    return success();
  }
};

} // namespace

void RowReduceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FillEmptyRows>(context);
}

float coopt::model::getReductionIdentity(RowReduction kind) {
  return kind == RowReduction::max ? -std::numeric_limits<float>::infinity() : 0.0f;
}
