//===- ExpandToReference.cpp - Every op as its definition -------------------===//
#include "coopt/Transforms/ExpandToReference.h"

#include "dialects/Attention/Transforms/ExpandToReference.h"
#include "dialects/Model/Transforms/ExpandToReference.h"
#include "dialects/Moe/Transforms/Patterns.h"
#include "dialects/Quantized/Transforms/Patterns.h"
#include "dialects/Sparse/Transforms/Patterns.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace {

struct ExpandToReferencePass : public PassWrapper<ExpandToReferencePass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandToReferencePass)

  StringRef getArgument() const override { return "coopt-expand-to-reference"; }
  StringRef getDescription() const override {
    return "expands structured ops on tensors to the loops that define them";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect, math::MathDialect, memref::MemRefDialect,
                    scf::SCFDialect, tensor::TensorDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    coopt::populateExpandToReferencePatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation()->emitError("coopt-expand-to-reference did not come to an end");
      signalPassFailure();
    }
  }
};

} // namespace

void coopt::populateExpandToReferencePatterns(RewritePatternSet &patterns) {
  model::populateExpandToReferencePatterns(patterns);
  attention::populateExpandToReferencePatterns(patterns);
  moe::populateExpandToReferencePatterns(patterns);
  quantized::populateExpandToReferencePatterns(patterns);
  sparse::populateExpandToReferencePatterns(patterns);
}

void coopt::registerExpandToReferencePass() { PassRegistration<ExpandToReferencePass>(); }
