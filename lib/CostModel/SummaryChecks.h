//===- SummaryChecks.h - What models ask of a summary first -----------------------===//
#ifndef COOPT_LIB_COSTMODEL_SUMMARYCHECKS_H
#define COOPT_LIB_COSTMODEL_SUMMARYCHECKS_H

#include "coopt/CostModel/CostModel.h"

#include <initializer_list>
#include <utility>

namespace coopt::cost {

/// "kernel 'layers.0/mlp/up_proj' (contraction)", as messages begin.
std::string placeOf(const KernelSummary &kernel);

/// Errors: one of them is below `least` or above 2^48, with its name and the place.
Status checkSizes(const std::string &place, std::initializer_list<std::pair<const char *, int64_t>> sizes,
                  int64_t least);

/// Errors: an element type that is none, bytes that are no number or negative.
Status checkOperands(const KernelSummary &kernel);

struct ElementType {
  int bits = 0; ///< as computed with
  bool isInteger = false;
};

/// Nothing: none of "f32", "f16", "bf16", "i1" to "i8", "i16" and "i32".
std::optional<ElementType> elementTypeOf(const std::string &name);

} // namespace coopt::cost

#endif // COOPT_LIB_COSTMODEL_SUMMARYCHECKS_H
