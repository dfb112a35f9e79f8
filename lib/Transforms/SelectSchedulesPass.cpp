//===- SelectSchedulesPass.cpp - selectSchedules from coopt-opt -----------------------===//
#include "coopt/Transforms/SelectSchedules.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace coopt;

namespace {

struct SelectSchedulesPass : PassWrapper<SelectSchedulesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SelectSchedulesPass)
  SelectSchedulesPass() = default;
  SelectSchedulesPass(const SelectSchedulesPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-schedule-select"; }
  StringRef getDescription() const final {
    return "Choose a schedule for every kernel that has none, by the machine's cost model";
  }

  void runOnOperation() final {
    Expected<machine::Machine> machine = machine::findMachine(machineName);
    if (!machine) {
      emitError(getOperation().getLoc()) << machine.error().message;
      return signalPassFailure();
    }
    cost::DecisionTrace trace;
    if (failed(selectSchedules(getOperation(), *machine, {scheduleFile, tuningDatabase}, &trace))) {
      return signalPassFailure();
    }
    if (explain.empty()) {
      return;
    }
    std::error_code error;
    llvm::ToolOutputFile file(explain, error, llvm::sys::fs::OF_Text);
    if (!error) {
      file.os() << (StringRef(explain).ends_with(".json") ? cost::toJson(trace) : cost::printTable(trace));
      file.os().flush();
      error = file.os().error();
      file.os().clear_error();
    }
    if (error) {
      emitError(getOperation().getLoc()) << explain << ": " << error.message();
      return signalPassFailure();
    }
    file.keep();
  }

  Option<std::string> machineName{*this, "machine", llvm::cl::init("cpu"),
                                  llvm::cl::desc("as coopt-compile --target takes it")};
  Option<std::string> scheduleFile{*this, "schedule", llvm::cl::init(""),
                                   llvm::cl::desc("file of schedules that win over the chosen ones")};
  Option<std::string> tuningDatabase{*this, "tuning-db", llvm::cl::init(""),
                                     llvm::cl::desc("database of measured schedules")};
  Option<std::string> explain{
      *this, "explain", llvm::cl::init(""),
      llvm::cl::desc(
          "where to write why: as JSON if the name ends in .json, else as a table (-: standard output)")};
};

} // namespace

void coopt::registerSelectSchedulesPass() { PassRegistration<SelectSchedulesPass>(); }
