#include "FunctionChecks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

class AccessChecker {
public:
  explicit AccessChecker(SymbolicExtents &extents) : extents(extents) {}

  LogicalResult check(Operation *op);

private:
  LogicalResult checkWindow(linalg::LinalgOp op, OpOperand &operand, int64_t dimension, AffineExpr index);
  LogicalResult checkIndex(Operation *op, Value tensor, ValueRange indices);
  LogicalResult checkSlice(OffsetSizeAndStrideOpInterface op, Value tensor);

  Value compare(ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }

  SymbolicExtents &extents;
};

} // namespace

/// The least and the largest value of an index expression over loops from 0 to `last`.
static std::optional<std::pair<AffineExpr, AffineExpr>> windowOf(AffineExpr expr, ArrayRef<AffineExpr> last) {
  using Range = std::optional<std::pair<AffineExpr, AffineExpr>>;
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    return std::pair(getAffineConstantExpr(0, expr.getContext()), last[dim.getPosition()]);
  }
  if (isa<AffineConstantExpr>(expr)) {
    return std::pair(expr, expr);
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary) {
    return std::nullopt;
  }
  Range a = windowOf(binary.getLHS(), last);
  if (a && binary.getKind() == AffineExprKind::Add) {
    Range b = windowOf(binary.getRHS(), last);
    return b ? Range(std::pair(a->first + b->first, a->second + b->second)) : std::nullopt;
  }
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!a || !factor) {
    return std::nullopt;
  }
  switch (binary.getKind()) {
  case AffineExprKind::Mul:
    return factor.getValue() >= 0 ? std::pair(a->first * factor, a->second * factor)
                                  : std::pair(a->second * factor, a->first * factor);
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv: {
    if (factor.getValue() <= 0) {
      return std::nullopt;
    }
    bool floor = binary.getKind() == AffineExprKind::FloorDiv;
    return floor ? std::pair(a->first.floorDiv(factor), a->second.floorDiv(factor))
                 : std::pair(a->first.ceilDiv(factor), a->second.ceilDiv(factor));
  }
  case AffineExprKind::Mod:
    return std::pair(getAffineConstantExpr(0, expr.getContext()), factor - 1);
  default:
    return std::nullopt;
  }
}

/// An operand that is read through an expression of several loops: a window of a convolution.
LogicalResult AccessChecker::checkWindow(linalg::LinalgOp op, OpOperand &operand, int64_t dimension,
                                         AffineExpr index) {
  Extent extent(operand.get(), dimension);
  SmallVector<AffineExpr> last, symbolic;
  SmallVector<OpFoldResult> sizes;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    std::optional<Extent> size = extentOfLoop(op, loop);
    if (!size) {
      return op->emitError("has a loop of unknown extent");
    }
    symbolic.push_back(extents.of(*size) - 1);
    last.push_back(b.getAffineSymbolExpr(loop) - 1);
  }
  auto known = windowOf(index, symbolic), window = windowOf(index, last);
  if (!known || !window) {
    return op->emitError() << "'" << op->getName() << "' reads operand " << operand.getOperandNumber()
                           << " at an index that can't be bounded";
  }
  AffineExpr bound = extents.of(extent);
  std::optional<int64_t> above = extents.difference(known->second, bound);
  std::optional<int64_t> below = extents.difference(known->first, b.getAffineConstantExpr(0));
  bool staysInside = above && *above < 0 && below && *below >= 0;
  if (staysInside) {
    return success();
  }
  Value empty;
  Value zero = arith::ConstantIndexOp::create(b, 0);
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    Value size = valueOf(b, *extentOfLoop(op, loop));
    sizes.push_back(size);
    if (index.isFunctionOfDim(loop)) {
      Value none = compare(b, arith::CmpIPredicate::eq, size, zero);
      empty = empty ? arith::OrIOp::create(b, empty, none).getResult() : none;
    }
  }
  auto evaluate = [&](AffineExpr expr) {
    OpFoldResult value = affine::makeComposedFoldedAffineApply(b, b.getLoc(), expr, sizes);
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
  };
  Value from = evaluate(window->first), to = evaluate(window->second), size = valueOf(b, extent);
  Value low = compare(b, arith::CmpIPredicate::sge, from, zero);
  Value high = compare(b, arith::CmpIPredicate::slt, to, size);
  Value inside = arith::AndIOp::create(b, low, high);
  if (empty) {
    inside = arith::OrIOp::create(b, inside, empty);
  }
  require(b, inside, model::Requirement::slice, to, size);
  return success();
}

LogicalResult AccessChecker::checkIndex(Operation *op, Value tensor, ValueRange indices) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  for (auto [d, index] : llvm::enumerate(indices)) {
    AffineExpr extent = extents.of(Extent(tensor, d));
    if (auto range = extents.range(index)) {
      std::optional<int64_t> above = extents.difference(range->second, extent);
      std::optional<int64_t> least = extents.difference(range->first, b.getAffineConstantExpr(0));
      if (above && *above < 0 && (least ? *least >= 0 : extents.isNotNegative(range->first))) {
        continue;
      }
      if (std::optional<int64_t> constant = getConstantIntValue(index); constant && above) {
        return op->emitError() << "index " << *constant << " is outside [0, " << extents.text(extent) << ")";
      }
    }
    Value zero = arith::ConstantIndexOp::create(b, 0);
    Value size = valueOf(b, Extent(tensor, d));
    Value low = compare(b, arith::CmpIPredicate::sge, index, zero);
    Value high = compare(b, arith::CmpIPredicate::slt, index, size);
    require(b, arith::AndIOp::create(b, low, high), model::Requirement::index, index, size);
  }
  return success();
}

LogicalResult AccessChecker::checkSlice(OffsetSizeAndStrideOpInterface op, Value tensor) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  AffineExpr none = b.getAffineConstantExpr(0);
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets(), sizes = op.getMixedSizes(),
                            strides = op.getMixedStrides();
  for (size_t d = 0; d < offsets.size(); ++d) {
    AffineExpr offset = extents.of(Extent(offsets[d])), size = extents.of(Extent(sizes[d]));
    AffineExpr stride = extents.of(Extent(strides[d])), extent = extents.of(Extent(tensor, d));
    auto step = dyn_cast<AffineConstantExpr>(stride);
    if (step && step.getValue() < 1) {
      return op->emitError() << "a slice with stride " << step.getValue()
                             << " is not supported: expected at least 1";
    }
    auto notNegative = [&](AffineExpr expr) {
      std::optional<int64_t> known = extents.difference(expr, none);
      return known ? *known >= 0 : extents.isNotNegative(expr);
    };
    std::optional<int64_t> above = extents.difference(offset + (size - 1) * stride, extent);
    std::optional<int64_t> count = extents.difference(size, none);
    bool reaches = above && *above < 0;
    // Without elements the offset still is one of a place in the tensor, or of its end.
    std::optional<int64_t> past = extents.difference(offset, extent);
    reaches |= count && *count == 0 && past && *past <= 0;
    if (step && notNegative(offset) && notNegative(size) && reaches) {
      continue;
    }
    if (step && count && *count > 0 && above && *above >= 0) {
      return op->emitError() << "a slice reaches past the end of dimension " << d << ", of extent "
                             << extents.text(extent);
    }
    auto valueOfIndex = [&](OpFoldResult v) { return getValueOrCreateConstantIndexOp(b, b.getLoc(), v); };
    Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
    Value from = valueOfIndex(offsets[d]), length = valueOfIndex(sizes[d]), by = valueOfIndex(strides[d]);
    Value end = valueOf(b, Extent(tensor, d));
    auto both = [&](Value x, Value y) { return arith::AndIOp::create(b, x, y).getResult(); };
    auto either = [&](Value x, Value y) { return arith::OrIOp::create(b, x, y).getResult(); };
    using Predicate = arith::CmpIPredicate;
    // Each number is bounded by the extent before they are multiplied: no overflow.
    Value inside = both(compare(b, Predicate::sge, from, zero), compare(b, Predicate::sle, from, end));
    inside =
        both(inside, both(compare(b, Predicate::sge, length, zero), compare(b, Predicate::sle, length, end)));
    Value single = compare(b, Predicate::sle, length, one);
    inside = both(inside, both(compare(b, Predicate::sge, by, one),
                               either(single, compare(b, Predicate::sle, by, end))));
    Value last =
        arith::AddIOp::create(b, from, arith::MulIOp::create(b, arith::SubIOp::create(b, length, one), by));
    Value nothing = compare(b, Predicate::eq, length, zero);
    inside = both(inside, either(nothing, compare(b, Predicate::slt, last, end)));
    Value shown = arith::SelectOp::create(b, compare(b, Predicate::slt, from, zero), from, last);
    require(b, inside, model::Requirement::slice, shown, end);
  }
  return success();
}

LogicalResult AccessChecker::check(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType())) {
        continue;
      }
      for (auto [d, expr] : llvm::enumerate(structured.getMatchingIndexingMap(&operand).getResults())) {
        if (!isa<AffineDimExpr>(expr) && failed(checkWindow(structured, operand, d, expr))) {
          return failure();
        }
      }
    }
    return success();
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](tensor::ExtractOp extract) {
        return checkIndex(op, extract.getTensor(), extract.getIndices());
      })
      .Case([&](tensor::InsertOp insert) { return checkIndex(op, insert.getDest(), insert.getIndices()); })
      .Case([&](tensor::ExtractSliceOp slice) { return checkSlice(slice, slice.getSource()); })
      .Case([&](tensor::InsertSliceOp slice) { return checkSlice(slice, slice.getDest()); })
      .Case([&](tensor::ParallelInsertSliceOp slice) { return checkSlice(slice, slice.getDest()); })
      .Case([&](tensor::PadOp pad) {
        ImplicitLocOpBuilder b(op->getLoc(), op);
        for (OpFoldResult amount : llvm::concat<OpFoldResult>(pad.getMixedLowPad(), pad.getMixedHighPad())) {
          AffineExpr known = extents.of(Extent(amount));
          if (extents.isNotNegative(known)) {
            continue;
          }
          if (isa<AffineConstantExpr>(known)) {
            return LogicalResult(op->emitError()
                                 << "expected paddings of at least 0, got " << extents.text(known));
          }
          Value zero = arith::ConstantIndexOp::create(b, 0);
          Value value = getValueOrCreateConstantIndexOp(b, b.getLoc(), amount);
          require(b, compare(b, arith::CmpIPredicate::sge, value, zero), model::Requirement::negative, value,
                  zero);
        }
        return success();
      })
      .Case([&](tensor::DimOp dim) {
        auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
        std::optional<int64_t> number = dim.getConstantIndex();
        return type && number && *number >= 0 && *number < type.getRank()
                   ? success()
                   : LogicalResult(
                         op->emitError("expected 'tensor.dim' of a constant dimension of a ranked tensor"));
      })
      .Default([](Operation *) { return success(); });
}

LogicalResult coopt::import::checkAccesses(ArrayRef<Operation *> ops, SymbolicExtents &extents) {
  AccessChecker checker(extents);
  for (Operation *op : ops) {
    if (failed(checker.check(op))) {
      return failure();
    }
  }
  return success();
}
