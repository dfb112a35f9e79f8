//===- AllocateFormats.h - A format for each contraction, by a budget -------===//
//
// What `auto:..` (AutoQuantization.h) stands for in a module: contractions of one parameter get one format of those to choose from, so that the sum
// of losses is the smallest that the limits allow (BitAllocation.h). The loss of a contraction y = W x in a format that makes W~ of W is, unless it
// was measured,
//
//   c sum_nk h_k (w_nk - w~_nk)^2 / sum_nk h_k w_nk^2        h_k: mean of x_k^2, or 1 where that is not known
//
// the expected power of the error of y over that of y (noise to signal), of inputs that are taken to be uncorrelated, times c. What blocks compute (ids
// that agree up to the last "/": layers.3/mlp) is added up to the residual stream, in which the noise of one of B blocks counts c = 1 / B; what
// contractions without a block compute (lm_head) is the model's result: c = 1. Of a contraction by experts both sums are over the experts, by their
// shares of the rows. A parameter that rows are gathered from, too (an embedding that is the head), has the same with h_k = 1 and c = 1 / B
// besides.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_ALLOCATEFORMATS_H
#define COOPT_LIB_TRANSFORMS_ALLOCATEFORMATS_H

#include "coopt/Transforms/Compress.h"

namespace coopt {

/// The plan that `options.plan.automatic` comes to: a rule for each op id, all else float. `options.report` hears it. Each format is a remark
/// `FormatChosen` of category `compress`. Errors: limits that the smallest formats exceed, with what would do; no contraction with a weight; what the
/// losses are made of can't be had.
mlir::FailureOr<numerics::QuantizationPlan> allocateFormats(mlir::ModuleOp module,
                                                            const CompressOptions &options);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_ALLOCATEFORMATS_H
