//===- Equality.h - Whether two functions are equal ---------------------------===//
#ifndef COOPT_LIB_PROOF_EQUALITY_H
#define COOPT_LIB_PROOF_EQUALITY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace coopt::proof {

/// Proves that `emitted` leaves in its arguments and returns what `definition` does, for all inputs for which the definition's assertions hold; that
/// its own assertions hold; and that no op has operands for which it has no result. Emits a remark, or an error with a counterexample. Arguments
/// with the attribute coopt.scratch are no inputs: bytes that may hold anything at first.
llvm::LogicalResult proveEqual(mlir::func::FuncOp emitted, mlir::func::FuncOp definition, double seconds);

} // namespace coopt::proof

#endif // COOPT_LIB_PROOF_EQUALITY_H
