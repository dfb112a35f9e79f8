#include "coopt/Transforms/Compress.h"

#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace coopt;

namespace {

struct CompressPass : PassWrapper<CompressPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CompressPass)
  CompressPass() = default;
  CompressPass(const CompressPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-compress"; }
  StringRef getDescription() const final {
    return "quantises the weights of contractions and their activations; w8a8: |y - y64| <= E + 4u (|y64| + "
           "E) with "
           "E = d sw sum|x| + d sa sum|w| + K d^2 sa sw, d = 1/2 + 2^-16, u = 2^-24";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, quantized::QuantizedDialect, tensor::TensorDialect>();
  }

  void runOnOperation() override {
    CompressOptions options;
    auto plan = numerics::readQuantizationPlan(quantize.getValue());
    if (!plan) {
      getOperation().emitError(plan.error().message);
      return signalPassFailure();
    }
    options.plan = std::move(*plan);
    if (failed(compress(getOperation(), options))) {
      signalPassFailure();
    }
  }

  Option<std::string> quantize{
      *this, "quantize", llvm::cl::init("f32"),
      llvm::cl::desc("f32, a name of the quantisation grammar (w8a8, w4a16-g32-asym-head8, nf4, ..), or a "
                     "JSON file of formats and rules")};
};

} // namespace

void coopt::registerCompressPass() { PassRegistration<CompressPass>(); }
