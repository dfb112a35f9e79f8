//===- PlanStored.h - Nodes for the ops that take stored bytes apart -------------===//
#ifndef COOPT_LIB_PACKAGE_PLANSTORED_H
#define COOPT_LIB_PACKAGE_PLANSTORED_H

#include "RecipeNodes.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace coopt {

/// Whether `planStored` knows the op: quantized.split_blocks, .unpack_words and .dequantize, linalg.transpose,
/// tensor.collapse_shape.
bool isStoredOp(mlir::Operation *op);

/// A node for each result; `nodeOf` gives those of operands, null for one that is not initialised.
Expected<std::vector<package::recipe::NodeRef>>
planStored(mlir::Operation *op, llvm::function_ref<package::recipe::NodeRef(mlir::Value)> nodeOf);

} // namespace coopt

#endif // COOPT_LIB_PACKAGE_PLANSTORED_H
