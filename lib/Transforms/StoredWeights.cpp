#include "StoredWeights.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace coopt;

StoredWeights::StoredWeights(ModuleOp module, SymbolTable &symbols) : module(module), symbols(symbols) {
  for (auto recipe : module.getOps<model::RecipeOp>()) {
    Operation *yield = recipe.getBody().front().getTerminator();
    for (auto [symbol, value] :
         llvm::zip_equal(recipe.getDefines().getAsRange<FlatSymbolRefAttr>(), yield->getOperands())) {
      auto decode = value.getDefiningOp<quantized::DequantizeOp>();
      if (decode && !decode.getAt()) {
        weights.insert({symbol.getAttr(), Weight{recipe, decode, {decode.getScheme(), {}}}});
      }
    }
  }
}

quantized::SchemeAttr StoredWeights::schemeOf(StringAttr parameter) const {
  auto it = weights.find(parameter);
  return it == weights.end() ? quantized::SchemeAttr() : it->second.kept.scheme;
}

CodedWeight StoredWeights::keep(StringAttr name) {
  Weight &weight = weights.find(name)->second;
  if (!weight.kept.parts.empty()) {
    return weight.kept;
  }
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  OpBuilder builder(parameter);
  builder.setInsertionPointAfter(parameter);
  Operation *yield = weight.recipe.getBody().front().getTerminator();
  SmallVector<Attribute> defines(weight.recipe.getDefines().getValue());
  for (auto [part, value] : llvm::zip_equal(weight.kept.scheme.getParts(), weight.decode.getInputs())) {
    auto declared =
        model::ParameterOp::create(builder, parameter.getLoc(), (name.getValue() + "." + part.name).str(),
                                   cast<RankedTensorType>(value.getType()), /*origin=*/Attribute());
    symbols.insert(declared, Block::iterator(declared));
    weight.kept.parts.push_back(declared);
    defines.push_back(FlatSymbolRefAttr::get(declared.getSymNameAttr()));
    yield->insertOperands(yield->getNumOperands(), value);
  }
  weight.recipe.setDefinesAttr(builder.getArrayAttr(defines));
  return weight.kept;
}

void StoredWeights::dropUnused() {
  DenseSet<StringAttr> loaded;
  module.walk([&](model::LoadOp load) { loaded.insert(load.getParameterAttr().getAttr()); });
  for (auto &[name, weight] : weights) {
    if (weight.kept.parts.empty() || loaded.contains(name)) {
      continue;
    }
    Operation *yield = weight.recipe.getBody().front().getTerminator();
    SmallVector<Attribute> defines(weight.recipe.getDefines().getValue());
    auto it = llvm::find_if(defines, [name = name](Attribute symbol) {
      return cast<FlatSymbolRefAttr>(symbol).getAttr() == name;
    });
    yield->eraseOperand(static_cast<unsigned>(it - defines.begin()));
    defines.erase(it);
    weight.recipe.setDefinesAttr(ArrayAttr::get(module.getContext(), defines));
    symbols.erase(symbols.lookup(name));
    if (weight.decode->use_empty()) {
      Operation *init = weight.decode.getInit().getDefiningOp();
      weight.decode->erase();
      if (init && isa<tensor::EmptyOp>(init) && init->use_empty()) {
        init->erase();
      }
    }
  }
}
