//===- PlanArena.cpp - Offsets of the host program's buffers -----------------===//
#include "dialects/Program/Transforms/Passes.h"
#include "dialects/Program/Transforms/SizeBounds.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using namespace coopt::program;

namespace {

constexpr uint64_t kAlignment = 64;

/// A buffer with its life as a closed range of command numbers.
struct Allocation {
  AllocOp op;
  uint64_t bytes = 0; ///< at the largest sizes, rounded up to the alignment
  unsigned first = 0, last = 0;
  uint64_t offset = 0;

  bool meets(const Allocation &other) const { return first <= other.last && other.first <= last; }
};

/// Commands are numbered in the order of the text. A program only branches forward, so whatever runs at one
/// time has such a number between those of what ran before and after, and the two sides of a branch never
/// meet.
FailureOr<SmallVector<Allocation>> findAllocations(EntryOp entry) {
  llvm::DenseMap<Operation *, unsigned> numbers;
  entry.getBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) { numbers[op] = static_cast<unsigned>(numbers.size()); });
  SizeBounds bounds(entry);
  SmallVector<Allocation> allocations;
  WalkResult result = entry.getBody().walk<WalkOrder::PreOrder>([&](AllocOp op) {
    FailureOr<uint64_t> bytes = bounds.bytesOf(op);
    if (failed(bytes)) {
      return WalkResult::interrupt();
    }
    if (*bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - kAlignment) {
      op.emitOpError("is larger than 2^63 - 1 bytes for the largest sizes");
      return WalkResult::interrupt();
    }
    Allocation allocation{op, llvm::alignTo(*bytes, kAlignment)};
    allocation.first = std::numeric_limits<unsigned>::max();
    for (Operation *user : op->getUsers()) {
      allocation.first = std::min(allocation.first, numbers[user]);
      allocation.last = std::max(allocation.last, numbers[user]);
    }
    if (op->use_empty()) {
      allocation.first = allocation.last = numbers[op];
    }
    allocations.push_back(allocation);
    return WalkResult::advance();
  });
  if (result.wasInterrupted()) {
    return failure();
  }
  return allocations;
}

/// The lowest offset at which `bytes` bytes are free of all of `taken`, which is sorted by offset.
uint64_t firstFit(uint64_t bytes, ArrayRef<const Allocation *> taken) {
  uint64_t offset = 0;
  for (const Allocation *other : taken) {
    if (other->offset >= offset && other->offset - offset >= bytes) {
      break;
    }
    offset = std::max(offset, other->offset + other->bytes);
  }
  return offset;
}

} // namespace

LogicalResult coopt::program::planArena(EntryOp entry) {
  FailureOr<SmallVector<Allocation>> found = findAllocations(entry);
  if (failed(found)) {
    return failure();
  }
  SmallVector<Allocation *> order;
  for (Allocation &allocation : *found) {
    order.push_back(&allocation);
  }
  // Equal sizes in the order of the text, which is the order of the addresses here.
  llvm::sort(order, [](const Allocation *a, const Allocation *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });

  constexpr uint64_t kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  uint64_t arenaBytes = 0;
  SmallVector<const Allocation *> placed; // by offset
  for (Allocation *allocation : order) {
    SmallVector<const Allocation *> taken;
    llvm::copy_if(placed, std::back_inserter(taken),
                  [&](const Allocation *other) { return other->meets(*allocation); });
    allocation->offset = firstFit(allocation->bytes, taken);
    if (allocation->offset > kMost - allocation->bytes) {
      return allocation->op.emitOpError("makes the arena larger than 2^63 - 1 bytes");
    }
    arenaBytes = std::max(arenaBytes, allocation->offset + allocation->bytes);
    placed.insert(
        llvm::upper_bound(placed, allocation,
                          [](const Allocation *a, const Allocation *b) { return a->offset < b->offset; }),
        allocation);
  }
  for (Allocation &allocation : *found) {
    allocation.op.setOffset(allocation.offset);
  }
  entry.setArenaBytes(arenaBytes);
  return success();
}

namespace {

struct PlanArenaPass : PassWrapper<PlanArenaPass, OperationPass<EntryOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlanArenaPass)
  PlanArenaPass() = default;
  PlanArenaPass(const PlanArenaPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-program-plan-arena"; }
  StringRef getDescription() const final {
    return "Give every program.alloc its offset in the arena, by liveness and first fit by decreasing size";
  }
  void runOnOperation() final {
    if (failed(planArena(getOperation()))) {
      return signalPassFailure();
    }
    arenaBytes += *getOperation().getArenaBytes();
    getOperation().walk([&](AllocOp) { ++allocations; });
  }

  Statistic allocations{this, "allocations", "buffers placed in arenas"};
  Statistic arenaBytes{this, "arena-bytes", "bytes of the arenas together"};
};

} // namespace

std::unique_ptr<Pass> coopt::program::createPlanArenaPass() { return std::make_unique<PlanArenaPass>(); }

void coopt::program::registerProgramPasses() { PassRegistration<PlanArenaPass>(); }
