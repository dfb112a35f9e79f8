#include "CheckFunctions.h"

#include "FunctionChecks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

/// Dynamic extents of arguments and results are named after the sizes that they turned out to be.
static void nameSizes(func::FuncOp function, SymbolicExtents &extents) {
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
static LogicalResult fixSizes(func::FuncOp function, SymbolicExtents &extents) {
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

LogicalResult coopt::import::checkFunction(func::FuncOp function) {
  SymbolicExtents extents(function);
  // Innermost last: what a body does is seen after the op that it belongs to.
  SmallVector<Operation *> ops;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  if (failed(checkExtents(function, ops, extents)) || failed(checkAccesses(ops, extents))) {
    return failure();
  }
  nameSizes(function, extents);
  return fixSizes(function, extents);
}
