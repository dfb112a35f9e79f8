//===- DoubleBuffer.cpp - Loads of one round beside the work of another -------------===//
//
// A loop whose rounds bring weights and multiply them, or what loops inside of them work on, or make sums for the vector unit, is unrolled once. Its two
// rounds have buffers of their own, so the next weights come, or the next sums are made, beside the work on the ones before; no op has to choose
// between two buffers at run time. Where the vector unit makes weights from what comes, it does so before it works on the
// sums of the round before.
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
        Value weights = weightsOf(op);
        auto map = dyn_cast<MapOp>(op);
        const bool isWork =
            (weights && brought.contains(rootOf(weights))) ||
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

bool writes(Operation *op, Value root) {
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  SmallVector<MemoryEffects::EffectInstance> written;
  if (effects) {
    effects.getEffects<MemoryEffects::Write>(written);
  }
  return llvm::any_of(written, [&](const MemoryEffects::EffectInstance &effect) {
    return effect.getValue() && rootOf(effect.getValue()) == root;
  });
}

/// What a copy or a map makes.
Value madeBy(Operation *op) {
  auto copy = dyn_cast<CopyOp>(op);
  return rootOf(copy ? copy.getTarget() : cast<MapOp>(op).getTarget());
}

/// Engines are in order: of the second round, weights are brought and made before the products of the first, so that the vector unit makes
/// them beside those and not behind what it does with their sums.
class BringAhead {
public:
  explicit BringAhead(scf::ForOp loop) : body(*loop.getBody()) {}
  void run();

private:
  Block &body;
  Operation *place = nullptr; ///< the first op with products
  SetVector<Operation *> moved;

  bool isBehind(Operation *op) const { return op && op->getBlock() == &body && !op->isBeforeInBlock(place); }
  bool collect();
  bool addWithViews(Operation *op);
};

/// What makes weights behind the first products. False: not all of it may go before them.
bool BringAhead::collect() {
  llvm::SmallDenseSet<Value> weights;
  SmallVector<Operation *> making;
  // Backwards: what the array takes, what that is made from.
  for (Operation &op : llvm::reverse(llvm::make_range(place->getIterator(), body.end()))) {
    op.walk([&](Operation *inner) {
      if (Value of = weightsOf(inner)) {
        weights.insert(rootOf(of));
      }
    });
    if (!isa<MapOp, CopyOp>(op) || !weights.contains(madeBy(&op))) {
      continue;
    }
    making.push_back(&op);
    if (auto map = dyn_cast<MapOp>(op)) {
      for (Value input : map.getInputs()) {
        weights.insert(rootOf(input));
      }
    }
  }
  llvm::SmallDenseSet<Operation *> makers(making.begin(), making.end());
  auto isWrittenByOthers = [&](Value root) {
    return body
        .walk([&](Operation *op) {
          return writes(op, root) && !makers.contains(op) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  };
  for (Operation *op : llvm::reverse(making)) {
    // Into a buffer of this round, from what nobody else writes.
    if (!isBehind(madeBy(op).getDefiningOp<memref::AllocOp>()) || !addWithViews(op)) {
      return false;
    }
    for (Value operand : op->getOperands()) {
      if (isWrittenByOthers(rootOf(operand))) {
        return false;
      }
    }
  }
  return true;
}

/// An op, with the views and numbers that it needs.
bool BringAhead::addWithViews(Operation *op) {
  SmallVector<Operation *> rest = {op};
  while (!rest.empty()) {
    Operation *next = rest.pop_back_val();
    if (!moved.insert(next)) {
      continue;
    }
    for (Value operand : next->getOperands()) {
      Operation *by = operand.getDefiningOp();
      if (!isBehind(by)) {
        continue;
      }
      if (!isa<memref::AllocOp>(by) && !isMemoryEffectFree(by)) {
        return false;
      }
      rest.push_back(by);
    }
  }
  return true;
}

void BringAhead::run() {
  auto first = llvm::find_if(body, [](Operation &op) {
    return op
        .walk([](Operation *inner) {
          return isProduct(inner) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  });
  if (first == body.end()) {
    return;
  }
  place = &*first;
  if (!collect()) {
    return;
  }
  SmallVector<Operation *> sorted(moved.begin(), moved.end());
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : sorted) {
    op->moveBefore(place);
  }
}

/// Two rounds at a time; false if that can't be.
bool unrollOnce(scf::ForOp loop) {
  FailureOr<UnrolledLoopInfo> unrolled = loopUnrollByFactor(loop, 2);
  if (succeeded(unrolled) && unrolled->mainLoopOp) {
    BringAhead(*unrolled->mainLoopOp).run();
  }
  return succeeded(unrolled);
}

} // namespace

void npu::doubleBuffer(func::FuncOp function, const machine::NpuCore &core) {
  SmallVector<scf::ForOp> loops;
  function.walk([&](scf::ForOp loop) {
    // A number of rounds that is not known would leave a round over: code once more.
    if (loop.getStaticTripCount() && (bringsWork(loop) || makesSums(loop))) {
      loops.push_back(loop);
    }
  });
  // Buffers that share nothing let engines work side by side in all loops, two rounds in one.
  const bool areApart = fits(function, core, /*apart=*/true);
  for (scf::ForOp loop : loops) {
    // What has no room twice stays as it is.
    IRMapping mapping;
    OwningOpRef<func::FuncOp> trial(cast<func::FuncOp>(function->clone(mapping)));
    auto there = cast<scf::ForOp>(mapping.lookup(loop.getOperation()));
    if (unrollOnce(there) && fits(*trial, core, areApart)) {
      (void)unrollOnce(loop);
    }
  }
}
