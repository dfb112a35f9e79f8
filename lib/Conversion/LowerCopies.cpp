//===- LowerCopies.cpp - coopt-lower-copies ---------------------------------===//
//
// A memref.copy left to upstream becomes a call of memcpy or of a runtime function; kernels import no
// symbols.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"
#include "GenericLoops.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

using namespace mlir;

namespace coopt {
namespace {

class LowerCopiesPass : public FunctionsPass<LowerCopiesPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerCopiesPass)
  StringRef getArgument() const final { return "coopt-lower-copies"; }
  StringRef getDescription() const final {
    return "turn memref.copy, linalg.copy and linalg.fill into loops";
  }

  LogicalResult runOn(func::FuncOp function) {
    IRRewriter rewriter(&getContext());
    for (memref::CopyOp copy : collect<memref::CopyOp>(function)) {
      if (failed(lowerCopy(rewriter, copy))) {
        return failure();
      }
    }
    for (linalg::LinalgOp op : collect<linalg::LinalgOp>(function)) {
      if (isa<linalg::FillOp, linalg::CopyOp>(op) && failed(lowerLinalgToLoops(rewriter, op))) {
        return failure();
      }
    }
    return success();
  }

private:
  static LogicalResult lowerCopy(IRRewriter &rewriter, memref::CopyOp copy) {
    Value source = copy.getSource(), target = copy.getTarget();
    if (source == target) {
      rewriter.eraseOp(copy);
      return success();
    }
    if (!isa<MemRefType>(source.getType()) || !isa<MemRefType>(target.getType())) {
      return copy.emitError("expected ranked memrefs");
    }
    rewriter.setInsertionPoint(copy);
    linalg::GenericOp generic = linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), source, target);
    rewriter.eraseOp(copy);
    return lowerLinalgToLoops(rewriter, generic);
  }
};

} // namespace

std::unique_ptr<Pass> createLowerCopiesPass() { return std::make_unique<LowerCopiesPass>(); }

} // namespace coopt
