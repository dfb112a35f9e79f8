#include "coopt/Transforms/ConfigureAttention.h"

#include "coopt/Numerics/FixedAttention.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

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

/// The most positions that an append of the module brings.
static int64_t largestAppend(ModuleOp module) {
  int64_t largest = 1;
  module.walk([&](attention::AppendOp append) {
    int64_t positions = append.getKeys().getType().getDimSize(0);
    auto entry = append->getParentOfType<model::EntryOp>();
    if (!ShapedType::isDynamic(positions) || !entry) {
      // Without an entry nothing says how many there are at most.
      auto state = dyn_cast<StateType>(append.getState().getType());
      int64_t unknown = state ? state.getCapacity() : 1;
      largest = std::max(largest, ShapedType::isDynamic(positions) ? unknown : positions);
      return;
    }
    // Extents of arguments, and not other sizes (the positions so far).
    for (unsigned argument = 0; argument < entry.getNumArguments(); ++argument) {
      for (StringRef name : entry.getArgumentDimNames(argument)) {
        for (auto size : entry.getSizes().getAsRange<model::SizeAttr>()) {
          largest = std::max(largest, size.getName() == name ? size.getMax() : 1);
        }
      }
    }
  });
  return largest;
}

/// The storage of a name, or null.
static Type storageOf(ModuleOp module, StringRef name) {
  MLIRContext *context = module.getContext();
  if (name == "int8") {
    return attention::CodedType::get(context, attention::Encoding::symmetric, 8, 1, 0);
  }
  if (name == "kivi4" || name == "kivi2") {
    constexpr int64_t group = 32;
    // Rows that an append brings, behind those of its first block that were there before.
    int64_t residual = llvm::alignTo(largestAppend(module) + group - 1, group);
    return attention::CodedType::get(context, attention::Encoding::minmax, name == "kivi4" ? 4 : 2, group,
                                     residual);
  }
  return llvm::StringSwitch<Type>(name)
      .Case("f32", Float32Type::get(context))
      .Case("f16", Float16Type::get(context))
      .Case("bf16", BFloat16Type::get(context))
      .Default(Type());
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
  if (!options.element.empty()) {
    Type element = storageOf(module, options.element);
    if (!element) {
      return module.emitError("unknown storage of keys and values '")
             << options.element << "': expected f32, f16, bf16, int8, kivi4 or kivi2";
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
  auto isCount = [](int64_t positions) { return positions >= 0 && positions <= numerics::kLongestWindow; };
  if (!isCount(options.window) || !isCount(options.sinks)) {
    return module.emitError("expected a window and sinks of attention of 0 .. ")
           << numerics::kLongestWindow << ", got " << options.window << " and " << options.sinks;
  }
  if (options.sinks > 0 && options.window == 0) {
    return module.emitError("expected a window beside sinks of attention: without one all keys are seen");
  }
  if (options.window > 0) {
    module.walk([&](attention::AttendOp op) {
      if (!op.getWindow()) {
        op.setWindow(options.window);
        op.setSinks(options.sinks > 0 ? std::optional<uint64_t>(options.sinks) : std::nullopt);
      }
    });
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
    if (failed(configureAttention(getOperation(), {element, numerics, window, sinks}))) {
      signalPassFailure();
    }
  }

  Option<std::string> element{
      *this, "kv", llvm::cl::init(""),
      llvm::cl::desc("storage of keys and values: f32, f16, bf16, int8, kivi4, kivi2; empty: as it is")};
  Option<std::string> numerics{*this, "attention", llvm::cl::init(""),
                               llvm::cl::desc("fixed or fast; empty: as it is")};
  Option<int64_t> window{*this, "window", llvm::cl::init(0),
                         llvm::cl::desc("last keys that a row sees where it saw all; 0: all")};
  Option<int64_t> sinks{*this, "sinks", llvm::cl::init(0),
                        llvm::cl::desc("first keys that it sees beside these")};
};

} // namespace

void coopt::registerConfigureAttentionPass() { PassRegistration<ConfigureAttentionPass>(); }
