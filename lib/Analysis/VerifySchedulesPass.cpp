//===- VerifySchedulesPass.cpp - verifySchedules from coopt-opt ----------------------===//
#include "coopt/Analysis/SummarizeKernel.h"
#include "coopt/Analysis/VerifySchedule.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace coopt;

namespace {

struct VerifySchedulesPass : PassWrapper<VerifySchedulesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifySchedulesPass)
  VerifySchedulesPass() = default;
  VerifySchedulesPass(const VerifySchedulesPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-verify-schedules"; }
  StringRef getDescription() const final {
    return "Check that every kernel can be scheduled as its choices say";
  }

  void runOnOperation() final {
    Expected<machine::Machine> machine = machine::findMachine(machineName);
    if (!machine) {
      emitError(getOperation().getLoc()) << machine.error().message;
      return signalPassFailure();
    }
    if (failed(verifySchedules(getOperation(), *machine))) {
      signalPassFailure();
    }
    markAllAnalysesPreserved();
  }

  Option<std::string> machineName{*this, "machine", llvm::cl::init("cpu:generic-x86-64"),
                                  llvm::cl::desc("as coopt-compile --target takes it")};
};

} // namespace

void coopt::registerAnalysisPasses() {
  PassRegistration<VerifySchedulesPass>();
  registerEstimateKernelsPass();
}
