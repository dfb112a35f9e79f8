//===- AttentionDialect.cpp - Registration of the attention dialect ---------===//
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Attention/IR/AttentionInterfaces.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt::attention;

#include "dialects/Attention/IR/AttentionDialect.cpp.inc"
#include "dialects/Attention/IR/AttentionEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Attention/IR/AttentionTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Attention/IR/AttentionOps.cpp.inc"

void AttentionDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Attention/IR/AttentionTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Attention/IR/AttentionOps.cpp.inc"
      >();
  attachAttentionInterfaces(getContext());
}
