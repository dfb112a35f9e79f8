//===- ModelParameters.cpp - Parameters and recipes -------------------------===//
#include "dialects/Model/IR/Model.h"

using namespace mlir;
using namespace coopt::model;

LogicalResult ParameterOp::verify() {
  RankedTensorType type = getTensorType();
  if (!type.hasStaticShape()) {
    return emitOpError() << "expected a static type, got " << type;
  }
  Attribute origin = getOriginAttr();
  if (!origin) {
    return success();
  }
  if (isa<NoiseAttr>(origin)) {
    if (!isa<FloatType>(type.getElementType())) {
      return emitOpError() << "expected float elements for noise, got " << type.getElementType();
    }
    return success();
  }
  if (auto rotary = dyn_cast<RotaryAttr>(origin)) {
    if (!type.getElementType().isF32() || type.getRank() != 2 ||
        type.getDimSize(1) != rotary.getFrequencies().getNumElements()) {
      return emitOpError() << "expected an f32 matrix with " << rotary.getFrequencies().getNumElements()
                           << " columns, one per frequency, for a rotary table, got " << type;
    }
    return success();
  }
  auto source = dyn_cast<SourceAttr>(origin);
  if (!source) {
    return emitOpError() << "expected a #model.source, a #model.noise or a #model.rotary as origin, got " << origin;
  }
  RankedTensorType stored = source.getType();
  bool converted = type.getElementType().isF32() && stored.getElementType().isF16();
  converted |= type.getElementType().isF32() && stored.getElementType().isBF16();
  if (stored.getShape() != type.getShape() ||
      (stored.getElementType() != type.getElementType() && !converted)) {
    return emitOpError() << "expected a source of the parameter's type " << type
                         << " (or bf16 or f16 elements for f32), got " << stored;
  }
  return success();
}

/// The recipe before this one in the same block, if any.
static bool isFirstRecipe(RecipeOp recipe) {
  for (Operation *op = recipe->getPrevNode(); op; op = op->getPrevNode()) {
    if (isa<RecipeOp>(op)) {
      return false;
    }
  }
  return true;
}

LogicalResult RecipeOp::verifyRegions() {
  for (Operation &op : getBody().front().without_terminator()) {
    if (!isMemoryEffectFree(&op)) {
      InFlightDiagnostic diagnostic = emitOpError() << "expected ops without side effects";
      diagnostic.attachNote(op.getLoc()) << "'" << op.getName() << "' may have some";
      return diagnostic;
    }
  }
  return success();
}

LogicalResult RecipeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto yield = cast<YieldOp>(getBody().front().getTerminator());
  if (yield.getValues().size() != getDefines().size()) {
    return emitOpError() << "expected " << getDefines().size() << " yielded values, one per parameter, got "
                         << yield.getValues().size();
  }
  for (auto [symbol, value] : llvm::zip(getDefines().getAsRange<FlatSymbolRefAttr>(), yield.getValues())) {
    auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(*this, symbol);
    if (!parameter) {
      return emitOpError() << "defines " << symbol << ", which is not a parameter";
    }
    if (Attribute origin = parameter.getOriginAttr()) {
      return emitOpError() << "defines " << symbol << ", which has an origin of its own, " << origin;
    }
    if (parameter.getTensorType() != value.getType()) {
      return emitOpError() << "expected a value of type " << parameter.getTensorType() << " for " << symbol
                           << ", got " << value.getType();
    }
  }
  // Once for the whole block, so that many recipes cost linear time.
  if (!isFirstRecipe(*this)) {
    return success();
  }
  DenseMap<Attribute, RecipeOp> definers;
  for (RecipeOp recipe : (*this)->getBlock()->getOps<RecipeOp>()) {
    for (Attribute symbol : recipe.getDefines()) {
      auto [it, inserted] = definers.try_emplace(symbol, recipe);
      if (!inserted) {
        InFlightDiagnostic diagnostic = recipe.emitOpError()
                                        << "defines " << symbol << ", which is defined already";
        diagnostic.attachNote(it->second.getLoc()) << "here";
        return diagnostic;
      }
    }
  }
  return success();
}

LogicalResult LoadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  if (!parameter) {
    return emitOpError() << getParameterAttr() << " is not a parameter";
  }
  ShapedType expected = parameter.getTensorType(), got = getResult().getType();
  bool matches = isa<MemRefType>(got) ? got.getShape() == expected.getShape() &&
                                            got.getElementType() == expected.getElementType()
                                      : got == expected;
  if (!matches) {
    return emitOpError() << "expected the type of the parameter, " << expected << ", got " << got;
  }
  return success();
}
