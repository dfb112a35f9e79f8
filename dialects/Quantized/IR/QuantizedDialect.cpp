#include "dialects/Model/IR/Model.h"
#include "dialects/Model/IR/StructuredOpBufferization.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::quantized;

#include "dialects/Quantized/IR/QuantizedDialect.cpp.inc"
#include "dialects/Quantized/IR/QuantizedEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Quantized/IR/QuantizedAttrs.cpp.inc"

void QuantizedDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Quantized/IR/QuantizedAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Quantized/IR/QuantizedOps.cpp.inc"
      >();
  model::attachStructuredInterfaces<QuantizeOp, DequantizeOp, RequantizeOp, ContractOp>(getContext());
}

LogicalResult RoundingAttr::verify(function_ref<InFlightDiagnostic()> emitError, RoundingMethod,
                                   StringRef statistics) {
  return statistics.empty() ? emitError() << "expected the op id of the statistics, got ''" : success();
}
