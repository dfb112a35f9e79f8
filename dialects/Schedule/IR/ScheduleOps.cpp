//===- ScheduleOps.cpp - Kernels: syntax, checks -----------------------------===//
#include "dialects/Schedule/IR/Schedule.h"

using namespace mlir;
using namespace coopt::schedule;

#define GET_OP_CLASSES
#include "dialects/Schedule/IR/ScheduleOps.cpp.inc"

/// A destination whose new value is a result: everything but memory that is written in place.
static bool hasResult(Type type) { return !isa<BaseMemRefType>(type); }

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef id, ValueRange inputs,
                     ValueRange outputs) {
  SmallVector<Type> results;
  for (Type type : outputs.getTypes()) {
    if (hasResult(type)) {
      results.push_back(type);
    }
  }
  build(builder, state, results, builder.getStringAttr(id), inputs, outputs, SetAttr());
  OpBuilder::InsertionGuard guard(builder);
  Region *region = state.regions.front().get();
  SmallVector<Location> locations;
  SmallVector<Type> types;
  for (Value operand : llvm::concat<Value>(llvm::to_vector(inputs), llvm::to_vector(outputs))) {
    types.push_back(operand.getType());
    locations.push_back(operand.getLoc());
  }
  builder.createBlock(region, region->end(), types, locations);
}

YieldOp KernelOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

OpOperand &KernelOp::getTiedOutput(unsigned index) {
  for (OpOperand &output : getOutputsMutable()) {
    if (hasResult(output.get().getType()) && index-- == 0) {
      return output;
    }
  }
  llvm_unreachable("the verifier counts results");
}

/// `keyword ( %argument = %operand : type, ... )`, absent if there are none.
static ParseResult parseBindings(OpAsmParser &parser, StringRef keyword,
                                 SmallVectorImpl<OpAsmParser::Argument> &arguments,
                                 SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
                                 SmallVectorImpl<Type> &types) {
  if (failed(parser.parseOptionalKeyword(keyword))) {
    return success();
  }
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    if (parser.parseArgument(argument) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()) || parser.parseColonType(types.emplace_back())) {
      return failure();
    }
    argument.type = types.back();
    return success();
  });
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr id;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types, resultTypes;
  if (parser.parseAttribute(id, getIdAttrName(result.name), result.attributes) ||
      parseBindings(parser, "ins", arguments, operands, types)) {
    return failure();
  }
  int32_t inputs = static_cast<int32_t>(operands.size());
  llvm::SMLoc location = parser.getCurrentLocation();
  if (parseBindings(parser, "outs", arguments, operands, types)) {
    return failure();
  }
  int32_t outputs = static_cast<int32_t>(operands.size()) - inputs;
  if (succeeded(parser.parseOptionalKeyword("choices"))) {
    SetAttr choices;
    if (parser.parseLParen() ||
        parser.parseAttribute(choices, getChoicesAttrName(result.name), result.attributes) ||
        parser.parseRParen()) {
      return failure();
    }
  }
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.resolveOperands(operands, types, location, result.operands) ||
      parser.parseRegion(*result.addRegion(), arguments) || parser.parseOptionalArrowTypeList(resultTypes)) {
    return failure();
  }
  result.addTypes(resultTypes);
  result.getOrAddProperties<KernelOp::Properties>().operandSegmentSizes = {inputs, outputs};
  return success();
}

static void printBindings(OpAsmPrinter &printer, StringRef keyword, ArrayRef<BlockArgument> arguments,
                          OperandRange operands) {
  if (operands.empty()) {
    return;
  }
  printer << " " << keyword << "(";
  llvm::interleaveComma(llvm::zip_equal(arguments, operands), printer, [&](auto binding) {
    auto [argument, operand] = binding;
    printer << argument << " = " << operand << " : " << operand.getType();
  });
  printer << ")";
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << " " << getIdAttr();
  printBindings(printer, "ins", getInputArguments(), getInputs());
  printBindings(printer, "outs", getOutputArguments(), getOutputs());
  if (getChoicesAttr()) {
    printer << " choices(" << getChoicesAttr() << ")";
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getIdAttrName(), getChoicesAttrName(), getOperandSegmentSizesAttrName()});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  printer.printOptionalArrowTypeList(getResultTypes());
}

LogicalResult KernelOp::verify() {
  if (getId().empty()) {
    return emitOpError("expected an op id that is not empty");
  }
  if (getBody().getNumArguments() != getNumOperands()) {
    return emitOpError("expected one block argument for each of ")
           << getNumOperands() << " operands, got " << getBody().getNumArguments();
  }
  for (auto [index, argument, operand] : llvm::enumerate(getBody().getArguments(), getOperands())) {
    if (argument.getType() != operand.getType()) {
      return emitOpError("expected block argument ") << index << " to have its operand's type "
                                                     << operand.getType() << ", got " << argument.getType();
    }
  }
  SmallVector<Type> expected;
  for (auto [index, output] : llvm::enumerate(getOutputs())) {
    Type type = output.getType();
    if (type.isIntOrIndexOrFloat() || isa<VectorType>(type)) {
      return emitOpError("expected destination ")
             << index << " to be a tensor, a memref or a state, got " << type;
    }
    if (hasResult(type)) {
      expected.push_back(type);
    }
  }
  if (expected.size() != getNumResults()) {
    return emitOpError("expected one result for each of ")
           << expected.size() << " destinations that are no memrefs, got " << getNumResults();
  }
  for (auto [index, type, result] : llvm::enumerate(expected, getResultTypes())) {
    if (type != result) {
      return emitOpError("expected result ")
             << index << " to have the type of its destination, " << type << ", got " << result;
    }
  }
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield) {
    return emitOpError("expected the body to end with schedule.yield");
  }
  if (yield.getNumOperands() != getNumResults()) {
    return yield.emitOpError("expected ")
           << getNumResults() << " values, the results of the kernel, got " << yield.getNumOperands();
  }
  for (auto [index, value, result] : llvm::enumerate(yield.getOperandTypes(), getResultTypes())) {
    if (value != result) {
      return yield.emitOpError("expected value ")
             << index << " to have the type of the kernel's result, " << result << ", got " << value;
    }
  }
  return success();
}

namespace {
/// An input that the body does not use, or that it gets twice, is one input less for the kernel.
struct DropInputs : OpRewritePattern<KernelOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(KernelOp op, PatternRewriter &rewriter) const override {
    llvm::SmallDenseMap<Value, unsigned> first;
    SmallVector<unsigned> dropped;
    for (auto [index, input] : llvm::enumerate(op.getInputs())) {
      unsigned place = static_cast<unsigned>(index);
      auto [known, isNew] = first.try_emplace(input, place);
      if (!isNew) {
        rewriter.replaceAllUsesWith(op.getBody().getArgument(place), op.getBody().getArgument(known->second));
      }
    }
    for (auto [index, argument] : llvm::enumerate(op.getInputArguments())) {
      if (argument.use_empty()) {
        dropped.push_back(static_cast<unsigned>(index));
      }
    }
    if (dropped.empty()) {
      return rewriter.notifyMatchFailure(op, "the body uses every input");
    }
    rewriter.modifyOpInPlace(op, [&] {
      for (unsigned index : llvm::reverse(dropped)) {
        op.getInputsMutable().erase(index);
        op.getBody().eraseArgument(index);
      }
    });
    return success();
  }
};

/// Choices that cannot be made, whatever the sizes are.
struct SimplifyChoices : OpRewritePattern<KernelOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(KernelOp op, PatternRewriter &rewriter) const override {
    SetAttr choices = op.getChoicesAttr();
    SetAttr simple = choices ? choices.simplify({}) : choices;
    if (simple == choices) {
      return rewriter.notifyMatchFailure(op, "every choice can be made");
    }
    rewriter.modifyOpInPlace(op, [&] { op.setChoicesAttr(simple); });
    return success();
  }
};
} // namespace

void KernelOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropInputs, SimplifyChoices>(context);
}
