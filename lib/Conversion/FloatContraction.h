//===- FloatContraction.h - f32 contractions on packed weights --------------===//
#ifndef COOPT_LIB_CONVERSION_FLOATCONTRACTION_H
#define COOPT_LIB_CONVERSION_FLOATCONTRACTION_H

#include "coopt/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace coopt {

/// out[m, n] += sum over k of a[m, k] * w[n, k] with w stored in panels [N/16][K][16]: emits it before the
/// op. Fails, having changed nothing that matters, if the op is no such contraction.
llvm::LogicalResult lowerPackedFloatContraction(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op, Isa isa);

/// The same with w row by row in memory: dot products of 16 partial sums and a tree.
llvm::LogicalResult lowerRowFloatContraction(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op, Isa isa);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_FLOATCONTRACTION_H
