//===- AttentionTypes.cpp - Types of the attention dialect ------------------===//
#include "dialects/Attention/IR/Attention.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

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
  auto coded = dyn_cast<CodedType>(element);
  if (!coded && !element.isF32() && !element.isF16() && !element.isBF16()) {
    return emitError() << "expected f32, f16, bf16 or a coded type as the element of a state, got "
                       << element;
  }
  int64_t bytes = coded ? 2 : 2 * (element.getIntOrFloatBitWidth() / 8), rowExtent = headSize,
          positions = capacity;
  if (coded && headSize > 0) {
    if (headSize > 65536) {
      return emitError() << "expected a head size of at most 65536 with codes, got " << headSize;
    }
    numerics::CodedCache cache = coded.getCache(headSize);
    rowExtent = cache.positionBytes();
    int64_t spare = cache.keptPositions() + cache.group;
    if (capacity > std::numeric_limits<int64_t>::max() - spare) {
      return emitError() << "the size of the state is not representable";
    }
    positions = capacity > 0 ? cache.storedPositions(capacity) : capacity;
  }
  for (int64_t extent : {layers, heads, rowExtent, positions}) {
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
  int64_t slabs = 2 * getLayers() * getHeads();
  if (CodedType coded = getCoded()) {
    coopt::numerics::CodedCache cache = coded.getCache(getHeadSize());
    return MemRefType::get({slabs, cache.storedPositions(getCapacity()), cache.positionBytes()},
                           IntegerType::get(getContext(), 8));
  }
  return MemRefType::get({slabs, getCapacity(), getHeadSize()}, getElement());
}

CodedType StateType::getCoded() { return dyn_cast<CodedType>(getElement()); }

LogicalResult CodedType::verify(function_ref<InFlightDiagnostic()> emitError, Encoding encoding, int64_t bits,
                                int64_t group, int64_t residual) {
  if (encoding == Encoding::symmetric) {
    if (bits != 8 || group != 1 || residual != 0) {
      return emitError() << "expected bits = 8, group = 1, residual = 0 of symmetric codes, got bits = "
                         << bits << ", group = " << group << ", residual = " << residual;
    }
    return success();
  }
  if (bits != 2 && bits != 4) {
    return emitError() << "expected minmax codes of 2 or 4 bits, got " << bits;
  }
  if (group != 8 && group != 16 && group != 32) {
    return emitError() << "expected groups of 8, 16 or 32, got " << group;
  }
  if (residual < group || residual % group != 0 || residual > std::numeric_limits<int32_t>::max()) {
    return emitError() << "expected a residual of a positive multiple of the group of " << group
                       << " below 2^31, got " << residual;
  }
  return success();
}

coopt::numerics::CodedCache CodedType::getCache(int64_t headSize) {
  return {getEncoding() == Encoding::symmetric, static_cast<int>(getBits()), getGroup(), getResidual(),
          headSize};
}
