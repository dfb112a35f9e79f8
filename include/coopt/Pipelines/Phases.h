//===- Phases.h - The way of a model through the compiler ------------------------------===//
//
// import -> compress -> fuse -> layout -> schedule -> tile -> kernels -> package. Each phase is a library
// function; the driver and coopt-opt's pipelines call the same ones. What a phase promises about its output
// is checked after it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PIPELINES_PHASES_H
#define COOPT_PIPELINES_PHASES_H

#include "coopt/CostModel/Decision.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Package/PackageBuilder.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace coopt {

enum class Phase { Import, Compress, Fuse, Layout, Schedule, Tile, Kernels, Package };

/// "import", "compress", ...
llvm::StringRef phaseName(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);
/// All phases, in order.
llvm::ArrayRef<Phase> allPhases();

/// The machine that "cpu" stands for: a description of its own, so that what is compiled doesn't depend on
/// where.
machine::Machine defaultMachine();

struct CompileOptions {
  /// What schedules are priced for and checked against.
  machine::Machine machine = defaultMachine();
  /// How weights and activations are stored: a name of the quantisation grammar, "f32", or a budget (AutoQuantization.h).
  std::string quantize = "f32";
  /// Of a budget: a file of losses that were measured, in place of predicted ones, and one that gets the plan that it came to; empty: none.
  std::string sensitivities, planFile;
  /// What is kept of the weights of contractions (SparsePattern.h): 2:4, group16:0.5, ..; empty: all. Scored by
  /// "magnitude", or with the "inputs" that --calibration knows.
  std::string sparsify;
  std::string sparsityScore = "magnitude";
  /// Only what is kept is stored: "auto", where a kernel gains from it, or "kept", wherever it takes less memory.
  std::string sparseStorage = "auto";
  /// How codes of weights are chosen: nearest, or awq, clip and gptq joined by '+' with the statistics of a file that coopt-run
  /// --collect-stats wrote.
  std::string rounding = "nearest";
  std::string calibration;
  /// How keys and values are stored ("f32", "f16", "bf16") and attended ("fixed", "fast"); empty: as the model
  /// says, which of imported ones is f32 and fixed.
  std::string kv, attention;
  /// Layers that attend to all keys so far attend to this many of the last and of the first; 0: to all, and none.
  int64_t attentionWindow = 0, attentionSinks = 0;
  /// f32 or bf16: what float activations of coded contractions are rounded to.
  std::string activations = "f32";
  /// A file of schedules that win over the chosen ones (SelectSchedules.h); empty: none.
  std::string scheduleFile;
  /// A database of measured schedules, of which the quickest are taken; empty: none.
  std::string tuningDatabase;
  /// Hears what the schedule phase decided and why; null: nobody does.
  std::function<void(const cost::DecisionTrace &trace)> explain;
  /// Instruction-set variants to generate, in the order of the package.
  std::vector<std::string> variants = {"generic", "avx2", "avx512", "amx"};
  /// Hears, line by line, what was chosen where a choice was left (compress); null: nobody does.
  std::function<void(const std::string &line)> report;
  /// Hears what the long phases (kernels, package) are at.
  package::Progress progress;
};

/// Runs one phase between import and package, both exclusive, on `module`. Errors are diagnostics.
mlir::LogicalResult runPhase(Phase phase, mlir::ModuleOp module, const CompileOptions &options);

/// The last phase: objects, recipes, host program into one file.
mlir::LogicalResult writePackageFile(mlir::ModuleOp module, const CompileOptions &options,
                                     const std::string &path);

/// Registers each phase as a pass of the name coopt-phase-<name>, and all of them as the pipeline
/// coopt-compile.
void registerPhasePipelines();

} // namespace coopt

#endif // COOPT_PIPELINES_PHASES_H
