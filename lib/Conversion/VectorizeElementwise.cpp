//===- VectorizeElementwise.cpp - coopt-vectorize-elementwise ---------------===//
#include "FunctionPass.h"
#include "GenericLoops.h"

using namespace mlir;

namespace coopt {
namespace {

class VectorizeElementwisePass : public FunctionsPass<VectorizeElementwisePass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VectorizeElementwisePass)
  StringRef getArgument() const final { return "coopt-vectorize-elementwise"; }
  StringRef getDescription() const final {
    return "turn linalg ops on memrefs into loops over vectors of 16 elements";
  }

  LogicalResult runOn(func::FuncOp function) {
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : collect<linalg::LinalgOp>(function)) {
      if (failed(lowerLinalgToLoops(rewriter, op))) {
        return failure();
      }
    }
    return success();
  }
};

} // namespace

std::unique_ptr<Pass> createVectorizeElementwisePass() {
  return std::make_unique<VectorizeElementwisePass>();
}

} // namespace coopt
