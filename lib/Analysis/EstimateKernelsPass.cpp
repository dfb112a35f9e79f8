//===- EstimateKernelsPass.cpp - What the cost model says of schedules ---------------===//
#include "coopt/Analysis/SummarizeKernel.h"
#include "coopt/Machine/Machine.h"
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace coopt;

namespace {

class EstimateKernelsPass : public PassWrapper<EstimateKernelsPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EstimateKernelsPass)
  EstimateKernelsPass() = default;
  EstimateKernelsPass(const EstimateKernelsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-estimate-kernels"; }
  StringRef getDescription() const final {
    return "Print what the machine's cost model says of each kernel as it is scheduled";
  }

  void runOnOperation() final {
    Expected<machine::Machine> machine = machine::findMachine(machineName);
    auto costs = machine ? cost::makeCostModel(*machine)
                         : Expected<std::unique_ptr<cost::CostModel>>(coopt::forward(machine.error()));
    if (!costs) {
      emitError(getOperation().getLoc()) << costs.error().message;
      return signalPassFailure();
    }
    for (const std::string &size : sizes) {
      auto [name, text] = StringRef(size).split('=');
      int64_t value = 0;
      if (text.getAsInteger(10, value) || value < 0) {
        emitError(getOperation().getLoc()) << "sizes: expected NAME=NUMBER, got '" << size << "'";
        return signalPassFailure();
      }
      values[name] = value;
    }
    getOperation().walk([&](schedule::KernelOp kernel) { estimate(kernel, **costs, *machine); });
    markAllAnalysesPreserved();
  }

private:
  llvm::StringMap<int64_t> values;

  /// 1 where nothing is said of a size.
  int64_t sizeNamed(StringRef name) const {
    auto known = values.find(name);
    return known == values.end() ? 1 : known->second;
  }

  int64_t valueOf(Value extent) const {
    if (auto size = extent.getDefiningOp<model::SizeOp>()) {
      return sizeNamed(size.getSize());
    }
    if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
      return valueOf(product.getLhs()) * valueOf(product.getRhs());
    }
    IntegerAttr constant;
    return matchPattern(extent, m_Constant(&constant)) ? constant.getInt() : 1;
  }

  bool holds(schedule::GuardAttr guard) const {
    return llvm::all_of(guard.getConditions(), [&](schedule::ConditionAttr condition) {
      return condition.holds(sizeNamed(condition.getSize().getValue()));
    });
  }

  void estimate(schedule::KernelOp kernel, const cost::CostModel &costs,
                const machine::Machine &machine) const {
    schedule::ConfigAttr chosen;
    if (!kernel.getChoices()) {
      return;
    }
    for (auto [guard, config] :
         llvm::zip_equal(kernel.getChoices()->getGuards(), kernel.getChoices()->getConfigs())) {
      if (!chosen && holds(guard)) {
        chosen = config;
      }
    }
    auto summary = summarizeKernel(kernel, [&](Value extent) { return valueOf(extent); });
    if (!chosen || !summary || (machine.npu() && !summarizeTile(kernel, *summary))) {
      return;
    }
    auto estimate = costs.estimate(*summary, candidateOf(kernel, *summary, chosen, machine));
    llvm::outs() << kernel.getId() << ": " << cost::name(summary->kind) << ", "
                 << (estimate ? cost::print(*estimate) : estimate.error().message) << "\n";
  }

  Option<std::string> machineName{*this, "machine", llvm::cl::init("cpu:generic-x86-64"),
                                  llvm::cl::desc("as coopt-compile --target takes it")};
  ListOption<std::string> sizes{*this, "sizes",
                                llvm::cl::desc("run-time sizes of entries, NAME=NUMBER; others are 1")};
};

} // namespace

void coopt::registerEstimateKernelsPass() { PassRegistration<EstimateKernelsPass>(); }
