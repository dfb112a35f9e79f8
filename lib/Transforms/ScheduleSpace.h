//===- ScheduleSpace.h - What can be chosen from for a kernel -----------------===//
#ifndef COOPT_LIB_TRANSFORMS_SCHEDULESPACE_H
#define COOPT_LIB_TRANSFORMS_SCHEDULESPACE_H

#include "coopt/CostModel/CostModel.h"
#include "dialects/Schedule/IR/Schedule.h"

#include <string>

namespace coopt {

/// A configuration that could be taken, or that looks as if it could.
struct ScheduleOption {
  schedule::ConfigAttr config;
  std::string refusal; ///< why it can't; empty: it can
};

/// The configurations of a machine's kernels.
class ScheduleSpace {
public:
  virtual ~ScheduleSpace() = default;

  /// All that may be taken for the kernel as it is summarised, each once, those that are preferred among equals first. Few enough to price each
  /// of them. Not all is checked: verifySchedule has the last word.
  virtual llvm::SmallVector<ScheduleOption> options(schedule::KernelOp kernel,
                                                    const cost::KernelSummary &summary) const = 0;
  /// What is taken where no model prices the kernel: rows in few pieces, so that there is work for every core.
  virtual schedule::ConfigAttr unpriced(schedule::KernelOp kernel,
                                        const cost::KernelSummary &summary) const = 0;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SCHEDULESPACE_H
