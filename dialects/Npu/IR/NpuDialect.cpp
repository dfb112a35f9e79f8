//===- NpuDialect.cpp - Registration of the npu dialect ----------------------===//
#include "dialects/Npu/IR/Npu.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

#include "dialects/Npu/IR/NpuDialect.cpp.inc"
#include "dialects/Npu/IR/NpuEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Npu/IR/NpuAttrs.cpp.inc"

namespace {

/// Success of a number that is not negative.
LogicalResult verifyBytes(Operation *op, NamedAttribute attribute) {
  auto bytes = dyn_cast<IntegerAttr>(attribute.getValue());
  return bytes && bytes.getType().isInteger(64) && bytes.getInt() >= 0
             ? success()
             : op->emitError("expected '") << attribute.getName().getValue()
                                           << "' to be a number of bytes (i64), got " << attribute.getValue();
}

LogicalResult verifyText(Operation *op, NamedAttribute attribute, bool mayBeEmpty) {
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  return text && (mayBeEmpty || !text.empty()) ? success()
                                               : op->emitError("expected '")
                                                     << attribute.getName().getValue()
                                                     << "' to be a text, got " << attribute.getValue();
}

} // namespace

LogicalResult KeptAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t n, int64_t m,
                               Type type) {
  if (n < 1 || n >= m || m > UINT8_MAX) {
    return emitError() << "expected n of m with 0 < n < m < 256, got " << n << " of " << m;
  }
  return typeName(type) ? success() : emitError() << "expected a type that the accelerator has, got " << type;
}

int64_t KeptAttr::getPlaceBits() const { return llvm::Log2_64_Ceil(static_cast<uint64_t>(getM())); }

int64_t KeptAttr::getCodeBytes(int64_t columns) const {
  return llvm::divideCeil(columns * getType().getIntOrFloatBitWidth(), 8);
}

int64_t KeptAttr::getPlaceBytes(int64_t columns) const {
  return llvm::divideCeil(columns * getPlaceBits(), 8);
}

int64_t KeptAttr::getDepth(int64_t rows) const { return llvm::divideCeil(rows * getM(), getN()); }

LogicalResult NpuDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == kAddressName) {
    return isa<memref::AllocOp>(op)
               ? verifyBytes(op, attribute)
               : op->emitError("has '") << kAddressName << "', which only memref.alloc may have";
  }
  return attribute.getName() == kLocationName ? verifyText(op, attribute, /*mayBeEmpty=*/true)
                                              : op->emitError("has '")
                                                    << attribute.getName().getValue()
                                                    << "', which is no attribute of operations";
}

LogicalResult NpuDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned,
                                                   NamedAttribute attribute) {
  if (attribute.getName() == kBytesName) {
    return verifyBytes(op, attribute);
  }
  return attribute.getName() == kSymbolName ? verifyText(op, attribute, /*mayBeEmpty=*/false)
                                            : op->emitError("has '")
                                                  << attribute.getName().getValue()
                                                  << "', which is no attribute of arguments";
}

void NpuDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Npu/IR/NpuAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Npu/IR/NpuOps.cpp.inc"
      >();
}
