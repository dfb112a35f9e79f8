#include "PaddedRows.h"

using namespace mlir;

namespace coopt {

PaddedRows PaddedRows::of(ImplicitLocOpBuilder &b, Value matrix, Value row, int64_t count, int64_t length) {
  auto type = cast<MemRefType>(matrix.getType());
  if (type.getDimSize(1) == length) {
    return {matrix, row};
  }
  Value copy = memref::AllocOp::create(b, MemRefType::get({count, length}, type.getElementType()));
  TypedAttr zero = b.getZeroAttr(type.getElementType());
  const int64_t columns = type.getDimSize(1), whole = columns / kLanes * kLanes;
  for (int64_t r = 0; r < count; ++r) {
    Value line = constantIndex(b, r), from = addIndex(b, row, r);
    emitChunks(b, b.getIndexAttr(whole), kLanes, {},
               [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
                 Value x = loadChunk(inner, chunk, matrix, {from, chunk.base});
                 storeChunk(inner, chunk, x, copy, {line, chunk.base});
                 return SmallVector<Value>();
               });
    Chunk last;
    for (int64_t column = whole; column < length; column += kLanes) {
      Value x = constantOf(b, VectorType::get({kLanes}, type.getElementType()), zero);
      Value at = constantIndex(b, column);
      if (column < columns) {
        Chunk rest;
        rest.lanes = columns - column;
        x = widen(b, loadChunk(b, rest, matrix, {from, at}), zero);
      }
      storeChunk(b, last, x, copy, {line, at});
    }
  }
  return {copy, constantIndex(b, 0)};
}

} // namespace coopt
