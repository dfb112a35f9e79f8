#include "CheckFunctions.h"

#include "SymbolicExtents.h"

#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

using Equality = SymbolicExtents::Equality;

class FunctionChecker {
public:
  explicit FunctionChecker(func::FuncOp function) : function(function), extents(function) {}

  LogicalResult run();

private:
  /// Two extents that must be equal when `op` runs.
  struct Pair {
    Operation *op;
    Extent a, b;
  };

  LogicalResult equal(Operation *op, Extent a, Extent b);
  LogicalResult checkSizes(Operation *op);
  LogicalResult checkLinalg(linalg::LinalgOp op);
  LogicalResult checkReturn(func::ReturnOp op);
  LogicalResult checkAccess(Operation *op);
  LogicalResult checkWindow(linalg::LinalgOp op, OpOperand &operand, int64_t dimension, AffineExpr index);
  LogicalResult checkIndex(Operation *op, Value tensor, ValueRange indices);
  LogicalResult checkSlice(OffsetSizeAndStrideOpInterface op, Value tensor);
  void nameSizes();
  LogicalResult fixSizes();

  /// The value of an extent, from outside of all loops over elements.
  Value valueOf(ImplicitLocOpBuilder &b, const Extent &extent);
  void require(ImplicitLocOpBuilder &b, Value condition, model::Requirement kind, Value value, Value bound) {
    DenseI64ArrayAttr place;
    if (auto at = b.getLoc()->findInstanceOf<FileLineColLoc>()) {
      place = b.getDenseI64ArrayAttr({at.getLine(), at.getColumn()});
    }
    model::RequireOp::create(b, condition, kind, value, bound, place);
  }
  Value compare(ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }

  func::FuncOp function;
  SymbolicExtents extents;
  std::vector<Pair> atRunTime;
};

/// The operand and the dimension that loop `loop` of a structured op runs over.
std::optional<Extent> extentOfLoop(linalg::LinalgOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType())) {
      continue;
    }
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      if (expr == getAffineDimExpr(loop, op->getContext())) {
        return Extent(operand.get(), d);
      }
    }
  }
  return std::nullopt;
}

} // namespace

LogicalResult FunctionChecker::equal(Operation *op, Extent a, Extent b) {
  AffineExpr first = extents.of(a), second = extents.of(b);
  switch (extents.merge(first, second)) {
  case Equality::Always:
    return success();
  case Equality::Never:
    return op->emitError() << "'" << op->getName() << "' needs equal extents, got " << extents.text(first)
                           << " and " << extents.text(second);
  case Equality::TwoNames:
    return op->emitError() << "'" << op->getName() << "' needs sizes '" << extents.nameOf(first) << "' and '"
                           << extents.nameOf(second) << "' to be equal: give them one name in coopt.dims";
  case Equality::RunTime:
    atRunTime.push_back({op, a, b});
    return success();
  }
  return failure();
}

LogicalResult FunctionChecker::checkLinalg(linalg::LinalgOp op) {
  std::vector<std::optional<Extent>> loops;
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    loops.push_back(extentOfLoop(op, loop));
  }
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType())) {
      continue;
    }
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (dim && failed(equal(op, *loops[dim.getPosition()], Extent(operand.get(), d)))) {
        return failure();
      }
    }
  }
  return success();
}

LogicalResult FunctionChecker::checkReturn(func::ReturnOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    unsigned number = operand.getOperandNumber();
    auto given = function.getResultAttrOfType<ArrayAttr>(number, "coopt.dims");
    if (!type || !given || given.size() != static_cast<size_t>(type.getNumDynamicDims())) {
      continue; // what is wrong with the names is said where they are read
    }
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d)) {
        continue;
      }
      auto name = dyn_cast<StringAttr>(given[type.getDynamicDimIndex(d)]);
      if (!name) {
        continue;
      }
      AffineExpr size = extents.sizeNamed(name, /*isGiven=*/true);
      AffineExpr actual = extents.of(Extent(operand.get(), d));
      switch (extents.merge(actual, size)) {
      case Equality::Always:
        break;
      case Equality::Never:
        return op->emitError() << "result " << number << " has extent " << extents.text(actual)
                               << " in dimension " << d << ", which size '" << name.getValue()
                               << "' can't be";
      case Equality::TwoNames:
        return op->emitError() << "result " << number << " has extent '" << extents.nameOf(actual)
                               << "' in dimension " << d << ", but is said to have '" << name.getValue()
                               << "'";
      case Equality::RunTime: {
        OpBuilder builder(op);
        Value declared = model::SizeOp::create(builder, op.getLoc(), builder.getIndexType(), name);
        atRunTime.push_back({op, Extent(operand.get(), d), Extent(OpFoldResult(declared))});
        break;
      }
      }
    }
  }
  return success();
}

LogicalResult FunctionChecker::checkSizes(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    return checkLinalg(structured);
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](func::ReturnOp terminator) { return checkReturn(terminator); })
      .Case([&](tensor::CastOp cast) -> LogicalResult {
        auto from = dyn_cast<RankedTensorType>(cast.getSource().getType());
        auto to = dyn_cast<RankedTensorType>(cast.getType());
        if (!from || !to) {
          return op->emitError("expected ranked tensors");
        }
        for (int64_t d = 0; d < to.getRank(); ++d) {
          if (!to.isDynamicDim(d) &&
              failed(equal(op, Extent(cast.getSource(), d),
                           Extent(OpFoldResult(
                               IntegerAttr::get(IndexType::get(op->getContext()), to.getDimSize(d))))))) {
            return failure();
          }
        }
        return success();
      })
      .Case([&](tensor::InsertSliceOp insert) -> LogicalResult {
        llvm::SmallBitVector dropped = insert.getDroppedDims();
        int64_t from = 0;
        for (auto [d, size] : llvm::enumerate(insert.getMixedSizes())) {
          if (!dropped.test(d) && failed(equal(op, Extent(insert.getSource(), from++), Extent(size)))) {
            return failure();
          }
        }
        return success();
      })
      .Case([&](tensor::ConcatOp concat) -> LogicalResult {
        for (Value input : concat.getInputs().drop_front()) {
          for (int64_t d = 0; d < concat.getResultType().getRank(); ++d) {
            if (d != static_cast<int64_t>(concat.getDim()) &&
                failed(equal(op, Extent(concat.getInputs().front(), d), Extent(input, d)))) {
              return failure();
            }
          }
        }
        return success();
      })
      .Case([&](tensor::ExpandShapeOp expand) -> LogicalResult {
        // The product of a group is the extent that it came from.
        OpBuilder builder(op);
        SmallVector<OpFoldResult> shape = expand.getMixedOutputShape();
        for (auto [d, group] : llvm::enumerate(expand.getReassociationIndices())) {
          OpFoldResult product = builder.getIndexAttr(1);
          AffineExpr xy = builder.getAffineSymbolExpr(0) * builder.getAffineSymbolExpr(1);
          for (int64_t to : group) {
            product = affine::makeComposedFoldedAffineApply(builder, op->getLoc(), xy, {product, shape[to]});
          }
          if (failed(equal(op, Extent(expand.getSrc(), d), Extent(product)))) {
            return failure();
          }
        }
        return success();
      })
      .Case([&](model::GatherOp gather) -> LogicalResult {
        return failure(failed(equal(op, Extent(gather.getIds(), 0), Extent(gather.getInit(), 0))) ||
                       failed(equal(op, Extent(gather.getTable(), 1), Extent(gather.getInit(), 1))));
      })
      .Case<tensor::ReshapeOp>([&](auto) {
        return op->emitError("'tensor.reshape' is not supported: expected "
                             "tensor.expand_shape or tensor.collapse_shape");
      })
      .Default([](Operation *) { return success(); });
}

Value FunctionChecker::valueOf(ImplicitLocOpBuilder &b, const Extent &extent) {
  if (!extent.tensor) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), extent.index);
  }
  auto type = cast<RankedTensorType>(extent.tensor.getType());
  if (!type.isDynamicDim(extent.dimension)) {
    return arith::ConstantIndexOp::create(b, type.getDimSize(extent.dimension));
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfterValue(extent.tensor);
  return tensor::DimOp::create(b, extent.tensor, extent.dimension);
}

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
LogicalResult FunctionChecker::checkWindow(linalg::LinalgOp op, OpOperand &operand, int64_t dimension,
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

LogicalResult FunctionChecker::checkIndex(Operation *op, Value tensor, ValueRange indices) {
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

LogicalResult FunctionChecker::checkSlice(OffsetSizeAndStrideOpInterface op, Value tensor) {
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

LogicalResult FunctionChecker::checkAccess(Operation *op) {
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

void FunctionChecker::nameSizes() {
  Builder builder(function.getContext());
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto given = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "coopt.dims");
    if (!type || type.hasStaticShape() ||
        (given && given.size() != static_cast<size_t>(type.getNumDynamicDims()))) {
      continue;
    }
    SmallVector<Attribute> names;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (type.isDynamicDim(d)) {
        names.push_back(builder.getStringAttr(extents.nameOf(extents.ofArgument(argument, d))));
      }
    }
    function.setArgAttr(argument.getArgNumber(), "coopt.dims", builder.getArrayAttr(names));
  }
  auto terminator = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (OpOperand &operand : terminator->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    unsigned number = operand.getOperandNumber();
    auto given = function.getResultAttrOfType<ArrayAttr>(number, "coopt.dims");
    if (!type || type.hasStaticShape() ||
        (given && given.size() != static_cast<size_t>(type.getNumDynamicDims()))) {
      continue;
    }
    SmallVector<Attribute> names;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d)) {
        continue;
      }
      auto name = given ? dyn_cast<StringAttr>(given[type.getDynamicDimIndex(d)]) : StringAttr();
      AffineExpr size = name ? extents.sizeNamed(name, true) : extents.rawOf(Extent(operand.get(), d));
      std::string merged = extents.nameOf(size);
      if (!merged.empty()) {
        names.push_back(builder.getStringAttr(merged));
      }
    }
    if (names.size() == static_cast<size_t>(type.getNumDynamicDims())) {
      function.setResultAttr(number, "coopt.dims", builder.getArrayAttr(names));
    }
  }
  function.walk(
      [&](model::SizeOp size) { size.setSize(extents.nameOf(extents.sizeNamed(size.getSize(), true))); });
}

/// Sizes of one possible value say so in their bounds.
LogicalResult FunctionChecker::fixSizes() {
  Builder builder(function.getContext());
  SmallVector<Attribute> sizes;
  llvm::StringMap<int64_t> fixed;
  for (const auto &[name, value] : extents.constants()) {
    fixed[name] = value;
  }
  if (auto given = function->getAttrOfType<ArrayAttr>("coopt.sizes")) {
    for (Attribute attribute : given) {
      auto size = dyn_cast<model::SizeAttr>(attribute);
      auto known = size ? fixed.find(size.getName()) : fixed.end();
      if (known == fixed.end()) {
        sizes.push_back(attribute);
        continue;
      }
      int64_t value = known->second;
      if (value < size.getMin() || value > size.getMax() || value % size.getMultiple() != 0) {
        return function.emitError() << "size '" << size.getName() << "' must be " << value
                                    << " for the function's ops, which its bounds exclude";
      }
      fixed.erase(known);
      sizes.push_back(model::SizeAttr::get(function.getContext(), size.getName(), value, value, 1));
    }
  }
  for (const auto &[name, value] : extents.constants()) {
    if (fixed.erase(name)) {
      sizes.push_back(model::SizeAttr::get(function.getContext(), name, value, value, 1));
    }
  }
  if (!sizes.empty()) {
    function->setAttr("coopt.sizes", builder.getArrayAttr(sizes));
  }
  return success();
}

LogicalResult FunctionChecker::run() {
  // Innermost last: what a body does is seen after the op that it belongs to.
  SmallVector<Operation *> ops;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    if (failed(checkSizes(op))) {
      return failure();
    }
  }
  // Sizes that were merged since may have made the others equal.
  for (const Pair &pair : atRunTime) {
    std::optional<int64_t> difference = extents.difference(extents.of(pair.a), extents.of(pair.b));
    if (difference && *difference == 0) {
      continue;
    }
    if (difference) {
      return pair.op->emitError() << "'" << pair.op->getName() << "' needs equal extents, got "
                                  << extents.text(extents.of(pair.a)) << " and "
                                  << extents.text(extents.of(pair.b));
    }
    ImplicitLocOpBuilder b(pair.op->getLoc(), pair.op);
    Value first = valueOf(b, pair.a), second = valueOf(b, pair.b);
    require(b, compare(b, arith::CmpIPredicate::eq, first, second), model::Requirement::sizes, first, second);
  }
  for (Operation *op : ops) {
    if (failed(checkAccess(op))) {
      return failure();
    }
  }
  nameSizes();
  return fixSizes();
}

LogicalResult coopt::import::checkDialects(Operation *function) {
  WalkResult result = function->walk([&](Operation *op) {
    if (op == function) {
      return WalkResult::advance();
    }
    StringRef dialect = op->getName().getDialectNamespace();
    if (dialect == "sparse" && (!isa<func::FuncOp>(function) || op->hasAttr("statistics"))) {
      op->emitError() << "'" << op->getName()
                      << "' is not supported: in a model.entry, or with statistics, it is for recipes";
      return WalkResult::interrupt();
    }
    bool isKnown = llvm::is_contained({"arith", "math", "linalg", "tensor", "scf", "model", "moe",
                                       "quantized", "attention", "schedule", "sparse"},
                                      dialect) ||
                   isa<func::ReturnOp, affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op);
    if (isKnown) {
      return WalkResult::advance();
    }
    op->emitError()
        << "'" << op->getName()
        << "' is not supported: expected ops of linalg, tensor, arith, math, scf, affine.apply, affine.min, "
           "affine.max or coopt's own";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult coopt::import::checkFunction(func::FuncOp function) { return FunctionChecker(function).run(); }
