#include "coopt/Transforms/EntriesToFunctions.h"

#include "ParameterValues.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace coopt;

namespace {

/// Makes a function of one entry.
class EntryConverter {
public:
  EntryConverter(model::EntryOp entry, SymbolTable &symbols, StringRef root,
                 const llvm::StringMap<model::RecipeOp> &recipes)
      : entry(entry), symbols(symbols), root(root), recipes(recipes) {}

  LogicalResult convert();

private:
  FailureOr<Value> valueOf(OpBuilder &builder, model::LoadOp load);
  LogicalResult replaceState(Value state, Value buffer, attention::StateType type);

  model::EntryOp entry;
  SymbolTable &symbols;
  StringRef root;
  const llvm::StringMap<model::RecipeOp> &recipes;
  llvm::StringMap<Value> values;    // of parameters
  DenseSet<model::RecipeOp> active; // recipes that were begun
};

LogicalResult EntryConverter::convert() {
  auto isState = [](Type type) { return isa<attention::StateType>(type); };
  SmallVector<Type> arguments, results;
  for (Type type : entry.getArgumentTypes()) {
    arguments.push_back(isState(type) ? Type(cast<attention::StateType>(type).getBufferType()) : type);
  }
  SmallVector<std::string> sizeNames;
  for (auto size : entry.getSizes().getAsRange<model::SizeAttr>()) {
    sizeNames.push_back(size.getName().str());
    arguments.push_back(IndexType::get(entry.getContext()));
  }
  llvm::copy_if(entry.getResultTypes(), std::back_inserter(results), std::not_fn(isState));

  OpBuilder builder(entry);
  auto type = builder.getFunctionType(arguments, results);
  auto function = func::FuncOp::create(builder, entry.getLoc(), entry.getSymName(), type);
  function.getBody().takeBody(entry.getBody());
  for (size_t i = 0; i < sizeNames.size(); ++i) {
    function.getBody().addArgument(builder.getIndexType(), entry.getLoc());
  }
  entry.erase();

  auto end = cast<model::ReturnOp>(function.getBody().front().getTerminator());
  SmallVector<Value> returned;
  llvm::copy_if(end.getValues(), std::back_inserter(returned),
                [&](Value value) { return !isState(value.getType()); });
  builder.setInsertionPoint(end);
  func::ReturnOp::create(builder, end.getLoc(), returned);
  end.erase();

  for (BlockArgument argument : function.getArguments()) {
    if (auto state = dyn_cast<attention::StateType>(argument.getType())) {
      argument.setType(state.getBufferType());
      if (failed(replaceState(argument, argument, state))) {
        return failure();
      }
    }
  }

  auto sizes = function.getArguments().take_back(sizeNames.size());
  auto replaceSize = [&](model::SizeOp size) {
    auto name = llvm::find_if(sizeNames, [&](StringRef other) { return other == size.getSize(); });
    size.replaceAllUsesWith(Value(sizes[name - sizeNames.begin()]));
    size.erase();
  };
  function.walk(replaceSize);
  OpBuilder definitions = OpBuilder::atBlockBegin(&function.getBody().front());
  SmallVector<model::LoadOp> loads;
  function.walk([&](model::LoadOp load) { loads.push_back(load); });
  for (model::LoadOp load : loads) {
    FailureOr<Value> value = valueOf(definitions, load);
    if (failed(value)) {
      return failure();
    }
    load.replaceAllUsesWith(*value);
  }
  // Only now: definitions stand before the first of them.
  llvm::for_each(loads, [](model::LoadOp load) { load.erase(); });
  return success();
}

/// The users of `state`, which may be the buffer itself already, use the buffer; appends write it where they stand.
LogicalResult EntryConverter::replaceState(Value state, Value buffer, attention::StateType type) {
  for (OpOperand &use : llvm::make_early_inc_range(state.getUses())) {
    Operation *user = use.getOwner();
    if (auto append = dyn_cast<attention::AppendOp>(user)) {
      OpBuilder builder(append);
      auto onBuffer =
          attention::AppendOp::create(builder, append.getLoc(), Type(), append.getKeys(), append.getValues(),
                                      append.getPast(), buffer, append.getLayer(), TypeAttr());
      attention::describeBuffer(onBuffer, type);
      if (failed(replaceState(append.getResult(), buffer, type))) {
        return failure();
      }
      append.erase();
      continue;
    }
    if (!isa<attention::AttendOp, attention::ReadOp>(user)) {
      return user->emitError("cannot work on a state's buffer");
    }
    attention::describeBuffer(user, type);
    use.set(buffer);
  }
  return success();
}

/// A constant, or what the recipe computes, once for each parameter; definitions come first in the function.
FailureOr<Value> EntryConverter::valueOf(OpBuilder &builder, model::LoadOp load) {
  StringRef name = load.getParameter();
  if (Value known = values.lookup(name)) {
    return known;
  }
  if (model::RecipeOp recipe = recipes.lookup(name)) {
    if (!active.insert(recipe).second) {
      return recipe.emitError("needs the parameters that it defines");
    }
    IRMapping mapping;
    for (Operation &op : recipe.getBody().front()) {
      if (auto inner = dyn_cast<model::LoadOp>(op)) {
        FailureOr<Value> value = valueOf(builder, inner);
        if (failed(value)) {
          return failure();
        }
        mapping.map(inner.getResult(), *value);
      } else if (auto yield = dyn_cast<model::YieldOp>(op)) {
        for (auto [symbol, value] : llvm::zip_equal(recipe.getDefines(), yield.getValues())) {
          values[cast<FlatSymbolRefAttr>(symbol).getValue()] = mapping.lookup(value);
        }
      } else {
        builder.clone(op, mapping);
      }
    }
    return values.lookup(name);
  }
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  FailureOr<DenseElementsAttr> constant = readParameterValues(parameter, root);
  if (failed(constant)) {
    return failure();
  }
  return values[name] = arith::ConstantOp::create(builder, parameter.getLoc(), *constant);
}

struct EntriesToFunctionsPass : PassWrapper<EntriesToFunctionsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EntriesToFunctionsPass)

  StringRef getArgument() const final { return "coopt-entries-to-functions"; }
  StringRef getDescription() const final {
    return "makes a function of each entry: sizes are index arguments after the entry's own, states are "
           "buffers, "
           "parameters are constants, recipes part of the function";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    auto root = module->getAttrOfType<StringAttr>("model.root");
    llvm::StringMap<model::RecipeOp> recipes;
    for (auto recipe : module.getOps<model::RecipeOp>()) {
      for (auto symbol : recipe.getDefines().getAsRange<FlatSymbolRefAttr>()) {
        recipes[symbol.getValue()] = recipe;
      }
    }
    for (auto entry : llvm::make_early_inc_range(module.getOps<model::EntryOp>())) {
      if (failed(EntryConverter(entry, symbols, root ? root.getValue() : ".", recipes).convert())) {
        return signalPassFailure();
      }
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
      if (isa<model::ParameterOp, model::RecipeOp>(op)) {
        op.erase();
      }
    }
    // What is left is for programs that know nothing of this project.
    module.walk([](Operation *op) {
      for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs())) {
        StringRef name = attribute.getName().strref();
        if (name.starts_with("coopt.") || name.starts_with("model.")) {
          op->removeDiscardableAttr(attribute.getName());
        }
      }
    });
  }
};

} // namespace

void coopt::registerEntriesToFunctionsPass() { PassRegistration<EntriesToFunctionsPass>(); }
