//===- StoredWeights.h - Recipes of weights that are stored as codes -------------===//
#ifndef COOPT_LIB_IMPORT_STOREDWEIGHTS_H
#define COOPT_LIB_IMPORT_STOREDWEIGHTS_H

#include "coopt/Import/StoredMatrix.h"

#include "mlir/IR/Builders.h"

namespace coopt::import {

/// Declares parameter `name`, f32 of the matrix' shape, with a recipe that decodes what the files store: the recipe's last step
/// is a quantized.dequantize of the parts of a scheme. Builds at the builder's place, which is the module's body.
void declareStoredWeight(mlir::OpBuilder &builder, mlir::Location loc, const std::string &name,
                         const StoredMatrix &matrix, const CheckpointQuantization &quantization,
                         const TensorFiles &files);

/// Declares parameter `name`, i32: the columns in the order in which they are decoded.
void declareColumnOrder(mlir::OpBuilder &builder, mlir::Location loc, const std::string &name,
                        llvm::ArrayRef<int32_t> order);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_STOREDWEIGHTS_H
