//===- ReferenceBuilder.h - IR of the numeric definitions -------------------===//
//
// What the reference expansions of several dialects have in common: R of the numeric contract as plain loops.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_REFERENCEBUILDER_H
#define COOPT_DIALECTS_MODEL_IR_REFERENCEBUILDER_H

#include "dialects/Model/IR/Model.h"

namespace coopt::model {

using ValueFunction = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::Value)>;
using UpdateFunction =
    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::Value index, mlir::Value carried)>;

/// A constant of type index.
mlir::Value indexConstant(mlir::ImplicitLocOpBuilder &builder, int64_t value);

/// `for index in [begin, end): carried = update(index, carried)`; the final value.
mlir::Value emitLoop(mlir::ImplicitLocOpBuilder &builder, mlir::Value begin, mlir::Value end,
                     mlir::Value carried, UpdateFunction update);

/// Loops over all elements of the leading `rank` dimensions of `tensor`: tensor = update(indices, tensor), in
/// order.
mlir::Value emitLoopNest(
    mlir::ImplicitLocOpBuilder &builder, mlir::Value tensor, int64_t rank,
    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange indices, mlir::Value)>
        update);

/// One step of a reduction (`amax` expects values whose sign is gone).
mlir::Value emitCombine(mlir::ImplicitLocOpBuilder &builder, RowReduction kind, mlir::Value a, mlir::Value b);

/// R of element(i) for i in [begin, end), f32. An element's partial result is that of i, so elements before
/// `begin` count as absent.
mlir::Value emitReduction(mlir::ImplicitLocOpBuilder &builder, RowReduction kind, mlir::Value begin,
                          mlir::Value end, ValueFunction element);

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_REFERENCEBUILDER_H
