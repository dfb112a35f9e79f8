//===- ScheduleSpace.h - What can be chosen from for a kernel -----------------===//
#ifndef COOPT_LIB_TRANSFORMS_SCHEDULESPACE_H
#define COOPT_LIB_TRANSFORMS_SCHEDULESPACE_H

#include "coopt/Analysis/SummarizeKernel.h"
#include "coopt/CostModel/CostModel.h"
#include "dialects/Schedule/IR/Schedule.h"

#include <limits>
#include <optional>
#include <string>

namespace coopt {

/// A configuration that could be taken, or that looks as if it could.
struct ScheduleOption {
  schedule::ConfigAttr config;
  std::string refusal; ///< why it can't; empty: it can
};

/// The configurations of a machine's kernels, and what each is to its cost model.
class ScheduleSpace {
public:
  virtual ~ScheduleSpace() = default;

  /// All that may be taken for the kernel as it is summarised, each once, those that are preferred among equals first. Few enough to price each
  /// of them. Not all is checked: verifySchedule has the last word.
  virtual llvm::SmallVector<ScheduleOption> options(schedule::KernelOp kernel,
                                                    const cost::KernelSummary &summary) const = 0;
  /// The kernel at so many rows, as the machine's cost model reads it; nothing for kernels that no model knows.
  virtual std::optional<cost::KernelSummary> summarize(schedule::KernelOp kernel, int64_t rows) const {
    return summarizeKernel(kernel, [&](mlir::Value) { return rows; });
  }
  /// The rule: what is taken where no model prices the kernel. Null: the kernel is one item.
  virtual schedule::ConfigAttr unpriced(schedule::KernelOp kernel,
                                        const cost::KernelSummary &summary) const = 0;
  /// An option is taken in place of the first one if it takes less than this share of its time.
  virtual double worthwhile() const { return 1; }
  /// One row has a schedule of its own, beside that of many rows, if it takes at most this share of the other's time.
  virtual double worthGuard() const { return std::numeric_limits<double>::infinity(); }
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SCHEDULESPACE_H
