// Ops that take stored bytes apart, and their constraints C25..C30.
#include "dialects/Quantized/IR/Quantized.h"

#include "coopt/Numerics/GgufBlocks.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::quantized;

/// The type of blocks that a scheme is; none if it is no such scheme.
static std::optional<numerics::GgufType> blocksOf(SchemeAttr scheme) {
  StringRef name = scheme.getFormat() ? scheme.getFormat().getValue() : StringRef();
  return numerics::ggufTypeNamed(std::string_view(name.data(), name.size()));
}

/// Parts of a matrix; codes are bytes.
static SmallVector<Type> getPartTypes(SchemeAttr scheme, int64_t rows, int64_t columns) {
  SmallVector<Type> types;
  for (const SchemePart &part : scheme.getParts()) {
    Type element = isa<IntegerType>(part.element) ? IntegerType::get(scheme.getContext(), 8) : part.element;
    types.push_back(RankedTensorType::get(part.getShape(rows, columns), element));
  }
  return types;
}

/// Elements in a row of so many bytes of blocks; -1 if these are no whole blocks.
static int64_t getElements(numerics::GgufType type, int64_t bytes) {
  int64_t each = numerics::ggufBlockBytes(type), elements = 0;
  bool overflows = __builtin_mul_overflow(bytes / each, numerics::ggufBlockElements(type), &elements);
  return bytes % each != 0 || overflows ? -1 : elements;
}

void SplitBlocksOp::build(OpBuilder &builder, OperationState &state, Value bytes, SchemeAttr scheme) {
  auto type = cast<RankedTensorType>(bytes.getType());
  int64_t columns = getElements(*blocksOf(scheme), type.getDimSize(1));
  build(builder, state, getPartTypes(scheme, type.getDimSize(0), columns), bytes, scheme);
}

LogicalResult SplitBlocksOp::verify() {
  std::optional<numerics::GgufType> blocks = blocksOf(getScheme());
  if (!blocks) {
    return emitOpError("expected the format of blocks of GGUF files, got ") << getScheme();
  }
  auto type = cast<RankedTensorType>(getBytes().getType());
  int64_t columns = type.getRank() == 2 && type.getElementType().isInteger(8)
                        ? getElements(*blocks, type.getDimSize(1))
                        : -1;
  if (columns < 0) {
    return emitOpError("expected a matrix of i8 whose rows are blocks of ")
           << numerics::ggufBlockBytes(*blocks) << " bytes, got " << type;
  }
  SmallVector<Type> expected = getPartTypes(getScheme(), type.getDimSize(0), columns);
  if (!llvm::equal(expected, getParts().getTypes())) {
    InFlightDiagnostic message = emitOpError("expected results of types ");
    llvm::interleaveComma(expected, message);
    return message;
  }
  return success();
}

LogicalResult UnpackWordsOp::verify() {
  auto words = cast<RankedTensorType>(getWords().getType()), result = cast<RankedTensorType>(getType());
  if (words.getRank() != 2 || result.getRank() != 2 || !words.getElementType().isInteger(32) ||
      !result.getElementType().isInteger(8) || getDimension() > 1) {
    return emitOpError("expected a matrix of i32, one of i8 and dimension 0 or 1, got ")
           << words << ", " << result << " and " << static_cast<int64_t>(getDimension());
  }
  auto bits = static_cast<int64_t>(getBits()), add = static_cast<int64_t>(getAdd());
  if (bits < 2 || bits > 8) {
    return emitOpError("expected 2 to 8 bits, got ") << bits;
  }
  if (add != 0 && add != 1 && add != -(int64_t(1) << (bits - 1))) {
    return emitOpError("expected to add 0, 1 or ") << -(int64_t(1) << (bits - 1)) << ", got " << add;
  }
  if (std::optional<ArrayRef<int64_t>> order = getOrder()) {
    SmallVector<int64_t> sorted(*order);
    llvm::sort(sorted);
    if (32 % bits != 0 || !llvm::equal(sorted, llvm::seq<int64_t>(0, 32 / bits))) {
      return emitOpError("expected an order of the fields of a word of 32 bits");
    }
  }
  auto along = static_cast<unsigned>(getDimension());
  int64_t elements = result.getDimSize(along), blocks = elements / 32, rest = elements % 32;
  // 32 elements are `bits` words.
  int64_t expected = blocks * bits + (rest * bits + 31) / 32;
  if (elements > (int64_t(1) << 48) || words.getDimSize(along) != expected) {
    return emitOpError("expected ") << expected << " words for " << elements << " elements, got "
                                    << words.getDimSize(along);
  }
  if (words.getDimSize(1 - along) != result.getDimSize(1 - along)) {
    return emitOpError("expected ") << words.getDimSize(1 - along) << " lines in the result, got "
                                    << result.getDimSize(1 - along);
  }
  return success();
}
