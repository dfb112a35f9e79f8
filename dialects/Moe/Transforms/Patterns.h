//===- Patterns.h - Ops of experts in terms of simpler ones -----------------===//
//
// All patterns work on tensors. What they make computes the bits that the ops are defined by, so the CPU path and the reference
// both use the decompositions.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MOE_TRANSFORMS_PATTERNS_H
#define COOPT_DIALECTS_MOE_TRANSFORMS_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace coopt::moe {

/// route -> model.row_reduce, element-wise linalg.generic and choose.
void populateDecomposeRoutePatterns(mlir::RewritePatternSet &patterns);

/// For what has no instructions for them:
/// choose   -> loops over the rows.
/// dispatch -> loops over the slots.
/// restrict -> a loop over the segments.
void populateDecomposeChoicePatterns(mlir::RewritePatternSet &patterns);

/// All of the above; logits and combine -> loops; contract -> a loop over segments of contractions with one expert.
void populateExpandToReferencePatterns(mlir::RewritePatternSet &patterns);

} // namespace coopt::moe

#endif // COOPT_DIALECTS_MOE_TRANSFORMS_PATTERNS_H
