#include "coopt/Transforms/ConfigureAttention.h"

#include "dialects/Attention/IR/Attention.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace coopt;
using coopt::attention::StateType;

/// `type` with another element, if it is a state's; null for all other types.
static StateType withElement(Type type, Type element) {
  auto state = dyn_cast<StateType>(type);
  return state ? StateType::get(state.getContext(), state.getLayers(), state.getHeads(), state.getHeadSize(),
                                state.getCapacity(), element)
               : StateType();
}

static void setElement(ModuleOp module, Type element) {
  auto change = [&](Value value) {
    if (StateType state = withElement(value.getType(), element)) {
      value.setType(state);
    }
  };
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), change);
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        llvm::for_each(block.getArguments(), change);
      }
    }
    if (auto function = dyn_cast<FunctionOpInterface>(op)) {
      auto changed = [&](ArrayRef<Type> types) {
        return llvm::map_to_vector(types, [&](Type type) {
          StateType state = withElement(type, element);
          return state ? Type(state) : type;
        });
      };
      auto type =
          function.cloneTypeWith(changed(function.getArgumentTypes()), changed(function.getResultTypes()));
      function.setType(type);
    }
  });
}

LogicalResult coopt::configureAttention(ModuleOp module, const AttentionOptions &options) {
  MLIRContext *context = module.getContext();
  if (!options.element.empty()) {
    Type element = llvm::StringSwitch<Type>(options.element)
                       .Case("f32", Float32Type::get(context))
                       .Case("f16", Float16Type::get(context))
                       .Case("bf16", BFloat16Type::get(context))
                       .Default(Type());
    if (!element) {
      return module.emitError("unknown element of keys and values '")
             << options.element << "': expected f32, f16 or bf16";
    }
    setElement(module, element);
  }
  if (!options.numerics.empty()) {
    std::optional<attention::Numerics> numerics = attention::symbolizeNumerics(options.numerics);
    if (!numerics) {
      return module.emitError("unknown attention '") << options.numerics << "': expected fixed or fast";
    }
    module.walk([&](attention::AttendOp op) { op.setNumerics(*numerics); });
  }
  return success();
}

namespace {

struct ConfigureAttentionPass : PassWrapper<ConfigureAttentionPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConfigureAttentionPass)
  ConfigureAttentionPass() = default;
  ConfigureAttentionPass(const ConfigureAttentionPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-configure-attention"; }
  StringRef getDescription() const final { return "choose how keys and values are stored, and how attended"; }

  void runOnOperation() override {
    if (failed(configureAttention(getOperation(), {element, numerics}))) {
      signalPassFailure();
    }
  }

  Option<std::string> element{*this, "kv", llvm::cl::init(""),
                              llvm::cl::desc("element of keys and values: f32, f16, bf16; empty: as it is")};
  Option<std::string> numerics{*this, "attention", llvm::cl::init(""),
                               llvm::cl::desc("fixed or fast; empty: as it is")};
};

} // namespace

void coopt::registerConfigureAttentionPass() { PassRegistration<ConfigureAttentionPass>(); }
