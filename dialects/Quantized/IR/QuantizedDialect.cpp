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

LogicalResult SchemeAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned bits, int64_t group,
                                 Symmetry symmetry, Type scale, Type outer) {
  if (bits < 2 || bits > 8) {
    return emitError() << "expected 2 to 8 bits, got " << bits;
  }
  if (group < 0) {
    return emitError() << "expected a group of 0 (the whole row) or more elements, got " << group;
  }
  if (outer) {
    if (!outer.isF32() || !scale || !scale.isInteger(8) || group == 0) {
      return emitError() << "expected outer scales of f32 over scales of i8 for groups, got " << outer
                         << " over " << scale << " for group " << group;
    }
    return success();
  }
  if (!scale || !(scale.isF32() || scale.isF16())) {
    return emitError() << "expected scales of type f32 or f16, got " << scale;
  }
  return success();
}
