//===- ExpandKernels.cpp - A kernel means its body ---------------------------===//
#include "dialects/Schedule/Transforms/Passes.h"

using namespace mlir;
using namespace coopt::schedule;

void coopt::schedule::expandKernel(RewriterBase &rewriter, KernelOp kernel) {
  YieldOp yield = kernel.getYield();
  rewriter.inlineBlockBefore(&kernel.getBody().front(), kernel, kernel.getOperands());
  rewriter.replaceOp(kernel, yield.getOperands());
  rewriter.eraseOp(yield);
}

namespace {

struct ExpandKernelsPass : PassWrapper<ExpandKernelsPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandKernelsPass)

  StringRef getArgument() const final { return "coopt-schedule-expand-kernels"; }
  StringRef getDescription() const final { return "Replace every schedule.kernel by its body"; }
  void runOnOperation() final {
    IRRewriter rewriter(&getContext());
    // Kernels inside kernels are met first.
    getOperation()->walk([&](KernelOp kernel) {
      rewriter.setInsertionPoint(kernel);
      expandKernel(rewriter, kernel);
    });
  }
};

} // namespace

std::unique_ptr<Pass> coopt::schedule::createExpandKernelsPass() {
  return std::make_unique<ExpandKernelsPass>();
}

void coopt::schedule::registerSchedulePasses() { PassRegistration<ExpandKernelsPass>(); }
