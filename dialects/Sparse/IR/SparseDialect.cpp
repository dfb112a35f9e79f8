//===- SparseDialect.cpp - Registration of the sparse dialect ----------------===//
#include "dialects/Sparse/IR/Sparse.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::sparse;

#include "dialects/Sparse/IR/SparseDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Sparse/IR/SparseAttrs.cpp.inc"

void SparseDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Sparse/IR/SparseAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Sparse/IR/SparseOps.cpp.inc"
      >();
}

LogicalResult SparseDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() != kPatternName) {
    return op->emitError("unknown attribute '")
           << attribute.getName().getValue() << "' of the sparse dialect";
  }
  return isa<PatternAttr>(attribute.getValue()) ? success()
                                                : op->emitError("expected '")
                                                      << kPatternName << "' to be a #sparse.pattern, got "
                                                      << attribute.getValue();
}

LogicalResult PatternAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef text) {
  auto pattern = numerics::parseSparsePattern({text.data(), text.size()});
  return pattern ? success() : emitError() << pattern.error().message;
}

numerics::SparsePattern PatternAttr::getPattern() const {
  // The attribute exists, so its text was verified.
  return *numerics::parseSparsePattern({getText().data(), getText().size()});
}
