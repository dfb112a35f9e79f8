//===- ExpandToReference.h - Every op as its definition ---------------------===//
//
// The oracle: structured ops in tensor form become the plain loops that the numeric contract defines them by.
// What is left is upstream's dialects, `math` functions on f32 that mean the sequences of Numerics, and the
// state ops that have no definition but the state itself.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_EXPANDTOREFERENCE_H
#define COOPT_TRANSFORMS_EXPANDTOREFERENCE_H

#include "mlir/IR/PatternMatch.h"

namespace coopt {

/// The expansions of all dialects.
void populateExpandToReferencePatterns(mlir::RewritePatternSet &patterns);

/// Registers coopt-expand-to-reference.
void registerExpandToReferencePass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_EXPANDTOREFERENCE_H
