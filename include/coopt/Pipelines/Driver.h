//===- Driver.h - What coopt-compile does -----------------------------------------------===//
#ifndef COOPT_PIPELINES_DRIVER_H
#define COOPT_PIPELINES_DRIVER_H

#include "coopt/Import/HuggingFace.h"
#include "coopt/Pipelines/Phases.h"

namespace coopt {

struct DriverOptions {
  /// A Hugging Face directory or an MLIR file; with `from`, an MLIR file that a compilation stopped at that
  /// phase wrote.
  std::string input;
  /// The package, or the MLIR text of the phase that `to` names; "-" is standard output (text only).
  std::string output;
  /// Start with the phase after this one; import: start at the model.
  std::optional<Phase> from;
  /// Stop after this phase.
  Phase to = Phase::Package;
  /// A folder that gets the IR after every phase, as 1-import.mlir, ...; empty: none.
  std::string dumpDirectory;
  /// Where to say which schedules were taken and why: JSON in a file of a name that ends in .json, else a table; "-" is standard output. Empty: nowhere.
  std::string explainSchedule;
  /// Measure schedules on this machine for so long; 0: not at all. Kept in compile.tuningDatabase, if there is one.
  double tuneSeconds = 0;
  std::string bench; ///< the program coopt-bench, for that
  /// Say on standard error what each phase takes.
  bool verbose = false;
  import::ImportOptions importOptions;
  CompileOptions compile;
};

/// Compiles as told. Errors have been printed to standard error when failure is returned.
mlir::LogicalResult runDriver(const DriverOptions &options);

} // namespace coopt

#endif // COOPT_PIPELINES_DRIVER_H
