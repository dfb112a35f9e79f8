//===- DoubleBuffer.cpp - Loads of one round beside the work of another -------------===//
//
// A loop whose rounds bring weights and multiply them, or bring what loops inside of them work on, is unrolled once. Its two rounds have buffers of their own, so the next weights come
// while the array works on the ones before; no op has to choose between two buffers at run time.
//
//===----------------------------------------------------------------------===//
#include "Passes.h"

#include "dialects/Npu/IR/Npu.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Whether its own ops, not those of loops inside, bring what the array takes as weights, or what loops inside use, for a number of
/// rounds that is known: a round that may be left over would be code once more.
bool bringsWork(scf::ForOp loop) {
  if (!loop.getStaticTripCount()) {
    return false;
  }
  llvm::SmallDenseSet<Value> brought;
  for (CopyOp copy : loop.getBody()->getOps<CopyOp>()) {
    if (spaceOf(cast<MemRefType>(copy.getSource().getType())) == Space::Dram) {
      brought.insert(rootOf(copy.getTarget()));
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

struct DoubleBufferPass : PassWrapper<DoubleBufferPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DoubleBufferPass)
  StringRef getArgument() const final { return "npu-double-buffer"; }
  StringRef getDescription() const final { return "Unroll loops that bring what they work on, once"; }

  void runOnOperation() final {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) {
      if (bringsWork(loop)) {
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
