//===- NpuDialect.cpp - Registration of the npu dialect ----------------------===//
#include "dialects/Npu/IR/Npu.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

#include "dialects/Npu/IR/NpuDialect.cpp.inc"
#include "dialects/Npu/IR/NpuEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Npu/IR/NpuAttrs.cpp.inc"

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
