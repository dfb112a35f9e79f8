//===- CodeContraction.h - quantized.contract -------------------------------===//
#ifndef COOPT_LIB_CONVERSION_CODECONTRACTION_H
#define COOPT_LIB_CONVERSION_CODECONTRACTION_H

#include "coopt/Conversion/Passes.h"
#include "dialects/Quantized/IR/Quantized.h"

namespace coopt {

/// Contractions whose weights are codes in panels (CodePanels.h), with scales and zeros of groups in panels of
/// 16 rows: emitted before the op, for a register tile of rows and panels at a time. Groups are whole rows,
/// multiples of 64 or divisors of 64 that are multiples of 4. Fails, having changed nothing that matters, if
/// the op is another.
llvm::LogicalResult lowerPackedCodeContraction(mlir::OpBuilder &builder, quantized::ContractOp op, Isa isa);

/// Any codes as wide as a byte, element by element.
llvm::LogicalResult lowerScalarCodeContraction(mlir::OpBuilder &builder, quantized::ContractOp op);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_CODECONTRACTION_H
