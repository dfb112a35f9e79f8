//===- AdaptSignature.h - Arguments and results as buffers can hold them -------------------===//
#ifndef COOPT_LIB_IMPORT_ADAPTSIGNATURE_H
#define COOPT_LIB_IMPORT_ADAPTSIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace coopt::import {

/// Arguments and results of other types travel in tensors of elements that a buffer can hold:
///
///   - scalars in tensors of rank 0;
///   - integers of other widths than 1, 8, 16, 32 and 64 bits in the next wider of these: arguments lose their upper
///     bits, results are sign-extended;
///   - indices in 64-bit integers.
mlir::LogicalResult adaptSignature(mlir::func::FuncOp function);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_ADAPTSIGNATURE_H
