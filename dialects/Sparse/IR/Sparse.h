//===- Sparse.h - The sparse dialect: attributes, operations ------------------===//
//
// Matrices of which a pattern keeps a part; see README.md for why and for the constraints C1..Cn.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_SPARSE_IR_SPARSE_H
#define COOPT_DIALECTS_SPARSE_IR_SPARSE_H

#include "coopt/Numerics/SparsePattern.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Sparse/IR/SparseDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Sparse/IR/SparseAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Sparse/IR/SparseOps.h.inc"

namespace coopt::sparse {

/// The type of the bits of a matrix's blocks.
mlir::RankedTensorType keptType(PatternAttr pattern, mlir::RankedTensorType matrix);
/// The type of a matrix's compact form.
mlir::RankedTensorType compactType(PatternAttr pattern, mlir::RankedTensorType matrix);

} // namespace coopt::sparse

#endif // COOPT_DIALECTS_SPARSE_IR_SPARSE_H
