#include "StoredWeights.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

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
  findStacks();
}

/// Rows of zeros of a stack; null for other values.
static RankedTensorType zerosOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  bool isZero = dense && dense.isSplat() && isa<FloatType>(dense.getElementType()) &&
                dense.getSplatValue<APFloat>().isZero();
  return isZero ? cast<RankedTensorType>(value.getType()) : RankedTensorType();
}

void StoredWeights::findStacks() {
  for (auto recipe : module.getOps<model::RecipeOp>()) {
    Operation *yield = recipe.getBody().front().getTerminator();
    auto concat = yield->getNumOperands() == 1 ? yield->getOperand(0).getDefiningOp<tensor::ConcatOp>()
                                               : tensor::ConcatOp();
    if (!concat || concat.getDim() != 0) {
      continue;
    }
    quantized::SchemeAttr scheme;
    bool isUniform = llvm::all_of(concat.getInputs(), [&](Value input) {
      if (zerosOf(input)) {
        return true;
      }
      auto load = input.getDefiningOp<model::LoadOp>();
      quantized::SchemeAttr own =
          load ? schemeOf(load.getParameterAttr().getAttr()) : quantized::SchemeAttr();
      if (!own || (scheme && own != scheme)) {
        return false;
      }
      scheme = own;
      return true;
    });
    if (isUniform && scheme) {
      auto name = cast<FlatSymbolRefAttr>(recipe.getDefines()[0]).getAttr();
      stacks.insert({name, Stack{recipe, concat, {scheme, {}}}});
    }
  }
}

quantized::SchemeAttr StoredWeights::schemeOf(StringAttr parameter) const {
  if (auto stack = stacks.find(parameter); stack != stacks.end()) {
    return stack->second.kept.scheme;
  }
  auto it = weights.find(parameter);
  return it == weights.end() ? quantized::SchemeAttr() : it->second.kept.scheme;
}

CodedWeight StoredWeights::keepStack(StringAttr name, Stack &stack) {
  if (!stack.kept.parts.empty()) {
    return stack.kept;
  }
  SmallVector<CodedWeight> members;
  for (Value input : stack.concat.getInputs()) {
    auto load = input.getDefiningOp<model::LoadOp>();
    members.push_back(load ? keep(load.getParameterAttr().getAttr()) : CodedWeight());
  }
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  const int64_t rows = parameter.getTensorType().getDimSize(0);
  Location loc = parameter.getLoc();
  OpBuilder builder(stack.recipe);
  builder.setInsertionPointAfter(stack.recipe);
  SmallVector<Attribute> defines;
  CodedWeight first = *llvm::find_if(members, [](const CodedWeight &m) { return !m.parts.empty(); });
  for (auto [part, like] : llvm::zip_equal(stack.kept.scheme.getParts(), first.parts)) {
    SmallVector<int64_t> shape(like.getTensorType().getShape());
    shape.front() = rows;
    auto declared = model::ParameterOp::create(builder, loc, (name.getValue() + "." + part.name).str(),
                                               like.getTensorType().clone(shape), /*origin=*/Attribute());
    symbols.insert(declared, Block::iterator(declared));
    stack.kept.parts.push_back(declared);
    defines.push_back(FlatSymbolRefAttr::get(declared.getSymNameAttr()));
  }
  auto recipe = model::RecipeOp::create(builder, loc, (name.getValue() + ".parts").str(),
                                        builder.getArrayAttr(defines));
  symbols.insert(recipe, Block::iterator(recipe));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  SmallVector<Value> yields;
  for (auto [index, declared] : llvm::enumerate(stack.kept.parts)) {
    RankedTensorType type = declared.getTensorType();
    SmallVector<Value> pieces;
    for (auto [input, member] : llvm::zip_equal(stack.concat.getInputs(), members)) {
      if (!member.parts.empty()) {
        model::ParameterOp part = member.parts[index];
        pieces.push_back(model::LoadOp::create(builder, loc, part.getTensorType(),
                                               FlatSymbolRefAttr::get(part.getSymNameAttr())));
        continue;
      }
      // The code of zero, under a scale of zero.
      SmallVector<int64_t> shape(type.getShape());
      shape.front() = zerosOf(input).getDimSize(0);
      RankedTensorType padding = type.clone(shape);
      pieces.push_back(
          arith::ConstantOp::create(builder, loc, padding, cast<TypedAttr>(builder.getZeroAttr(padding))));
    }
    yields.push_back(tensor::ConcatOp::create(builder, loc, type, /*dim=*/0, pieces));
  }
  model::YieldOp::create(builder, loc, yields);
  return stack.kept;
}

CodedWeight StoredWeights::keep(StringAttr name) {
  if (auto stack = stacks.find(name); stack != stacks.end()) {
    return keepStack(name, stack->second);
  }
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
  auto collect = [&] {
    loaded.clear();
    module.walk([&](model::LoadOp load) { loaded.insert(load.getParameterAttr().getAttr()); });
  };
  collect();
  for (auto &[name, stack] : stacks) {
    if (!stack.kept.parts.empty() && !loaded.contains(name)) {
      symbols.erase(stack.recipe);
      symbols.erase(symbols.lookup(name));
    }
  }
  collect();
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
