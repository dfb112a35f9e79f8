//===- DoubleBuffer.cpp - Loads of one round beside the work of another -------------===//
//
// A loop whose rounds bring weights and multiply them, or what loops inside of them work on, or make sums for the vector unit, is unrolled once. Its two
// rounds have buffers of their own, so the next weights come, or the next sums are made, beside the work on the ones before; no op has to choose
// between two buffers at run time.
//
//===----------------------------------------------------------------------===//
#include "Passes.h"

#include "dialects/Npu/IR/Npu.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Whether its own ops, not those of loops inside, bring what the array takes as weights, or what that is made from, or what loops inside use.
bool bringsWork(scf::ForOp loop) {
  llvm::SmallDenseSet<Value> brought;
  for (Operation &op : *loop.getBody()) {
    auto copy = dyn_cast<CopyOp>(op);
    auto map = dyn_cast<MapOp>(op);
    if (copy && spaceOf(cast<MemRefType>(copy.getSource().getType())) == Space::Dram) {
      brought.insert(rootOf(copy.getTarget()));
    } else if (map &&
               llvm::any_of(map.getInputs(), [&](Value input) { return brought.contains(rootOf(input)); })) {
      brought.insert(rootOf(map.getTarget()));
    }
  }
  return loop
      .walk([&](Operation *op) {
        auto matmul = dyn_cast<MatmulOp>(op);
        auto map = dyn_cast<MapOp>(op);
        const bool isWork =
            (matmul && brought.contains(rootOf(matmul.getW()))) ||
            (map && op->getParentOp() != loop &&
             llvm::any_of(map.getInputs(), [&](Value input) { return brought.contains(rootOf(input)); }));
        return isWork ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether each round has sums of its own: the array makes the next ones while the vector unit reads those before.
bool makesSums(scf::ForOp loop) {
  return llvm::any_of(loop.getBody()->getOps<memref::AllocOp>(),
                      [](memref::AllocOp alloc) { return spaceOf(alloc.getType()) == Space::Acc; });
}

struct DoubleBufferPass : PassWrapper<DoubleBufferPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DoubleBufferPass)
  StringRef getArgument() const final { return "npu-double-buffer"; }
  StringRef getDescription() const final {
    return "Unroll loops that bring what they work on, or make sums, once";
  }

  void runOnOperation() final {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) {
      // A number of rounds that is not known would leave a round over: code once more.
      if (loop.getStaticTripCount() && (bringsWork(loop) || makesSums(loop))) {
        loops.push_back(loop);
      }
    });
    for (scf::ForOp loop : loops) {
      // What can't be unrolled stays as it is.
      (void)loopUnrollByFactor(loop, 2);
    }
  }
};

} // namespace

std::unique_ptr<Pass> npu::createDoubleBufferPass() { return std::make_unique<DoubleBufferPass>(); }
