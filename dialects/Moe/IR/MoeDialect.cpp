//===- MoeDialect.cpp - Registration of the moe dialect ---------------------===//
#include "dialects/Model/IR/StructuredOpBufferization.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace coopt::moe;

#include "dialects/Moe/IR/MoeDialect.cpp.inc"
#include "dialects/Moe/IR/MoeEnums.cpp.inc"

/// What has no segment stays as it is.
template <>
bool coopt::model::StructuredOpBufferization<ContractOp>::bufferizesToMemoryRead(
    Operation *, OpOperand &, const bufferization::AnalysisState &) const {
  return true;
}

void MoeDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Moe/IR/MoeOps.cpp.inc"
      >();
  coopt::model::attachStructuredInterfaces<LogitsOp, RouteOp, ChooseOp, DispatchOp, RestrictOp, ContractOp,
                                           CombineOp>(getContext());
}
