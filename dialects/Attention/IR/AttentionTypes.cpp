//===- AttentionTypes.cpp - Types of the attention dialect ------------------===//
#include "dialects/Attention/IR/Attention.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt::attention;

Type StateType::parse(AsmParser &parser) {
  int64_t layers = 0, heads = 0, headSize = 0, capacity = 0;
  Type element;
  SMLoc loc = parser.getCurrentLocation();
  auto field = [&](StringRef name, int64_t &value) {
    return failure(parser.parseKeyword(name) || parser.parseEqual() || parser.parseInteger(value) ||
                   parser.parseComma());
  };
  if (parser.parseLess() || failed(field("layers", layers)) || failed(field("heads", heads)) ||
      failed(field("head_size", headSize)) || failed(field("capacity", capacity)) ||
      parser.parseKeyword("element") || parser.parseEqual() || parser.parseType(element) ||
      parser.parseGreater()) {
    return {};
  }
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), layers, heads, headSize,
                    capacity, element);
}

void StateType::print(AsmPrinter &printer) const {
  printer << "<layers = " << getLayers() << ", heads = " << getHeads() << ", head_size = " << getHeadSize()
          << ", capacity = " << getCapacity() << ", element = " << getElement() << ">";
}

LogicalResult StateType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t layers, int64_t heads,
                                int64_t headSize, int64_t capacity, Type element) {
  if (!element.isF32() && !element.isF16() && !element.isBF16()) {
    return emitError() << "expected f32, f16 or bf16 as the element of a state, got " << element;
  }
  int64_t bytes = 2 * (element.getIntOrFloatBitWidth() / 8);
  for (int64_t extent : {layers, heads, headSize, capacity}) {
    if (extent < 1) {
      return emitError() << "expected positive extents, got layers = " << layers << ", heads = " << heads
                         << ", head_size = " << headSize << ", capacity = " << capacity;
    }
    if (llvm::MulOverflow(bytes, extent, bytes)) {
      return emitError() << "the size of the state is not representable";
    }
  }
  return success();
}

MemRefType StateType::getBufferType() {
  return MemRefType::get({2 * getLayers() * getHeads(), getCapacity(), getHeadSize()}, getElement());
}
