//===- GenericLoops.h - linalg.generic on memrefs as loops of vectors -------===//
#ifndef COOPT_LIB_CONVERSION_GENERICLOOPS_H
#define COOPT_LIB_CONVERSION_GENERICLOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace coopt {

/// Replaces a linalg op on memrefs by loops. Parallel dimensions outside in ascending order, the vectorised
/// one inside them; reductions innermost, sequential and ascending, their results in registers.
mlir::LogicalResult lowerLinalgToLoops(mlir::RewriterBase &rewriter, mlir::linalg::LinalgOp op);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_GENERICLOOPS_H
