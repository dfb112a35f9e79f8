//===- ExpandToReference.h - Attention ops as their definitions -------------===//
#ifndef COOPT_DIALECTS_ATTENTION_TRANSFORMS_EXPANDTOREFERENCE_H
#define COOPT_DIALECTS_ATTENTION_TRANSFORMS_EXPANDTOREFERENCE_H

#include "mlir/IR/PatternMatch.h"

namespace coopt::attention {

/// Rewrites attend in tensor form into loops over `attention.read`; and, where the state is a buffer, read
/// and append into loads and stores of it. `math.exp2` on f32 means the sequence of Numerics. append on a
/// state value, and read of one, have no expansion: they are what a state is.
void populateExpandToReferencePatterns(mlir::RewritePatternSet &patterns);

} // namespace coopt::attention

#endif // COOPT_DIALECTS_ATTENTION_TRANSFORMS_EXPANDTOREFERENCE_H
