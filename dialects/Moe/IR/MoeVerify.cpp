// The constraints C1..C13 of the ops; their texts are in MoeOps.td and README.md.
#include "dialects/Moe/IR/Moe.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace coopt::moe;
using coopt::model::verifySameExtent;
using coopt::model::verifyStructuredForm;

LogicalResult LogitsOp::verify() {
  ShapedType x = getX().getType(), w = getW().getType(), init = getInit().getType();
  if (failed(verifySameExtent(*this, x.getDimSize(1), w.getDimSize(1), "columns of w")) ||
      failed(verifySameExtent(*this, x.getDimSize(0), init.getDimSize(0), "rows of the init")) ||
      failed(verifySameExtent(*this, w.getDimSize(0), init.getDimSize(1), "columns of the init"))) {
    return failure();
  }
  return verifyStructuredForm(*this);
}

/// C3 and C4, for rows of scores or logits and the experts that are chosen from them.
template <typename OpT>
static LogicalResult verifyChoice(OpT op, ShapedType scores, ShapedType chosen) {
  int64_t experts = scores.getDimSize(1), k = chosen.getDimSize(1);
  if (ShapedType::isDynamic(experts) || ShapedType::isDynamic(k)) {
    return op.emitOpError() << "expected static numbers of experts and of those chosen, got " << scores
                            << " and " << chosen;
  }
  if (Value bias = op.getBias();
      bias && failed(verifySameExtent(op, experts, cast<ShapedType>(bias.getType()).getDimSize(0),
                                      "elements of the bias"))) {
    return failure();
  }
  if (failed(verifySameExtent(op, scores.getDimSize(0), chosen.getDimSize(0), "rows of the experts"))) {
    return failure();
  }
  auto groups = static_cast<int64_t>(op.getGroups()), kept = static_cast<int64_t>(op.getKeptGroups());
  int64_t least = op.getGroupRank() == GroupRank::two_best ? 2 : 1;
  if (groups < 1 || experts % groups != 0 || experts / groups < least) {
    return op.emitOpError() << "expected groups of one size, of at least " << least << ", got " << groups
                            << " of " << experts << " experts";
  }
  if (kept < 1 || kept > groups) {
    return op.emitOpError() << "expected to keep 1 to " << groups << " groups, got " << kept;
  }
  if (int64_t choosable = experts / groups * kept; k < 1 || k > choosable) {
    return op.emitOpError() << "expected 1 to " << choosable << " experts a token, got " << k;
  }
  return success();
}

LogicalResult RouteOp::verify() {
  ShapedType weights = getWeights().getType(), experts = getExperts().getType();
  if (failed(verifyChoice(*this, getLogits().getType(), experts)) ||
      failed(verifySameExtent(*this, experts.getDimSize(0), weights.getDimSize(0), "rows of the weights")) ||
      failed(
          verifySameExtent(*this, experts.getDimSize(1), weights.getDimSize(1), "columns of the weights"))) {
    return failure();
  }
  if (getEpsilon() &&
      !(getEpsilon()->convertToFloat() >= 0 && std::isfinite(getEpsilon()->convertToFloat()))) {
    return emitOpError() << "expected an epsilon that is finite and not negative, got "
                         << getEpsilon()->convertToFloat();
  }
  if (float scale = getScale().convertToFloat(); !(scale > 0 && std::isfinite(scale))) {
    return emitOpError() << "expected a scale that is finite and positive, got " << scale;
  }
  return verifyStructuredForm(*this);
}

LogicalResult ChooseOp::verify() {
  if (failed(verifyChoice(*this, getScores().getType(), getExperts().getType()))) {
    return failure();
  }
  return verifyStructuredForm(*this);
}

LogicalResult DispatchOp::verify() {
  ShapedType experts = getExperts().getType(), tokens = getTokens().getType(), places = getPlaces().getType(),
             segments = getSegments().getType();
  int64_t rows = experts.getDimSize(0), k = experts.getDimSize(1);
  if (ShapedType::isDynamic(k) || k < 1) {
    return emitOpError() << "expected a static number of experts a token, got " << experts;
  }
  int64_t all = rows;
  if (!ShapedType::isDynamic(rows) && llvm::MulOverflow(rows, k, all)) {
    return emitOpError() << "expected a representable number of slots, got " << experts;
  }
  if (failed(verifySameExtent(*this, rows, places.getDimSize(0), "rows of the places")) ||
      failed(verifySameExtent(*this, k, places.getDimSize(1), "columns of the places")) ||
      failed(verifySameExtent(*this, all, tokens.getDimSize(0), "number of tokens")) ||
      failed(verifySameExtent(*this, kSegmentParts, segments.getDimSize(1), "numbers of a segment"))) {
    return failure();
  }
  if (getCountAttr().getInt() < 1 || getCountAttr().getInt() > 65535) {
    return emitOpError() << "expected 1 to 65535 experts, got " << getCountAttr().getInt();
  }
  return verifyStructuredForm(*this);
}

LogicalResult RestrictOp::verify() {
  ShapedType places = getPlaces().getType();
  if (places.isDynamicDim(0) || places.getDimSize(0) < 1) {
    return emitOpError() << "expected a static number of places, at least one, got " << places;
  }
  if (failed(verifySameExtent(*this, kSegmentParts, getSegments().getType().getDimSize(1),
                              "numbers of a segment")) ||
      failed(verifySameExtent(*this, kSegmentParts, getInit().getType().getDimSize(1),
                              "numbers of a segment of the init"))) {
    return failure();
  }
  return verifyStructuredForm(*this);
}

LogicalResult ContractOp::verify() {
  ShapedType init = getInit().getType();
  auto scheme = getWScheme();
  if (scheme.has_value() != getScaleAt().has_value() || (getAScheme() && !scheme)) {
    return emitOpError() << "expected both schemes and a place of scales, or none of them";
  }
  auto shapeOf = [](Value value) { return cast<ShapedType>(value.getType()); };
  if (!scheme) {
    if (getInputs().size() != 2) {
      return emitOpError() << "expected two inputs without schemes, got " << getInputs().size();
    }
    for (Value input : getInputs()) {
      if (shapeOf(input).getRank() != 2 || !shapeOf(input).getElementType().isF32()) {
        return emitOpError() << "expected matrices of f32 without schemes, got " << input.getType();
      }
    }
    if (failed(verifySameExtent(*this, shapeOf(getA()).getDimSize(1), shapeOf(getW()).getDimSize(1),
                                "columns of w"))) {
      return failure();
    }
  } else if (failed(quantized::verifyContraction(*this, getAScheme(), *scheme, *getScaleAt(), getInputs(),
                                                 getInit(), /*isStacked=*/true))) {
    return failure();
  }
  int64_t rows = shapeOf(getW()).getDimSize(0), stride = getStrideAttr().getInt();
  if (stride < 1 || (!ShapedType::isDynamic(rows) && rows % stride != 0)) {
    return emitOpError() << "expected a positive stride that divides the rows of w, got " << stride << " for "
                         << rows;
  }
  if (!init.isDynamicDim(1) && init.getDimSize(1) > stride) {
    return emitOpError() << "expected at most as many columns as the stride of " << stride << ", got "
                         << init.getDimSize(1);
  }
  if (failed(
          verifySameExtent(*this, shapeOf(getA()).getDimSize(0), init.getDimSize(0), "rows of the init")) ||
      failed(verifySameExtent(*this, kSegmentParts, getSegments().getType().getDimSize(1),
                              "numbers of a segment"))) {
    return failure();
  }
  return verifyStructuredForm(*this);
}

LogicalResult CombineOp::verify() {
  ShapedType y = getY().getType(), weights = getWeights().getType(), places = getPlaces().getType(),
             init = getInit().getType();
  if (weights.isDynamicDim(1) || weights.getDimSize(1) < 1) {
    return emitOpError() << "expected a static number of experts a token, got " << weights;
  }
  if (failed(verifySameExtent(*this, weights.getDimSize(0), places.getDimSize(0), "rows of the places")) ||
      failed(verifySameExtent(*this, weights.getDimSize(1), places.getDimSize(1), "columns of the places")) ||
      failed(verifySameExtent(*this, weights.getDimSize(0), init.getDimSize(0), "rows of the init")) ||
      failed(verifySameExtent(*this, y.getDimSize(1), init.getDimSize(1), "columns of the init"))) {
    return failure();
  }
  return verifyStructuredForm(*this);
}

LogicalResult PrefetchOp::verify() {
  if (getExperts().empty() || getExperts().size() != getOf().size()) {
    return emitOpError() << "expected guesses, and as many strings, got " << getExperts().size() << " and "
                         << getOf().size();
  }
  return success();
}
