#include "Execution.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace coopt::proof;

/// Ops that a run may take: some minutes. Loops over whole models are no use.
static constexpr int64_t kMostSteps = 4'000'000;

unsigned coopt::proof::bitsOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
}

void Execution::require(Operation *op, std::string what, Term holds) {
  std::optional<APInt> value = BitTerms::valueOf(holds);
  if (!value || value->isZero()) {
    requirements.push_back({op->getLoc(), std::move(what), holds});
  }
}

FailureOr<int64_t> Execution::number(Operation *op, Value value, const char *what) {
  if (std::optional<APInt> number = BitTerms::valueOf(lanes(value).front())) {
    return number->getSExtValue();
  }
  return op->emitOpError("has ") << what << " that the inputs decide: it must be a number";
}

FailureOr<SmallVector<int64_t>> Execution::numbers(Operation *op, ValueRange values, const char *what) {
  SmallVector<int64_t> all;
  for (Value value : values) {
    FailureOr<int64_t> one = number(op, value, what);
    if (failed(one)) {
      return failure();
    }
    all.push_back(*one);
  }
  return all;
}

FailureOr<int64_t> Execution::numberOf(Operation *op, OpFoldResult value, const char *what) {
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return *constant;
  }
  return number(op, cast<Value>(value), what);
}

LogicalResult Execution::run(func::FuncOp function, ArrayRef<Entity> arguments,
                             SmallVector<Entity> &results) {
  if (!function.getBody().hasOneBlock()) {
    return function.emitError("has ")
           << function.getBody().getBlocks().size() << " blocks: what is run is structured, and has one";
  }
  for (auto [value, argument] : llvm::zip_equal(function.getArguments(), arguments)) {
    values[value] = argument;
  }
  return runBlock(function.getBody().front(), results);
}

LogicalResult Execution::runBlock(Block &block, SmallVector<Entity> &yielded) {
  for (Operation &op : block.without_terminator()) {
    if (failed(runOp(&op))) {
      return failure();
    }
  }
  for (Value value : block.getTerminator()->getOperands()) {
    yielded.push_back(values[value]);
  }
  return success();
}

LogicalResult Execution::runOp(Operation *op) {
  if (++steps > kMostSteps) {
    return op->emitOpError("is reached after ") << kMostSteps << " ops: this is more than can be proven";
  }
  bool isKnown = true;
  for (auto run : {&Execution::runControl, &Execution::runMemory, &Execution::runTransfers,
                   &Execution::runVector, &Execution::runTiles, &Execution::runIntrinsic}) {
    isKnown = true;
    const LogicalResult result = (this->*run)(op, isKnown);
    if (isKnown) {
      return result;
    }
  }
  // All that is left treats its elements alike.
  const bool isElementwise = op->getNumResults() == 1 && op->getNumRegions() == 0 &&
                             getElementTypeOrSelf(op->getResult(0).getType()).isIntOrIndexOrFloat() &&
                             llvm::all_of(op->getOperandTypes(), [](Type type) {
                               return getElementTypeOrSelf(type).isIntOrIndexOrFloat();
                             });
  if (isElementwise) {
    Lanes result;
    size_t count = 1;
    if (auto type = dyn_cast<VectorType>(op->getResult(0).getType())) {
      count = static_cast<size_t>(type.getNumElements());
    }
    for (size_t i = 0; i < count; ++i) {
      SmallVector<Term> operands;
      for (Value operand : op->getOperands()) {
        const Lanes &of = lanes(operand);
        operands.push_back(of.size() == 1 ? of.front() : of[i]);
      }
      Term term = element(op, operands);
      if (!term) {
        break;
      }
      result.push_back(term);
    }
    if (result.size() == count) {
      set(op->getResult(0), std::move(result));
      return success();
    }
  }
  return op->emitOpError("is no op whose bits are known here");
}

LogicalResult Execution::runLoop(Operation *op, int64_t from, int64_t to, int64_t step, Block &body, Value iv,
                                 ValueRange carried, ValueRange inits, ValueRange results) {
  if (step <= 0) {
    return op->emitOpError("has a step of ") << step;
  }
  SmallVector<Entity> next;
  for (Value init : inits) {
    next.push_back(values[init]);
  }
  for (int64_t i = from; i < to; i += step) {
    set(iv, {t.constant(bitsOf(iv.getType()), static_cast<uint64_t>(i))});
    for (auto [argument, value] : llvm::zip_equal(carried, next)) {
      values[argument] = value;
    }
    next.clear();
    if (failed(runBlock(body, next))) {
      return failure();
    }
  }
  for (auto [result, value] : llvm::zip_equal(results, next)) {
    values[result] = value;
  }
  return success();
}

LogicalResult Execution::runControl(Operation *op, bool &isKnown) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto termOf = [&](Attribute value) {
      return isa<FloatAttr>(value) ? t.constant(cast<FloatAttr>(value).getValue().bitcastToAPInt())
                                   : t.constant(cast<IntegerAttr>(value).getValue());
    };
    Lanes all;
    if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue())) {
      for (Attribute value : dense.getValues<Attribute>()) {
        all.push_back(termOf(value));
      }
    } else if (isa<IntegerAttr, FloatAttr>(constant.getValue())) {
      all.push_back(termOf(constant.getValue()));
    } else {
      return op->emitOpError("is a constant of another kind than numbers");
    }
    set(constant, std::move(all));
    return success();
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    FailureOr<SmallVector<int64_t>> bounds =
        numbers(op, {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()}, "a bound of a loop");
    return failed(bounds) ? failure()
                          : runLoop(op, (*bounds)[0], (*bounds)[1], (*bounds)[2], *loop.getBody(),
                                    loop.getInductionVar(), loop.getRegionIterArgs(), loop.getInitArgs(),
                                    loop.getResults());
  }
  if (auto choice = dyn_cast<scf::IfOp>(op)) {
    FailureOr<int64_t> condition = number(op, choice.getCondition(), "a condition");
    if (failed(condition)) {
      return failure();
    }
    Region &region = *condition != 0 ? choice.getThenRegion() : choice.getElseRegion();
    SmallVector<Entity> yielded;
    if (!region.empty() && failed(runBlock(region.front(), yielded))) {
      return failure();
    }
    for (auto [result, value] : llvm::zip(choice.getResults(), yielded)) {
      values[result] = value;
    }
    return success();
  }
  if (auto assertion = dyn_cast<cf::AssertOp>(op)) {
    assertions.push_back({op->getLoc(), assertion.getMsg().str(), lanes(assertion.getArg()).front()});
    return success();
  }
  isKnown = false;
  return success();
}
