#include "FunctionChecks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

using Equality = SymbolicExtents::Equality;

class ExtentChecker {
public:
  ExtentChecker(func::FuncOp function, SymbolicExtents &extents) : function(function), extents(extents) {}

  LogicalResult check(Operation *op);
  /// Compares at run time what is not known to be equal after all ops were looked at.
  LogicalResult compareTheRest();

private:
  /// Two extents that must be equal when `op` runs.
  struct Pair {
    Operation *op;
    Extent a, b;
  };

  LogicalResult equal(Operation *op, Extent a, Extent b);
  LogicalResult checkLinalg(linalg::LinalgOp op);
  LogicalResult checkReturn(func::ReturnOp op);

  func::FuncOp function;
  SymbolicExtents &extents;
  std::vector<Pair> atRunTime;
};

} // namespace

LogicalResult ExtentChecker::equal(Operation *op, Extent a, Extent b) {
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

LogicalResult ExtentChecker::checkLinalg(linalg::LinalgOp op) {
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

LogicalResult ExtentChecker::checkReturn(func::ReturnOp op) {
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

LogicalResult ExtentChecker::check(Operation *op) {
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

LogicalResult ExtentChecker::compareTheRest() {
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
    Value areEqual = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, first, second);
    require(b, areEqual, model::Requirement::sizes, first, second);
  }
  return success();
}

LogicalResult coopt::import::checkExtents(func::FuncOp function, ArrayRef<Operation *> ops,
                                          SymbolicExtents &extents) {
  ExtentChecker checker(function, extents);
  for (Operation *op : ops) {
    if (failed(checker.check(op))) {
      return failure();
    }
  }
  return checker.compareTheRest();
}
