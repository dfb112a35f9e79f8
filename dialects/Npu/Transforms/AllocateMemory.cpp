//===- AllocateMemory.cpp - Addresses of buffers ---------------------------------===//
#include "Passes.h"

#include "dialects/Npu/IR/Npu.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// An allocation and how long it is used.
struct Lifetime {
  memref::AllocOp alloc;
  Space space;
  /// Numbers of ops, in the order of the text: from the one that makes it to the last that uses it, and all of the block that it is in.
  std::pair<int64_t, int64_t> tight, wide;
  int64_t bytes = 0, address = 0;
};

class Allocator {
public:
  Allocator(func::FuncOp function, const machine::NpuCore &core) : function(function), core(core) {}
  LogicalResult run();
  bool fits(bool apart);

private:
  mutable func::FuncOp function;
  const machine::NpuCore &core;
  DenseMap<Operation *, std::pair<int64_t, int64_t>> numbers; ///< of an op, and of the last one inside of it
  int64_t next = 0;

  std::vector<Lifetime> lifetimesOf();
  void number(Operation *op);
  int64_t lastUse(Value value, Block *block);
  /// Gives those of a memory their addresses; how many bytes that takes.
  int64_t place(std::vector<Lifetime> &lifetimes, Space space, int64_t alignment, bool isWide) const;
  LogicalResult place(std::vector<Lifetime> &lifetimes, Space space, int64_t capacity,
                      int64_t alignment) const;
};

void Allocator::number(Operation *op) {
  const int64_t own = next++;
  for (Region &region : op->getRegions()) {
    for (Block &block : region) {
      for (Operation &inner : block) {
        number(&inner);
      }
    }
  }
  numbers[op] = {own, next - 1};
}

int64_t Allocator::lastUse(Value value, Block *block) {
  int64_t last = 0;
  for (Operation *user : value.getUsers()) {
    last = std::max(last, numbers.lookup(block->findAncestorOpInBlock(*user)).second);
    if (isa<ViewLikeOpInterface, memref::ExtractStridedMetadataOp>(user)) {
      for (Value result : user->getResults()) {
        last = std::max(last, lastUse(result, block));
      }
    }
  }
  return last;
}

int64_t Allocator::place(std::vector<Lifetime> &lifetimes, Space space, int64_t alignment,
                         bool isWide) const {
  SmallVector<const Lifetime *> placed;
  int64_t most = 0;
  for (Lifetime &lifetime : lifetimes) {
    if (lifetime.space != space) {
      continue;
    }
    // The lowest place between those that live at the same time.
    auto spanOf = [&](const Lifetime &of) { return isWide ? of.wide : of.tight; };
    SmallVector<const Lifetime *> neighbours;
    for (const Lifetime *other : placed) {
      if (spanOf(*other).first <= spanOf(lifetime).second &&
          spanOf(lifetime).first <= spanOf(*other).second) {
        neighbours.push_back(other);
      }
    }
    llvm::sort(neighbours, [](const Lifetime *a, const Lifetime *b) { return a->address < b->address; });
    int64_t address = 0;
    for (const Lifetime *other : neighbours) {
      if (address + lifetime.bytes <= other->address) {
        break;
      }
      const auto end = static_cast<uint64_t>(other->address + other->bytes);
      address = std::max(address, static_cast<int64_t>(llvm::alignTo(end, static_cast<uint64_t>(alignment))));
    }
    lifetime.address = address;
    most = std::max(most, address + lifetime.bytes);
    placed.push_back(&lifetime);
  }
  return most;
}

LogicalResult Allocator::place(std::vector<Lifetime> &lifetimes, Space space, int64_t capacity,
                               int64_t alignment) const {
  // Buffers of a loop that share nothing let its engines work on several of them at a time.
  int64_t most = place(lifetimes, space, alignment, true);
  if (most > capacity) {
    most = place(lifetimes, space, alignment, false);
  }
  if (most > capacity) {
    return function.emitError("needs ") << most << " bytes of " << name(space) << " at a time, a core has "
                                        << capacity << ": " << most - capacity << " too many";
  }
  for (Lifetime &lifetime : lifetimes) {
    if (lifetime.space == space) {
      lifetime.alloc->setAttr(
          NpuDialect::kAddressName,
          IntegerAttr::get(IntegerType::get(function.getContext(), 64), lifetime.address));
    }
  }
  return success();
}

/// Of those that can be allocated.
std::vector<Lifetime> Allocator::lifetimesOf() {
  number(function);
  std::vector<Lifetime> lifetimes;
  function.walk<WalkOrder::PreOrder>([&](memref::AllocOp alloc) {
    if (!alloc.getType().hasStaticShape()) {
      return;
    }
    Lifetime lifetime{alloc, spaceOf(alloc.getType()), {}, {}};
    const int64_t first = numbers[alloc].first;
    lifetime.tight = {first, std::max(first, lastUse(alloc, alloc->getBlock()))};
    Block &block = *alloc->getBlock();
    const bool isInLoop = !isa<func::FuncOp>(block.getParentOp());
    lifetime.wide =
        isInLoop ? std::pair(numbers[&block.front()].first, numbers[&block.back()].second) : lifetime.tight;
    lifetime.bytes = alloc.getType().getNumElements() *
                     static_cast<int64_t>(llvm::divideCeil(alloc.getType().getElementTypeBitWidth(), 8));
    lifetimes.push_back(lifetime);
  });
  return lifetimes;
}

bool Allocator::fits(bool apart) {
  std::vector<Lifetime> lifetimes = lifetimesOf();
  return place(lifetimes, Space::Spad, core.spad.widthBytes, apart) <= core.spad.bytes &&
         (!core.acc || place(lifetimes, Space::Acc, core.acc->widthBytes, apart) <= core.acc->bytes);
}

LogicalResult Allocator::run() {
  WalkResult result = function.walk([](memref::AllocOp alloc) {
    const Space space = spaceOf(alloc.getType());
    if (space != Space::Spad && space != Space::Acc) {
      alloc.emitError("is in ") << name(space) << ": only spad and acc are allocated";
      return WalkResult::interrupt();
    }
    if (!alloc.getType().hasStaticShape()) {
      alloc.emitError("has an extent of run time");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  std::vector<Lifetime> lifetimes = lifetimesOf();
  return failure(result.wasInterrupted() ||
                 failed(place(lifetimes, Space::Spad, core.spad.bytes, core.spad.widthBytes)) ||
                 failed(place(lifetimes, Space::Acc, core.acc ? core.acc->bytes : 0,
                              core.acc ? core.acc->widthBytes : 1)));
}

} // namespace

bool npu::fits(func::FuncOp function, const machine::NpuCore &core, bool apart) {
  return Allocator(function, core).fits(apart);
}

LogicalResult npu::allocateMemory(func::FuncOp function, const machine::NpuCore &core) {
  return Allocator(function, core).run();
}
