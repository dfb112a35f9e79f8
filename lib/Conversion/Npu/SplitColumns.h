//===- SplitColumns.h - Bodies that ask which column they compute --------------===//
//
// A linalg.generic whose body asks for the index of its last loop (a part of each head is turned, the rest copied) may compute different things in different
// columns, or reads from elsewhere; the vector unit computes one thing in all, of its operands. It becomes several, each of a range of columns in which all that follows from the index alone is
// the same and places that are read move on by equal steps. What is read at such places is an operand then: a view of every, or every second,
// element, which DMA brings side by side.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_SPLITCOLUMNS_H
#define COOPT_LIB_CONVERSION_NPU_SPLITCOLUMNS_H

#include "Tiles.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace coopt::npu {

/// Whether anything follows from the index of the last loop.
bool asksForColumns(mlir::linalg::GenericOp op);

/// The ops of all ranges, in front of `op`, which is left to be erased. Errors at the op: a last loop of run time, other uses of the index.
mlir::FailureOr<llvm::SmallVector<mlir::linalg::GenericOp>> splitColumns(Tiles &tiles,
                                                                         mlir::linalg::GenericOp op);

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_SPLITCOLUMNS_H
