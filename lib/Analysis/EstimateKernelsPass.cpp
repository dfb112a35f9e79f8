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

cost::Candidate coopt::candidateOf(schedule::ConfigAttr config) {
  ArrayRef<int64_t> tile = config.getTile();
  cost::Candidate candidate;
  candidate.rowTile = tile.empty() ? 0 : tile[0];
  candidate.columnTile = tile.size() > 1 ? tile[1] : 0;
  // Of experts the rows of a tile are cut inside of it.
  if (candidate.rowTile == 0 && !config.getInner().empty()) {
    candidate.rowTile = config.getInner()[0];
  }
  return candidate;
}

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
    getOperation().walk(
        [&](schedule::KernelOp kernel) { estimate(kernel, **costs, machine->npu() != nullptr); });
    markAllAnalysesPreserved();
  }

private:
  llvm::StringMap<int64_t> values;

  /// 1 where nothing is said of a size.
  int64_t valueOf(Value extent) const {
    if (auto size = extent.getDefiningOp<model::SizeOp>()) {
      auto known = values.find(size.getSize());
      return known == values.end() ? 1 : known->second;
    }
    if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
      return valueOf(product.getLhs()) * valueOf(product.getRhs());
    }
    IntegerAttr constant;
    return matchPattern(extent, m_Constant(&constant)) ? constant.getInt() : 1;
  }

  bool holds(schedule::ConditionAttr condition) const {
    auto known = values.find(condition.getSize().getValue());
    const int64_t value = known == values.end() ? 1 : known->second, bound = condition.getBound();
    switch (condition.getComparison()) {
    case schedule::Comparison::Less:
      return value < bound;
    case schedule::Comparison::LessEqual:
      return value <= bound;
    case schedule::Comparison::Greater:
      return value > bound;
    case schedule::Comparison::GreaterEqual:
      return value >= bound;
    case schedule::Comparison::Equal:
      return value == bound;
    }
    return false;
  }

  void estimate(schedule::KernelOp kernel, const cost::CostModel &costs, bool isNpu) const {
    schedule::ConfigAttr chosen;
    if (!kernel.getChoices()) {
      return;
    }
    for (auto [guard, config] :
         llvm::zip_equal(kernel.getChoices()->getGuards(), kernel.getChoices()->getConfigs())) {
      if (!chosen && llvm::all_of(guard.getConditions(), [&](auto of) { return holds(of); })) {
        chosen = config;
      }
    }
    auto summary = summarizeKernel(kernel, [&](Value extent) { return valueOf(extent); });
    if (!chosen || !summary || (isNpu && !summarizeTile(kernel, *summary))) {
      return;
    }
    auto estimate = costs.estimate(*summary, candidateOf(chosen));
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
