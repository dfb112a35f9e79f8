//===- Patterns.h - Sparse ops in terms of simpler ones ---------------------===//
#ifndef COOPT_DIALECTS_SPARSE_TRANSFORMS_PATTERNS_H
#define COOPT_DIALECTS_SPARSE_TRANSFORMS_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace coopt::sparse {

/// Every op as element-wise linalg.generic: the reference, and what functions run that have these ops outside of recipes.
/// topk_select with statistics stays.
void populateExpandToReferencePatterns(mlir::RewritePatternSet &patterns);

} // namespace coopt::sparse

#endif // COOPT_DIALECTS_SPARSE_TRANSFORMS_PATTERNS_H
