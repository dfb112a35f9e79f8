//===- CodeContraction.h - quantized.contract -------------------------------===//
#ifndef COOPT_LIB_CONVERSION_CODECONTRACTION_H
#define COOPT_LIB_CONVERSION_CODECONTRACTION_H

#include "coopt/Conversion/Passes.h"
#include "dialects/Quantized/IR/Quantized.h"

namespace coopt {

/// Symmetric int8 codes, scale_at(output), w stored in panels [N/16][K/2][16 n][2 k]: emits it before the op.
/// Fails if the op is another.
llvm::LogicalResult lowerPackedCodeContraction(mlir::OpBuilder &builder, quantized::ContractOp op, Isa isa);

/// Any codes as wide as a byte, scale_at(output) or scale_at(group), element by element.
llvm::LogicalResult lowerScalarCodeContraction(mlir::OpBuilder &builder, quantized::ContractOp op);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_CODECONTRACTION_H
