#include "dialects/Quantized/Transforms/Patterns.h"

#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace coopt::quantized;

namespace {

template <typename Derived>
struct PatternPass : PassWrapper<Derived, OperationPass<>> {
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect, coopt::model::ModelDialect, scf::SCFDialect,
                    tensor::TensorDialect>();
  }
  void runOnOperation() override {
    RewritePatternSet patterns(&this->getContext());
    Derived::populate(patterns);
    if (failed(applyPatternsGreedily(this->getOperation(), std::move(patterns)))) {
      this->signalPassFailure();
    }
  }
};

struct DecomposePass : PatternPass<DecomposePass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DecomposePass)
  static void populate(RewritePatternSet &patterns) { populateDecomposeQuantizePatterns(patterns); }
  StringRef getArgument() const final { return "coopt-quantized-decompose"; }
  StringRef getDescription() const final {
    return "quantize, dequantize and requantize in terms of model.row_reduce and linalg.generic";
  }
};

struct ExpandToReferencePass : PatternPass<ExpandToReferencePass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandToReferencePass)
  static void populate(RewritePatternSet &patterns) { populateExpandToReferencePatterns(patterns); }
  StringRef getArgument() const final { return "coopt-quantized-expand-to-reference"; }
  StringRef getDescription() const final { return "every op of the quantized dialect as its definition"; }
};

} // namespace

void coopt::quantized::registerQuantizedPasses() {
  PassRegistration<DecomposePass>();
  PassRegistration<ExpandToReferencePass>();
}
