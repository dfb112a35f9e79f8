#include "CompressMatch.h"

#include "coopt/Transforms/Compress.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace coopt;

/// Whether the op's maps are (x -> (m, k), w -> (n, k), y -> (m, n)) for some naming of its three loops.
static bool hasRowMajorMaps(linalg::LinalgOp op, OpOperand *x, OpOperand *w) {
  AffineMap xMap = op.getMatchingIndexingMap(x), wMap = op.getMatchingIndexingMap(w),
            yMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (AffineMap map : {xMap, wMap, yMap}) {
    if (map.getNumResults() != 2 || !map.isProjectedPermutation()) {
      return false;
    }
  }
  AffineExpr m = yMap.getResult(0), n = yMap.getResult(1), k = xMap.getResult(1);
  return xMap.getResult(0) == m && wMap.getResult(0) == n && wMap.getResult(1) == k && k != m && k != n;
}

/// The destination under a fill with zero; null if the contraction adds to something else.
static Value getZeroFilledDestination(Value init) {
  auto fill = init.getDefiningOp<linalg::FillOp>();
  if (!fill || !matchPattern(fill.getInputs()[0], m_AnyZeroFloat())) {
    return Value();
  }
  return fill.getOutputs()[0];
}

static std::string tooLong(int64_t columns) {
  return "its " + std::to_string(columns) + " columns are more than the " +
         std::to_string(kLongestCodedContraction) + " whose sum fits 32 bits";
}

static std::optional<WeightContraction> matchByExperts(moe::ContractOp op, std::string &reason) {
  auto load = op.getW().getDefiningOp<model::LoadOp>();
  if (op.getWScheme() || !load) {
    return std::nullopt;
  }
  if (int64_t columns = cast<RankedTensorType>(load.getType()).getDimSize(1);
      columns > kLongestCodedContraction) {
    reason = tooLong(columns);
    return std::nullopt;
  }
  return WeightContraction{op, op.getA(), load, op.getInit()};
}

std::optional<WeightContraction> coopt::matchWeightContraction(Operation *candidate, std::string &reason) {
  if (auto byExperts = dyn_cast<moe::ContractOp>(candidate)) {
    return matchByExperts(byExperts, reason);
  }
  auto op = dyn_cast<linalg::LinalgOp>(candidate);
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumLoops() != 3 || !linalg::isaContractionOpInterface(op)) {
    return std::nullopt;
  }
  for (Value value : op->getOperands()) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() != 2 || !type.getElementType().isF32() || type.getEncoding()) {
      return std::nullopt;
    }
  }
  OpOperand *first = op.getDpsInputOperand(0), *second = op.getDpsInputOperand(1);
  bool anyWeight =
      first->get().getDefiningOp<model::LoadOp>() || second->get().getDefiningOp<model::LoadOp>();
  for (auto [x, w] : {std::pair(first, second), std::pair(second, first)}) {
    auto load = w->get().getDefiningOp<model::LoadOp>();
    if (!load || !hasRowMajorMaps(op, x, w)) {
      continue;
    }
    int64_t columns = cast<RankedTensorType>(w->get().getType()).getDimSize(1);
    if (columns > kLongestCodedContraction) {
      reason = tooLong(columns);
      return std::nullopt;
    }
    Value destination = getZeroFilledDestination(op.getDpsInitOperand(0)->get());
    if (!destination) {
      reason = "it adds to a value that is not a fill with zero";
      return std::nullopt;
    }
    return WeightContraction{op, x->get(), load, destination};
  }
  if (anyWeight) {
    reason = "its indexing maps are not y[m, n] = sum over k of x[m, k] w[n, k]";
  }
  return std::nullopt;
}
