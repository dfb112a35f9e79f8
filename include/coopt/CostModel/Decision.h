//===- Decision.h - What was chosen, and why all else was not -------------===//
//
// The trace of a choice of schedules: for each kernel and case every candidate with its estimate, as plain data, so that it can be shown as a
// table, written as JSON, and compared with what was measured. Schedules are texts here: what they mean is the compiler's business.
//
//   { "format": 1, "machine": "amx", "model": "cpu-roofline",
//     "decisions": [ {
//       "kernels": ["layers.0/mlp/up_proj", ..],       kernels for which all of this is the same
//       "entry": "step", "case": "tokens le 1", "priced_at": {"tokens": 1}, "by": "model", "rule": "<tile = [1, 64]>",
//       "kind": "contraction", "sizes": {"m": 1, "n": 8192, "k": 2048},
//       "operands": [{"role": "weight", "type": "i8", "bytes": 16777216, "cold": true}, ..],
//       "tile_ops": [{"kind": "map", "function": "mul", "columns": 2048, ..}, ..],   of accelerators: CostModel.h, TileOp
//       "roofline_seconds": 5.4e-04,
//       "relative_error": 0.1,                         known error of the model's times for such kernels; null: never compared with measurements
//       "candidates": [                                the chosen one first, the others by their time; with "measured_seconds" if they were measured
//         {"schedule": "<tile = [1, 32]>", "tile": {"rows": 1, "columns": 32, "inner": 0, "family": "amx"}, "seconds": 5.6e-04, "bound": "memory", "terms": {"compute": 1.1e-05, ..}, "bytes": {"memory": 1.7e+07, ..}},
//         {"schedule": "<tile = [1, 64]>", "seconds": 5.7e-04, .., "lost": "1.8 % more: overhead 12 us"},
//         {"schedule": "<tile = [512, 64]>", "refused": "the temporaries .."} ] } ] }
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_DECISION_H
#define COOPT_COSTMODEL_DECISION_H

#include "coopt/CostModel/CostModel.h"

#include <string_view>

namespace coopt::cost {

/// Who decides.
enum class Chooser {
  Model, ///< the cheapest by the model
  Tuned, ///< the quickest of those that were measured
  File,  ///< a file of schedules
  Hand,  ///< the kernel came with it
  Rule   ///< no model prices the kernel
};
const char *name(Chooser chooser);

struct Considered {
  std::string schedule;
  std::optional<Candidate> candidate; ///< as the model sees it; absent: refused
  std::optional<Estimate> estimate; ///< absent: refused, or not priced
  std::optional<double> measured;   ///< seconds
  std::string refusal;              ///< why it is none of this kernel and machine; empty: it is one
};

struct Decision {
  std::string kernel; ///< op id
  std::string entry;  ///< of the program
  std::string guard;  ///< the case: "tokens le 1"; empty: all others
  std::string size;   ///< the run-time size that the kernel's rows stand for, "tokens"; empty: none
  int64_t value = 0;  ///< of that size, where the case was priced
  Chooser by = Chooser::Model;
  std::string rule; ///< what is taken where no model prices the kernel
  KernelSummary summary; ///< at the sizes that the case was priced at
  /// The chosen one first, then those that were measured, then by their estimates, those that have none last. Never empty.
  std::vector<Considered> considered;

  const Considered &chosen() const { return considered.front(); }
  /// The next best that could have been taken; null: there is none.
  const Considered *runnerUp() const;
};

struct DecisionTrace {
  std::string machine; ///< its name
  std::string model;   ///< "cpu-roofline"
  std::vector<Decision> decisions;
};

/// What measurements of a kernel are kept under: its kind, sizes, operands and formats, but not its name. A line of JSON.
std::string kernelKey(const KernelSummary &summary);

/// "12.3 us, bound by memory (..); then <tile = [1, 64]>, 12.5 us, .."
std::string summarize(const Decision &decision);
/// A line for each decision, equal ones of several layers as one.
std::string printTable(const DecisionTrace &trace);
/// As above.
std::string toJson(const DecisionTrace &trace);
/// What toJson wrote, but for estimates: those can be made again. Errors begin with `name` and the place.
Expected<DecisionTrace> parseTrace(std::string_view text, const std::string &name);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_DECISION_H
