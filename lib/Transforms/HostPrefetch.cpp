#include "HostPrefetch.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The parameters that dispatches by experts read parts of, whose ids begin with `prefix`; each once.
SmallVector<program::ParameterOp> weightsOf(program::EntryOp entry, StringRef prefix) {
  SmallVector<program::ParameterOp> weights;
  llvm::StringSet<> seen;
  entry.walk([&](program::DispatchOp dispatch) {
    program::ExpertsAttr experts = dispatch.getExpertsAttr();
    if (!experts || !dispatch.getId().starts_with(prefix)) {
      return;
    }
    for (int64_t place : experts.getWeights()) {
      auto read = dispatch.getReads()[static_cast<unsigned>(place)].getDefiningOp<program::ParameterOp>();
      if (seen.insert(read.getName()).second) {
        weights.push_back(read);
      }
    }
  });
  return weights;
}

/// The buffers that commands in `op` write; nothing if it does something else that could be seen.
std::optional<SmallVector<Value>> writtenBy(Operation *op) {
  SmallVector<Value> written;
  WalkResult result = op->walk([&](Operation *nested) {
    if (auto dispatch = dyn_cast<program::DispatchOp>(nested)) {
      llvm::append_range(written, dispatch.getWrites());
    } else if (auto copy = dyn_cast<program::CopyOp>(nested)) {
      written.push_back(copy.getDestination());
    } else if (!isa<program::IfOp, program::YieldOp>(nested) && !isMemoryEffectFree(nested)) {
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return result.wasInterrupted() ? std::nullopt : std::optional(written);
}

/// The commands before prefetches that compute what only these read, and they, last first.
SmallVector<Operation *> servingOnly(ArrayRef<program::PrefetchOp> prefetches) {
  Block *block = prefetches.front()->getBlock();
  llvm::SetVector<Operation *> serving;
  serving.insert(prefetches.rbegin(), prefetches.rend());
  for (Operation *op = serving.back()->getPrevNode(); op; op = op->getPrevNode()) {
    std::optional<SmallVector<Value>> written = writtenBy(op);
    if (!written || written->empty()) {
      continue;
    }
    auto isOurs = [&](Value buffer) {
      return buffer.getDefiningOp<program::AllocOp>() &&
             llvm::all_of(buffer.getUsers(), [&](Operation *user) {
               Operation *ancestor = block->findAncestorOpInBlock(*user);
               return ancestor == op || serving.contains(ancestor);
             });
    };
    if (llvm::all_of(*written, isOurs)) {
      serving.insert(op);
    }
  }
  return serving.takeVector();
}

/// Whether running `moved` (last first) only where the first of them stands reads what it read before.
bool canMove(ArrayRef<Operation *> moved) {
  llvm::SmallPtrSet<Operation *, 8> own(moved.begin(), moved.end());
  llvm::SmallDenseSet<Value> read;
  for (Operation *op : moved) {
    op->walk([&](Operation *nested) { read.insert(nested->operand_begin(), nested->operand_end()); });
  }
  for (Operation *op = moved.back(); op != moved.front(); op = op->getNextNode()) {
    std::optional<SmallVector<Value>> written = writtenBy(op);
    if (!own.contains(op) &&
        (!written || llvm::any_of(*written, [&](Value buffer) { return read.contains(buffer); })) &&
        !isa<program::AllocOp>(op)) {
      return false;
    }
  }
  return true;
}

} // namespace

void coopt::placePrefetches(program::EntryOp entry, ArrayRef<HostPrefetch> prefetches) {
  for (const HostPrefetch &guess : prefetches) {
    SmallVector<program::PrefetchOp> ops;
    for (auto [op, of] : llvm::zip_equal(guess.ops, guess.of)) {
      program::PrefetchOp prefetch = op;
      SmallVector<Value> buffers;
      OpBuilder builder(guess.ops.front());
      for (program::ParameterOp weight : weightsOf(entry, of)) {
        buffers.push_back(builder.clone(*weight)->getResult(0));
      }
      prefetch.getWeightsMutable().assign(buffers);
      if (!buffers.empty()) {
        ops.push_back(prefetch);
      }
    }
    if (ops.empty()) {
      for (Operation *op : servingOnly(guess.ops)) {
        op->erase();
      }
      continue;
    }
    for (program::PrefetchOp prefetch : guess.ops) {
      if (prefetch.getWeights().empty()) {
        prefetch.erase();
      }
    }
    OpBuilder builder(ops.front());
    SmallVector<Operation *> moved = servingOnly(ops);
    Value limited = program::ExpertsLimitedOp::create(builder, ops.front().getLoc(), builder.getI1Type());
    auto branch = program::IfOp::create(builder, ops.front().getLoc(), limited, /*withElse=*/false);
    if (!canMove(moved)) {
      moved.assign(ops.rbegin(), ops.rend());
    }
    for (Operation *op : llvm::reverse(moved)) {
      op->moveBefore(branch.getThenRegion().front().getTerminator());
    }
  }
}
