//===- AllocateMemory.cpp - Addresses of buffers ---------------------------------===//
#include "Passes.h"

#include "coopt/Solver/Placement.h"
#include "dialects/Npu/IR/Npu.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// What may be spent on a placement that simple ones don't find: for buffers of loops that share nothing, which is only quicker; and
/// where there is no other way. Counted in steps, so that a kernel has one image.
constexpr solver::PlacementEffort kForSpeed{0, 100000}, kForRoom{0, 2000000};

/// An allocation and how long it is used.
struct Lifetime {
  memref::AllocOp alloc;
  /// Numbers of ops, in the order of the text: from the one that makes it to the last that uses it, and all of the block that it is in.
  std::pair<int64_t, int64_t> tight, wide;
  int64_t bytes = 0;
};

/// The lifetimes of a memory's buffers, as the solver knows them.
struct Stays {
  std::vector<solver::Stay> stays;
  std::vector<int64_t> sizes;
};

class Allocator {
public:
  explicit Allocator(func::FuncOp function) : function(function) {}
  /// Of buffers that can be allocated, in each memory.
  void findLifetimes();
  /// Offsets, if there are some.
  std::optional<Stays> place(Space space, int64_t capacity, int64_t alignment, bool isWide,
                             solver::PlacementEffort effort) const;
  LogicalResult allocate(Space space, int64_t capacity, int64_t alignment) const;

private:
  mutable func::FuncOp function;
  std::map<Space, std::vector<Lifetime>> lifetimes;
  std::vector<Operation *> ops;                               ///< by their numbers
  DenseMap<Operation *, std::pair<int64_t, int64_t>> numbers; ///< of an op, and of the last one inside of it

  void number(Operation *op);
  int64_t lastUse(Value value, Block *block) const;
  Stays staysOf(Space space, int64_t alignment, bool isWide) const;
  std::string contentOf(memref::AllocOp alloc) const;
  LogicalResult explain(Space space, int64_t capacity, int64_t alignment) const;
};

void Allocator::number(Operation *op) {
  const auto own = static_cast<int64_t>(ops.size());
  ops.push_back(op);
  for (Region &region : op->getRegions()) {
    for (Block &block : region) {
      for (Operation &inner : block) {
        number(&inner);
      }
    }
  }
  numbers[op] = {own, static_cast<int64_t>(ops.size()) - 1};
}

int64_t Allocator::lastUse(Value value, Block *block) const {
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

void Allocator::findLifetimes() {
  number(function);
  function.walk<WalkOrder::PreOrder>([&](memref::AllocOp alloc) {
    if (!alloc.getType().hasStaticShape()) {
      return;
    }
    Lifetime lifetime{alloc, {}, {}};
    const int64_t first = numbers[alloc].first;
    lifetime.tight = {first, std::max(first, lastUse(alloc, alloc->getBlock()))};
    Block &block = *alloc->getBlock();
    const bool isInLoop = !isa<func::FuncOp>(block.getParentOp());
    lifetime.wide =
        isInLoop ? std::pair(numbers[&block.front()].first, numbers[&block.back()].second) : lifetime.tight;
    lifetime.bytes = alloc.getType().getNumElements() *
                     static_cast<int64_t>(llvm::divideCeil(alloc.getType().getElementTypeBitWidth(), 8));
    lifetimes[spaceOf(alloc.getType())].push_back(lifetime);
  });
}

Stays Allocator::staysOf(Space space, int64_t alignment, bool isWide) const {
  Stays result;
  const auto of = lifetimes.find(space);
  for (const Lifetime &lifetime : of == lifetimes.end() ? ArrayRef<Lifetime>() : ArrayRef(of->second)) {
    const auto [first, last] = isWide ? lifetime.wide : lifetime.tight;
    result.stays.push_back({result.sizes.size(), static_cast<size_t>(first), static_cast<size_t>(last), 0});
    result.sizes.push_back(llvm::divideCeil(lifetime.bytes, alignment) * alignment);
  }
  return result;
}

std::optional<Stays> Allocator::place(Space space, int64_t capacity, int64_t alignment, bool isWide,
                                      solver::PlacementEffort effort) const {
  Stays result = staysOf(space, alignment, isWide);
  const bool isPlaced = solver::place(result.stays, result.sizes, capacity, effort) == solver::Placed::Yes;
  return isPlaced ? std::optional(std::move(result)) : std::nullopt;
}

/// The first op that writes it, and of a copy what it is a copy of.
std::string Allocator::contentOf(memref::AllocOp alloc) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(alloc.getType().getShape(), os, "x");
  os << "x" << alloc.getType().getElementType();
  for (Operation *op : ArrayRef(ops).drop_front(numbers.lookup(alloc).first)) {
    auto effects = dyn_cast<MemoryEffectOpInterface>(op);
    SmallVector<MemoryEffects::EffectInstance> writes;
    if (effects) {
      effects.getEffects<MemoryEffects::Write>(writes);
    }
    const bool isWritten = llvm::any_of(writes, [&](const MemoryEffects::EffectInstance &write) {
      return write.getValue() && rootOf(write.getValue()) == alloc.getResult();
    });
    if (!isWritten) {
      continue;
    }
    auto copy = dyn_cast<CopyOp>(op);
    auto argument = copy ? dyn_cast<BlockArgument>(rootOf(copy.getSource())) : BlockArgument();
    const bool isKernels = argument && argument.getOwner() == &function.front();
    auto symbol =
        isKernels ? function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), NpuDialect::kSymbolName)
                  : StringAttr();
    if (symbol) {
      os << " of " << symbol.getValue();
    } else if (isKernels) {
      os << " of argument " << argument.getArgNumber();
    } else {
      os << " of " << op->getName();
      if (auto what = op->getAttrOfType<StringAttr>("function")) { // of a map or a reduction
        os << " " << what.getValue();
      }
    }
    break;
  }
  return text;
}

/// Says what does not fit, where the most is there.
LogicalResult Allocator::explain(Space space, int64_t capacity, int64_t alignment) const {
  const Stays all = staysOf(space, alignment, false);
  const solver::Peak peak = solver::peakOf(all.stays, all.sizes);
  if (peak.bytes <= capacity) {
    return function.emitError("uses up to ")
           << peak.bytes << " bytes of " << name(space) << " at a time, a core has " << capacity
           << ", but no places were found where all that lives at a time lies apart";
  }
  size_t last = ops.size() - 1;
  std::vector<std::string> names;
  std::vector<int64_t> sizes;
  std::vector<memref::AllocOp> allocs;
  for (const solver::Stay &stay : all.stays) {
    if (stay.first <= peak.step && peak.step <= stay.last) {
      allocs.push_back(lifetimes.at(space)[stay.tensor].alloc);
      names.push_back(contentOf(allocs.back()));
      sizes.push_back(all.sizes[stay.tensor]);
      last = std::min(last, stay.last);
    }
  }
  // All of it is there until then: at an op that computes or moves, if there is one.
  Operation *at = ops[peak.step];
  for (size_t step = peak.step; step <= last; ++step) {
    if (engineOf(ops[step])) {
      at = ops[step];
      break;
    }
  }
  InFlightDiagnostic diagnostic = at->emitError();
  diagnostic << solver::tooMuchText(names, sizes, capacity, at->getName().getStringRef().str(), name(space))
             << ": with all that is there " << peak.bytes - capacity << " too many";
  // Schedules are those of kernels, whose name may be another op's.
  auto kernel = function.getLoc()->findInstanceOf<NameLoc>();
  diagnostic.attachNote(function.getLoc())
      << "in kernel '" << (kernel ? kernel.getName().getValue() : function.getSymName()) << "'";
  for (size_t i : solver::tooManyOf(sizes, capacity)) {
    diagnostic.attachNote(allocs[i].getLoc()) << "'" << names[i] << "' needs " << sizes[i] << " bytes";
  }
  return diagnostic;
}

LogicalResult Allocator::allocate(Space space, int64_t capacity, int64_t alignment) const {
  // Buffers of a loop that share nothing let its engines work on several of them at a time.
  std::optional<Stays> placed = place(space, capacity, alignment, true, kForSpeed);
  if (!placed) {
    placed = place(space, capacity, alignment, false, kForRoom);
  }
  if (!placed) {
    return explain(space, capacity, alignment);
  }
  for (const solver::Stay &stay : placed->stays) {
    lifetimes.at(space)[stay.tensor].alloc->setAttr(
        NpuDialect::kAddressName, IntegerAttr::get(IntegerType::get(function.getContext(), 64), stay.offset));
  }
  return success();
}

} // namespace

bool npu::fits(func::FuncOp function, const machine::NpuCore &core, bool apart) {
  Allocator allocator(function);
  allocator.findLifetimes();
  return allocator.place(Space::Spad, core.spad.bytes, core.spad.widthBytes, apart, {}) &&
         (!core.acc || allocator.place(Space::Acc, core.acc->bytes, core.acc->widthBytes, apart, {}));
}

LogicalResult npu::allocateMemory(func::FuncOp function, const machine::NpuCore &core) {
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
  if (result.wasInterrupted()) {
    return failure();
  }
  Allocator allocator(function);
  allocator.findLifetimes();
  return failure(failed(allocator.allocate(Space::Spad, core.spad.bytes, core.spad.widthBytes)) ||
                 failed(allocator.allocate(Space::Acc, core.acc ? core.acc->bytes : 0,
                                           core.acc ? core.acc->widthBytes : 1)));
}
