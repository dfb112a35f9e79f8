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
  /// Of the ops of the rounds, in one block.
  BringAhead(Block::iterator begin, Block::iterator end) : begin(begin), end(end) {}
  void run();

private:
  Block::iterator begin, end;
  Operation *place = nullptr; ///< the first op with products
  SetVector<Operation *> moved;

  bool isBehind(Operation *op) const {
    return op && op->getBlock() == place->getBlock() && !op->isBeforeInBlock(place);
  }
  bool collect();
  bool addWithViews(Operation *op);
};

/// What makes weights behind the first products. False: not all of it may go before them.
bool BringAhead::collect() {
  llvm::SmallDenseSet<Value> weights;
  SmallVector<Operation *> making;
  // Backwards: what the array takes, what that is made from.
  for (Operation &op : llvm::reverse(llvm::make_range(place->getIterator(), end))) {
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
    return llvm::any_of(llvm::make_range(begin, end), [&](Operation &round) {
      return round
          .walk([&](Operation *op) {
            return writes(op, root) && !makers.contains(op) ? WalkResult::interrupt() : WalkResult::advance();
          })
          .wasInterrupted();
    });
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
  auto first = std::find_if(begin, end, [](Operation &op) {
    return op
        .walk([](Operation *inner) {
          return isProduct(inner) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  });
  if (first == end) {
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

/// Two rounds at a time; false if that can't be. Of two or three rounds no loop is left.
bool unrollOnce(scf::ForOp loop, bool bringsAhead) {
  Block *block = loop->getBlock();
  Operation *before = loop->getPrevNode(), *last = nullptr;
  FailureOr<UnrolledLoopInfo> unrolled = loopUnrollByFactor(
      loop, 2, [&](unsigned round, Operation *op, OpBuilder) { last = round == 1 ? op : last; });
  if (failed(unrolled)) {
    return false;
  }
  if (bringsAhead && unrolled->mainLoopOp) {
    Block &body = *unrolled->mainLoopOp->getBody();
    BringAhead(body.begin(), body.end()).run();
  } else if (bringsAhead && last) {
    // A third round keeps its place: what else the second one brings would wait for it.
    BringAhead(before ? std::next(before->getIterator()) : block->begin(), std::next(last->getIterator()))
        .run();
  }
  return true;
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
    // What has no room twice stays as it is; what comes ahead takes room for longer.
    for (bool bringsAhead : {true, false}) {
      IRMapping mapping;
      OwningOpRef<func::FuncOp> trial(cast<func::FuncOp>(function->clone(mapping)));
      auto there = cast<scf::ForOp>(mapping.lookup(loop.getOperation()));
      if (unrollOnce(there, bringsAhead) && fits(*trial, core, areApart)) {
        (void)unrollOnce(loop, bringsAhead);
        break;
      }
    }
  }
}
