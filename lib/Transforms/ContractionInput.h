//===- ContractionInput.h - Where a kernel has a contraction's inputs --------------===//
#ifndef COOPT_LIB_TRANSFORMS_CONTRACTIONINPUT_H
#define COOPT_LIB_TRANSFORMS_CONTRACTIONINPUT_H

#include "dialects/Schedule/IR/Schedule.h"

#include <optional>

namespace coopt {

/// The discardable attribute of a schedule.kernel that lists the op ids of its contractions.
constexpr char kContractionIds[] = "coopt.contractions";

/// The float inputs x (M x K, row-major) of a kernel's contractions with parameters.
struct ContractionInput {
  unsigned operand = 0; ///< the kernel's operand that holds exactly x
  int64_t columns = 0;  ///< K
};

/// Nothing if the kernel has no such contraction, several with different inputs, or if x is computed inside it.
std::optional<ContractionInput> findContractionInput(schedule::KernelOp kernel);

/// A name for the value, the same wherever the value is read: made of the id of the kernel that computes it, or of the entry's
/// argument. Empty where there is neither.
std::string describeSource(mlir::Value value);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_CONTRACTIONINPUT_H
