//===- ModelEntry.cpp - Entries and their run-time sizes --------------------===//
#include "dialects/Model/IR/Model.h"

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

LogicalResult EntryOp::verify() { return success(); }

LogicalResult ReturnOp::verify() { return success(); }

LogicalResult SizeOp::verify() { return success(); }

OpFoldResult SizeOp::fold(FoldAdaptor) {
  if (auto entry = (*this)->getParentOfType<EntryOp>()) {
    if (SizeAttr size = entry.findSize(getSize()); size && size.getMin() == size.getMax()) {
      return IntegerAttr::get(getType(), size.getMin());
    }
  }
  return {};
}
