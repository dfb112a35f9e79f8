//===- ModelEntry.cpp - Entries and their run-time sizes --------------------===//
#include "dialects/Model/IR/Model.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace coopt::model;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// `keyword [attributes]`, or nothing.
static ParseResult parseOptionalList(OpAsmParser &parser, StringRef keyword, ArrayAttr &list) {
  list = parser.getBuilder().getArrayAttr({});
  return succeeded(parser.parseOptionalKeyword(keyword)) ? parser.parseAttribute(list) : success();
}

ParseResult EntryOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> resultTypes;
  SmallVector<DictionaryAttr> resultAttrs;
  bool isVariadic = false;
  StringRef visibility;
  if (succeeded(parser.parseOptionalKeyword(&visibility, {"public", "private", "nested"}))) {
    result.addAttribute(getSymVisibilityAttrName(result.name), builder.getStringAttr(visibility));
  }
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name), result.attributes) ||
      function_interface_impl::parseFunctionSignatureWithArguments(parser, /*allowVariadic=*/false, arguments,
                                                                   isVariadic, resultTypes, resultAttrs)) {
    return failure();
  }
  SmallVector<Type> argumentTypes;
  for (const OpAsmParser::Argument &argument : arguments) {
    argumentTypes.push_back(argument.type);
  }
  result.addAttribute(getFunctionTypeAttrName(result.name),
                      TypeAttr::get(builder.getFunctionType(argumentTypes, resultTypes)));

  ArrayAttr sizes, argumentDims, resultDims = builder.getArrayAttr({});
  if (parseOptionalList(parser, "sizes", sizes) || parseOptionalList(parser, "dims", argumentDims) ||
      (succeeded(parser.parseOptionalArrow()) && parser.parseAttribute(resultDims)) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes)) {
    return failure();
  }
  result.addAttribute(getSizesAttrName(result.name), sizes);
  result.addAttribute(getArgumentDimsAttrName(result.name), argumentDims);
  result.addAttribute(getResultDimsAttrName(result.name), resultDims);
  call_interface_impl::addArgAndResultAttrs(builder, result, arguments, resultAttrs,
                                            getArgAttrsAttrName(result.name),
                                            getResAttrsAttrName(result.name));
  return parser.parseRegion(*result.addRegion(), arguments);
}

void EntryOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  if (std::optional<StringRef> visibility = getSymVisibility()) {
    printer << *visibility << ' ';
  }
  printer.printSymbolName(getSymName());
  function_interface_impl::printFunctionSignature(printer, *this, getArgumentTypes(), /*isVariadic=*/false,
                                                  getResultTypes());
  if (!getSizes().empty()) {
    printer << " sizes " << getSizes();
  }
  if (!getArgumentDims().empty() || !getResultDims().empty()) {
    printer << " dims " << getArgumentDims() << " -> " << getResultDims();
  }
  function_interface_impl::printFunctionAttributes(
      printer, *this,
      {getSymVisibilityAttrName(), getFunctionTypeAttrName(), getSizesAttrName(), getArgumentDimsAttrName(),
       getResultDimsAttrName(), getArgAttrsAttrName(), getResAttrsAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false, /*printBlockTerminators=*/true);
}

//===----------------------------------------------------------------------===//
// Sizes and states
//===----------------------------------------------------------------------===//

SizeAttr EntryOp::findSize(StringRef name) {
  for (SizeAttr size : getSizes().getAsRange<SizeAttr>()) {
    if (size.getName() == name) {
      return size;
    }
  }
  return {};
}

static SmallVector<StringRef> getNames(ArrayAttr dims, unsigned index) {
  SmallVector<StringRef> names;
  if (index < dims.size()) {
    llvm::append_range(names, cast<ArrayAttr>(dims[index]).getAsValueRange<StringAttr>());
  }
  return names;
}

SmallVector<StringRef> EntryOp::getArgumentDimNames(unsigned argument) {
  return getNames(getArgumentDims(), argument);
}

SmallVector<StringRef> EntryOp::getResultDimNames(unsigned result) {
  return getNames(getResultDims(), result);
}

static SmallVector<unsigned> findStates(ArrayRef<Type> types) {
  SmallVector<unsigned> found;
  for (auto [index, constType] : llvm::enumerate(types)) {
    Type type = constType; // hasTrait is not const
    if (type.hasTrait<TypeTrait::IsState>()) {
      found.push_back(index);
    }
  }
  return found;
}

SmallVector<unsigned> EntryOp::getStateArguments() { return findStates(getArgumentTypes()); }

SmallVector<unsigned> EntryOp::getStateResults() { return findStates(getResultTypes()); }

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// C12 and C13 for the arguments or the results.
static LogicalResult verifyValues(EntryOp entry, StringRef what, ArrayRef<Type> types, ArrayAttr dims) {
  int64_t dynamic = 0;
  for (auto [index, constType] : llvm::enumerate(types)) {
    Type type = constType;
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor ? tensor.getEncoding() != Attribute() : !type.hasTrait<TypeTrait::IsState>()) {
      return entry.emitOpError() << "expected a ranked tensor without encoding or a state as " << what << " "
                                 << index << ", got " << type;
    }
    dynamic += tensor ? tensor.getNumDynamicDims() : 0;
  }
  if (dims.empty() && dynamic == 0) {
    return success();
  }
  if (dims.size() != types.size()) {
    return entry.emitOpError() << "expected 'dims' to have " << types.size() << " lists, one per " << what
                               << ", got " << dims.size();
  }
  for (auto [index, type] : llvm::enumerate(types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    size_t expected = tensor ? tensor.getNumDynamicDims() : 0;
    SmallVector<StringRef> names = getNames(dims, index);
    if (names.size() != expected) {
      return entry.emitOpError() << "expected " << expected << " names in 'dims' for the dynamic extents of "
                                 << what << " " << index << ", got " << names.size();
    }
    for (StringRef name : names) {
      if (!entry.findSize(name)) {
        return entry.emitOpError() << "'dims' of " << what << " " << index << " names \"" << name
                                   << "\", which is not one of the sizes";
      }
    }
  }
  return success();
}

LogicalResult EntryOp::verify() {
  llvm::SmallDenseSet<StringRef> names;
  for (SizeAttr size : getSizes().getAsRange<SizeAttr>()) {
    if (!names.insert(size.getName()).second) {
      return emitOpError() << "size \"" << size.getName() << "\" is there twice";
    }
  }
  if (failed(verifyValues(*this, "argument", getArgumentTypes(), getArgumentDims())) ||
      failed(verifyValues(*this, "result", getResultTypes(), getResultDims()))) {
    return failure();
  }
  SmallVector<unsigned> arguments = getStateArguments(), results = getStateResults();
  if (arguments.size() != results.size()) {
    return emitOpError() << "expected as many state results as state arguments, " << arguments.size()
                         << ", got " << results.size();
  }
  for (auto [argument, result] : llvm::zip(arguments, results)) {
    if (getArgumentTypes()[argument] != getResultTypes()[result]) {
      return emitOpError() << "expected result " << result << " to have the type of the state argument "
                           << argument << " that it is tied to, " << getArgumentTypes()[argument] << ", got "
                           << getResultTypes()[result];
    }
  }
  return success();
}

LogicalResult ReturnOp::verify() {
  auto entry = cast<EntryOp>((*this)->getParentOp());
  if (getValues().size() != entry.getResultTypes().size()) {
    return emitOpError() << "expected " << entry.getResultTypes().size() << " values, got "
                         << getValues().size();
  }
  for (auto [index, value, type] : llvm::enumerate(getValues(), entry.getResultTypes())) {
    if (value.getType() != type) {
      return emitOpError() << "expected value " << index << " to have the entry's result type " << type
                           << ", got " << value.getType();
    }
  }
  return success();
}

LogicalResult SizeOp::verify() {
  auto entry = (*this)->getParentOfType<EntryOp>();
  if (!entry) {
    return emitOpError() << "expected to be inside a model.entry";
  }
  if (!entry.findSize(getSize())) {
    return emitOpError() << "\"" << getSize() << "\" is not one of the sizes of entry @"
                         << entry.getSymName();
  }
  return success();
}

OpFoldResult SizeOp::fold(FoldAdaptor) {
  if (auto entry = (*this)->getParentOfType<EntryOp>()) {
    if (SizeAttr size = entry.findSize(getSize()); size && size.getMin() == size.getMax()) {
      return IntegerAttr::get(getType(), size.getMin());
    }
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

LogicalResult RequireOp::canonicalize(RequireOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_One())) {
    return rewriter.notifyMatchFailure(op, "the condition is not known to hold");
  }
  rewriter.eraseOp(op);
  return success();
}
