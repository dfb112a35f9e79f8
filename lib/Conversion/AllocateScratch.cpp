//===- AllocateScratch.cpp - coopt-allocate-scratch -------------------------===//
//
// Kernels neither allocate nor use the stack for tiles: each memref.alloc gets a place of its own in a buffer
// that the caller provides, large enough for the largest sizes. An alloc in a loop uses the same place in
// every iteration.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace coopt {
namespace {

constexpr llvm::StringLiteral kScratchArgument = "coopt.scratch";
constexpr llvm::StringLiteral kScratchBytes = "coopt.scratch_bytes";
constexpr int64_t kAlignment = 64;
/// More than any worker's tile temporaries could sensibly be; keeps sums from overflowing too.
constexpr int64_t kLargestScratch = int64_t(1) << 40;

class AllocateScratchPass : public FunctionsPass<AllocateScratchPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AllocateScratchPass)
  StringRef getArgument() const final { return "coopt-allocate-scratch"; }
  StringRef getDescription() const final {
    return "place memref.alloc in the scratch argument and set coopt.scratch_bytes";
  }

  LogicalResult runOn(func::FuncOp function) {
    if (function.isExternal()) {
      return success();
    }
    SmallVector<Operation *> allocations;
    function.walk([&](Operation *op) {
      if (isa<memref::AllocOp, memref::AllocaOp>(op)) {
        allocations.push_back(op);
      }
    });

    // All sizes first: while the bounds are asked for, the function must be as it was.
    SmallVector<int64_t> offsets;
    int64_t total = 0;
    for (Operation *op : allocations) {
      FailureOr<int64_t> bytes = largestSize(op);
      if (failed(bytes)) {
        return failure();
      }
      offsets.push_back(total);
      total += llvm::alignTo(*bytes, kAlignment);
      if (total > kLargestScratch) {
        return op->emitError("scratch of the kernel exceeds ") << kLargestScratch << " bytes";
      }
    }
    OpBuilder builder(&getContext());
    function->setAttr(kScratchBytes, builder.getI64IntegerAttr(total));
    if (allocations.empty()) {
      return success();
    }
    FailureOr<Value> scratch = scratchArgument(function);
    if (failed(scratch)) {
      return failure();
    }
    for (auto [op, offset] : llvm::zip_equal(allocations, offsets)) {
      replace(op, *scratch, offset);
    }
    return success();
  }

private:
  static FailureOr<int64_t> largestSize(Operation *op) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    auto alignment = op->getAttrOfType<IntegerAttr>("alignment");
    if (alignment && alignment.getInt() > kAlignment) {
      return op->emitError("alignment of at most ") << kAlignment << " expected, got " << alignment.getInt();
    }
    if (!type.getLayout().isIdentity()) {
      return op->emitError("expected a contiguous buffer, got ") << type;
    }
    Type element = type.getElementType();
    if (!element.isIntOrIndexOrFloat()) {
      return op->emitError("expected elements that are numbers, got ") << element;
    }
    int64_t bytes = element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8u);
    auto sizes = op->getOperands().begin();
    for (int64_t extent : type.getShape()) {
      if (ShapedType::isDynamic(extent)) {
        FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
            presburger::BoundType::UB, ValueBoundsConstraintSet::Variable(*sizes++), nullptr,
            /*closedUB=*/true);
        if (failed(bound)) {
          return op->emitError("a temporary of the kernel has no bound on its size: ") << type;
        }
        extent = std::max<int64_t>(*bound, 0);
      }
      if (llvm::MulOverflow(bytes, extent, bytes) || bytes > kLargestScratch) {
        return op->emitError("a temporary of the kernel exceeds ") << kLargestScratch << " bytes: " << type;
      }
    }
    return bytes;
  }

  FailureOr<Value> scratchArgument(func::FuncOp function) {
    auto type = MemRefType::get({ShapedType::kDynamic}, IntegerType::get(&getContext(), 8));
    for (BlockArgument argument : function.getArguments()) {
      if (function.getArgAttr(argument.getArgNumber(), kScratchArgument)) {
        if (argument.getType() != type) {
          return function.emitError("scratch argument: expected ") << type << ", got " << argument.getType();
        }
        return Value(argument);
      }
    }
    unsigned index = function.getNumArguments();
    auto attributes =
        DictionaryAttr::get(&getContext(), NamedAttribute(StringAttr::get(&getContext(), kScratchArgument),
                                                          UnitAttr::get(&getContext())));
    if (failed(function.insertArgument(index, type, attributes, function.getLoc()))) {
      return function.emitError("cannot take a scratch argument");
    }
    return Value(function.getArgument(index));
  }

  static void replace(Operation *op, Value scratch, int64_t offset) {
    Value buffer = op->getResult(0);
    for (Operation *user : llvm::make_early_inc_range(buffer.getUsers())) {
      if (isa<memref::DeallocOp>(user)) {
        user->erase();
      }
    }
    OpBuilder builder(op);
    Value shift = arith::ConstantIndexOp::create(builder, op->getLoc(), offset);
    Value view =
        memref::ViewOp::create(builder, op->getLoc(), buffer.getType(), scratch, shift, op->getOperands());
    buffer.replaceAllUsesWith(view);
    op->erase();
  }
};

} // namespace

std::unique_ptr<Pass> createAllocateScratchPass() { return std::make_unique<AllocateScratchPass>(); }

} // namespace coopt
