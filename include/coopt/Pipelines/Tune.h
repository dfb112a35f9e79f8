//===- Tune.h - Schedules by measuring --------------------------------------------------===//
//
// Of an accelerator what is measured are the cycles of its simulator.
//
// The cost model orders the candidates of each kernel; the best few are made and measured: a package in which every kernel has its first candidate, one in which
// each has its second, and so on, as long as there is time. coopt-bench runs each (results are checked there) and keeps in a tuning database what every kernel took, so
// that one package measures all kernels at once. The schedule phase then takes the quickest of those.
//
//===----------------------------------------------------------------------------------===//
#ifndef COOPT_PIPELINES_TUNE_H
#define COOPT_PIPELINES_TUNE_H

#include "coopt/Pipelines/Phases.h"

namespace coopt {

struct TuneOptions {
  double seconds = 0;   ///< of wall time; a round is not begun that would take longer, the first one always is
  std::string database; ///< gets what is measured
  std::string bench;    ///< the program coopt-bench
  /// Hears what goes on.
  std::function<void(const std::string &)> progress;
};

/// `module` is what the schedule phase gets, and stays as it is. A machine that is a processor is this one. What is measured is kept under the machine's name. Errors
/// (diagnostics): a package that can't be made or measured.
mlir::LogicalResult tuneSchedules(mlir::ModuleOp module, const CompileOptions &compile, const TuneOptions &tune);

} // namespace coopt

#endif // COOPT_PIPELINES_TUNE_H
