//===- ModelParameters.cpp - Parameters, recipes and packed storage ---------===//
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt::model;

LogicalResult ParameterOp::verify() { return success(); }

LogicalResult RecipeOp::verifyRegions() { return success(); }

LogicalResult RecipeOp::verifySymbolUses(SymbolTableCollection &symbols) { return success(); }

LogicalResult LoadOp::verifySymbolUses(SymbolTableCollection &symbols) { return success(); }

LayoutAttr PackOp::getLayout() { return dyn_cast_or_null<LayoutAttr>(getResult().getType().getEncoding()); }

LogicalResult PackOp::verify() { return success(); }

LayoutAttr UnpackOp::getStorageLayout() {
  if (auto tensor = dyn_cast<RankedTensorType>(getSource().getType())) {
    return dyn_cast_or_null<LayoutAttr>(tensor.getEncoding());
  }
  return getLayoutAttr();
}

SmallVector<OpFoldResult> UnpackOp::getMixedSizes() {
  Builder builder(getContext());
  return mlir::getMixedValues(getResult().getType().getShape(), getSizes(), builder);
}

SmallVector<OpFoldResult> UnpackOp::getMixedOffsets() {
  if (getOffsets().empty()) {
    return SmallVector<OpFoldResult>(getResult().getType().getRank(), Builder(getContext()).getIndexAttr(0));
  }
  return getAsOpFoldResult(getOffsets());
}

LogicalResult UnpackOp::verify() { return success(); }

LogicalResult UnpackOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(getMixedSizes());
  return success();
}

void UnpackOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
