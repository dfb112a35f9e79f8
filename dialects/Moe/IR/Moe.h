//===- Moe.h - The moe dialect: attributes, operations ------------------------===//
//
// Mixtures of experts; see README.md for why and for the constraints C1..Cn.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MOE_IR_MOE_H
#define COOPT_DIALECTS_MOE_IR_MOE_H

#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "dialects/Moe/IR/MoeDialect.h.inc"
#include "dialects/Moe/IR/MoeEnums.h.inc"

#define GET_OP_CLASSES
#include "dialects/Moe/IR/MoeOps.h.inc"

namespace coopt::moe {

/// The numbers of a segment, in the order in which `dispatch` puts them.
enum SegmentPart : int64_t { kExpert = 0, kFirstPlace = 1, kCount = 2, kSegmentParts = 3 };

/// What `op` is on rows that all belong to `expert` (an index): a `quantized.contract`, or a linalg contraction that starts from
/// zero, on slices of the op's weights. `inputs` are the operands of a, `init` the destination, both tensors.
mlir::Value contractWithExpert(mlir::ImplicitLocOpBuilder &builder, ContractOp op, mlir::Value expert,
                               mlir::ValueRange a, mlir::Value init);

} // namespace coopt::moe

#endif // COOPT_DIALECTS_MOE_IR_MOE_H
