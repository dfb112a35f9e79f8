//===- VerifySchedulesPass.cpp - verifySchedules from coopt-opt ----------------------===//
#include "coopt/Analysis/VerifySchedule.h"
#include "coopt/Support/MappedFile.h"

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

  Expected<machine::Machine> readMachine() const {
    const std::string &name = machineName;
    if (!StringRef(name).ends_with(".json")) {
      return machine::presetCpu(name);
    }
    auto file = MappedFile::open(name);
    if (!file) {
      return forward(file.error());
    }
    return machine::parseMachine({reinterpret_cast<const char *>(file->data()), file->size()}, name);
  }

  void runOnOperation() final {
    Expected<machine::Machine> machine = readMachine();
    if (!machine) {
      emitError(getOperation().getLoc()) << machine.error().message;
      return signalPassFailure();
    }
    if (failed(verifySchedules(getOperation(), *machine))) {
      signalPassFailure();
    }
    markAllAnalysesPreserved();
  }

  Option<std::string> machineName{*this, "machine", llvm::cl::init("generic-x86-64"),
                                  llvm::cl::desc("a preset's name, or a description's path ending in .json")};
};

} // namespace

void coopt::registerAnalysisPasses() { PassRegistration<VerifySchedulesPass>(); }
