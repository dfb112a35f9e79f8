//===- ExpandCoded.h - States of codes, number by number --------------------===//
#ifndef COOPT_DIALECTS_ATTENTION_TRANSFORMS_EXPANDCODED_H
#define COOPT_DIALECTS_ATTENTION_TRANSFORMS_EXPANDCODED_H

#include "dialects/Attention/IR/Attention.h"

namespace coopt::attention {

/// The number that a read of the buffer of a state of codes gives.
mlir::Value expandCodedRead(mlir::ImplicitLocOpBuilder &builder, ReadOp op, mlir::Value slab);

/// Writes what an append in tensor form writes to the slabs of one head.
void expandCodedAppend(mlir::ImplicitLocOpBuilder &builder, AppendOp op, mlir::Value head,
                       mlir::Value keySlab, mlir::Value valueSlab);

} // namespace coopt::attention

#endif // COOPT_DIALECTS_ATTENTION_TRANSFORMS_EXPANDCODED_H
