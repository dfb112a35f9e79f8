//===- ModelDialect.cpp - Registration of the model dialect -----------------===//
#include "dialects/Model/IR/Model.h"
#include "dialects/Model/IR/ModelInterfaces.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt::model;

#include "dialects/Model/IR/ModelDialect.cpp.inc"
#include "dialects/Model/IR/ModelEnums.cpp.inc"

/// Whether something is said of codes.
static OptionalParseResult parseWord(AsmParser &parser, StringRef word, bool &isThere) {
  if (failed(parser.parseOptionalKeyword(word))) {
    return std::nullopt;
  }
  isThere = true;
  return success();
}
static OptionalParseResult parseCentred(AsmParser &parser, bool &centred) {
  return parseWord(parser, "centred", centred);
}
static void printCentred(AsmPrinter &printer, bool) { printer << "centred"; }
static OptionalParseResult parsePlanes(AsmParser &parser, bool &planes) {
  return parseWord(parser, "planes", planes);
}
static void printPlanes(AsmPrinter &printer, bool) { printer << "planes"; }

#define GET_ATTRDEF_CLASSES
#include "dialects/Model/IR/ModelAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Model/IR/ModelOps.cpp.inc"

void ModelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Model/IR/ModelAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Model/IR/ModelOps.cpp.inc"
      >();
  attachModelInterfaces(getContext());
}

Operation *ModelDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}
