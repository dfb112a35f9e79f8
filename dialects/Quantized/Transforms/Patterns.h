//===- Patterns.h - Quantised ops in terms of simpler ones ---------*- C++ -*-===//
//
// All patterns work on tensors. What they make computes the same bits as Numerics says (the quotient rounding
// of a quantised element is instantiated from Numerics itself), so the CPU path and the reference can both
// use them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_QUANTIZED_TRANSFORMS_PATTERNS_H
#define COOPT_DIALECTS_QUANTIZED_TRANSFORMS_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace coopt::quantized {

/// quantize   -> model.row_reduce and element-wise linalg.generic: scale = amax / qmax (0 -> 1), codes =
///               fptosi(roundeven(clamp(x / scale))), NaN quotients 0; one pass a group in a loop if there
///               are groups.
/// dequantize -> one element-wise linalg.generic.
/// requantize -> one element-wise linalg.generic in i64.
/// The last op made carries the discardable attributes (`coopt.id`) of the op it stands for. Without `decodes` dequantize stays: for who
/// has code for it as a whole.
void populateDecomposeQuantizePatterns(mlir::RewritePatternSet &patterns, bool decodes = true);

/// The above, and contract -> linalg.generic with i32 accumulation and element-wise scaling, as `scale_at`
/// says.
void populateExpandToReferencePatterns(mlir::RewritePatternSet &patterns);

/// Registers coopt-quantized-decompose and coopt-quantized-expand-to-reference, which apply these patterns.
void registerQuantizedPasses();

} // namespace coopt::quantized

#endif // COOPT_DIALECTS_QUANTIZED_TRANSFORMS_PATTERNS_H
