//===- CompressActivations.h - Activations as coded contractions read them --===//
#ifndef COOPT_LIB_TRANSFORMS_COMPRESSACTIVATIONS_H
#define COOPT_LIB_TRANSFORMS_COMPRESSACTIVATIONS_H

#include "CompressMatch.h"
#include "SchemePlan.h"

namespace coopt {

/// The rows of `source`, the table of `gather` or one part of its scheme, that the gather names; `dynamicRows`: how many, if its
/// type leaves that open.
mlir::Value gatherRows(mlir::OpBuilder &builder, model::GatherOp gather, mlir::Value source,
                       mlir::ValueRange dynamicRows);

/// Makes each form of an activation once for all contractions of a block that read it. Ops go where the builder is.
class ActivationCoder {
public:
  ActivationCoder(mlir::OpBuilder &builder, const SchemePlan &plan) : builder(builder), plan(plan) {}

  /// The parts of the activation in the plan's scheme; rows that are gathered are quantised where they come from, once each.
  llvm::SmallVector<mlir::Value> codesOf(WeightContraction contraction);
  /// The numbers in f32 that these codes mean.
  mlir::Value decoded(WeightContraction contraction);
  /// A float activation of the contraction in bf16.
  mlir::Value rounded(mlir::Value x, WeightContraction contraction);

private:
  quantized::QuantizeOp quantize(mlir::Value x, mlir::Operation *reader, mlir::Block *block,
                                 mlir::OpFoldResult rows);

  mlir::OpBuilder &builder;
  const SchemePlan &plan;
  // By what is read and the block of the reader: one serves all contractions there.
  llvm::DenseMap<std::pair<mlir::Value, mlir::Block *>, quantized::QuantizeOp> quantizations;
  llvm::DenseMap<std::pair<mlir::Operation *, mlir::Block *>, llvm::SmallVector<mlir::Value>> gatheredCodes;
  llvm::DenseMap<mlir::Operation *, mlir::Value> decodings; ///< by what made the codes
  llvm::DenseMap<std::pair<mlir::Value, mlir::Block *>, mlir::Value> roundings;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_COMPRESSACTIVATIONS_H
