//===- ExpandToReference.h - Model ops as their definitions -----------------===//
#ifndef COOPT_DIALECTS_MODEL_TRANSFORMS_EXPANDTOREFERENCE_H
#define COOPT_DIALECTS_MODEL_TRANSFORMS_EXPANDTOREFERENCE_H

#include "mlir/IR/PatternMatch.h"

namespace coopt::model {

/// Rewrites gather, row_reduce, pack and unpack in tensor form into linalg, scf and tensor ops that spell out
/// their definitions: plain, slow, and sharing nothing with the code that kernels are made of.
void populateExpandToReferencePatterns(mlir::RewritePatternSet &patterns);

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_TRANSFORMS_EXPANDTOREFERENCE_H
