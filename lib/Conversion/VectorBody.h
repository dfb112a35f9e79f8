//===- VectorBody.h - Which bodies of linalg.generic can run on vectors -----===//
#ifndef COOPT_LIB_CONVERSION_VECTORBODY_H
#define COOPT_LIB_CONVERSION_VECTORBODY_H

#include "Chunks.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"

namespace coopt {

/// How a generic op is vectorised along one of its loops.
struct VectorPlan {
  /// The loop; absent if the op stays scalar.
  std::optional<unsigned> dim;
  /// Values of the body that differ from lane to lane.
  llvm::DenseSet<mlir::Value> varying;
};

/// The last parallel loop along which every operand is consecutive or constant and the body is elementwise.
VectorPlan planVectorization(mlir::linalg::GenericOp op);

/// Emits the body. `mapping` holds values for the block arguments; `ivs` the loops' induction variables.
/// Returns what is yielded.
llvm::SmallVector<mlir::Value> emitBody(mlir::ImplicitLocOpBuilder &b, mlir::linalg::GenericOp op,
                                        const VectorPlan &plan, const Chunk &chunk,
                                        mlir::ArrayRef<mlir::Value> ivs, mlir::IRMapping &mapping);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_VECTORBODY_H
