//===- PlanArena.cpp - Offsets of the host program's buffers -----------------===//
#include "dialects/Program/Transforms/Passes.h"

#include "coopt/Solver/Placement.h"
#include "dialects/Program/Transforms/SizeBounds.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using namespace coopt::program;

namespace {

constexpr uint64_t kAlignment = 64;

/// Of Z3, in steps, so that a program has one plan: only where first fit takes more than is used at a time.
constexpr coopt::solver::PlacementEffort kEffort{0, 200000};

/// Buffers, and their lives as closed ranges of command numbers; their bytes at the largest sizes, rounded up to the alignment.
struct Allocations {
  SmallVector<AllocOp> ops;
  std::vector<coopt::solver::Stay> stays;
  std::vector<int64_t> bytes;
};

/// Commands are numbered in the order of the text. A program only branches forward, so whatever runs at one
/// time has such a number between those of what ran before and after, and the two sides of a branch never
/// meet.
FailureOr<Allocations> findAllocations(EntryOp entry) {
  llvm::DenseMap<Operation *, unsigned> numbers;
  entry.getBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) { numbers[op] = static_cast<unsigned>(numbers.size()); });
  SizeBounds bounds(entry);
  constexpr uint64_t kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  Allocations allocations;
  uint64_t sum = 0;
  WalkResult result = entry.getBody().walk<WalkOrder::PreOrder>([&](AllocOp op) {
    FailureOr<uint64_t> bytes = bounds.bytesOf(op);
    if (failed(bytes)) {
      return WalkResult::interrupt();
    }
    if (*bytes > kMost - kAlignment) {
      op.emitOpError("is larger than 2^63 - 1 bytes for the largest sizes");
      return WalkResult::interrupt();
    }
    sum += llvm::alignTo(*bytes, kAlignment);
    if (sum > kMost) {
      op.emitOpError("makes the buffers together larger than 2^63 - 1 bytes");
      return WalkResult::interrupt();
    }
    auto [first, last] = std::pair(std::numeric_limits<unsigned>::max(), 0u);
    for (Operation *user : op->getUsers()) {
      first = std::min(first, numbers[user]);
      last = std::max(last, numbers[user]);
    }
    if (op->use_empty()) {
      first = last = numbers[op];
    }
    allocations.stays.push_back({allocations.ops.size(), first, last, 0});
    allocations.bytes.push_back(static_cast<int64_t>(llvm::alignTo(*bytes, kAlignment)));
    allocations.ops.push_back(op);
    return WalkResult::advance();
  });
  if (result.wasInterrupted()) {
    return failure();
  }
  return allocations;
}

} // namespace

FailureOr<ArenaPlan> coopt::program::planArena(EntryOp entry) {
  FailureOr<Allocations> found = findAllocations(entry);
  if (failed(found)) {
    return failure();
  }
  ArenaPlan plan;
  plan.bytes = static_cast<uint64_t>(solver::pack(found->stays, found->bytes, kEffort));
  plan.bound = static_cast<uint64_t>(solver::peakOf(found->stays, found->bytes).bytes);
  for (const solver::Stay &stay : found->stays) {
    found->ops[stay.tensor].setOffset(static_cast<uint64_t>(stay.offset));
  }
  entry.setArenaBytes(plan.bytes);
  return plan;
}

namespace {

struct PlanArenaPass : PassWrapper<PlanArenaPass, OperationPass<EntryOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlanArenaPass)
  PlanArenaPass() = default;
  PlanArenaPass(const PlanArenaPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-program-plan-arena"; }
  StringRef getDescription() const final {
    return "Give every program.alloc its offset in the arena, by liveness, in as few bytes as are found";
  }
  void runOnOperation() final {
    FailureOr<ArenaPlan> plan = planArena(getOperation());
    if (failed(plan)) {
      return signalPassFailure();
    }
    arenaBytes += plan->bytes;
    boundBytes += plan->bound;
    getOperation().walk([&](AllocOp) { ++allocations; });
  }

  Statistic allocations{this, "allocations", "buffers placed in arenas"};
  Statistic arenaBytes{this, "arena-bytes", "bytes of the arenas together"};
  Statistic boundBytes{this, "bound-bytes", "bytes that are used at a time, of the arenas together"};
};

} // namespace

std::unique_ptr<Pass> coopt::program::createPlanArenaPass() { return std::make_unique<PlanArenaPass>(); }

void coopt::program::registerProgramPasses() { PassRegistration<PlanArenaPass>(); }
