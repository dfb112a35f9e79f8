#include "MatrixUnitLines.h"
#include "MathBuilder.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {

using Builder = ImplicitLocOpBuilder;

Lines Lines::allocate(Builder &b, int64_t tiles) {
  const int64_t count = tiles * kLanes, bytes = count * 2 * kLanes * static_cast<int64_t>(sizeof(uint16_t));
  Value memory = memref::AllocOp::create(b, MemRefType::get({bytes}, b.getI8Type()));
  auto as = [&](Type element) -> Value {
    auto type = MemRefType::get({count, 2 * kLanes}, element);
    return memref::ViewOp::create(b, type, memory, constantIndex(b, 0), ValueRange());
  };
  return {as(b.getI16Type()), as(b.getBF16Type())};
}

void Lines::store(Builder &b, Value line, Value at) const {
  auto type = VectorType::get({2 * kLanes}, b.getI16Type());
  vector::StoreOp::create(b, vector::BitCastOp::create(b, type, line), words,
                          ValueRange{at, constantIndex(b, 0)});
}

Value allocateVectors(Builder &b, int64_t count, int64_t lanes) {
  return memref::AllocOp::create(b, MemRefType::get({count, lanes}, b.getF32Type()));
}

/// The upper halves of these bits are x rounded to bf16.
static Value rounded(Builder &b, Value x) {
  MathBuilder m(b, cast<VectorType>(x.getType()));
  return m.addInt(m.bitcastToInt(x), m.integer(0x8000));
}

Value linePairs(Builder &b, Value x, Value y) {
  MathBuilder m(b, cast<VectorType>(x.getType()));
  Value low = m.shiftRightLogical(rounded(b, x), m.integer(16));
  return m.orInt(low, m.andInt(rounded(b, y), m.integer(static_cast<int32_t>(0xffff0000u))));
}

Value lineRow(Builder &b, Value x, Value y) {
  auto halves = VectorType::get({2 * kLanes}, b.getI16Type());
  SmallVector<int64_t> upper;
  for (int64_t i = 0; i < 2 * kLanes; ++i) {
    upper.push_back(2 * i + 1);
  }
  Value all = vector::ShuffleOp::create(b, vector::BitCastOp::create(b, halves, rounded(b, x)),
                                        vector::BitCastOp::create(b, halves, rounded(b, y)), upper);
  return vector::BitCastOp::create(b, VectorType::get({kLanes}, b.getI32Type()), all);
}

Chunk headChunk(Builder &b, int64_t headSize, int64_t d) {
  Chunk chunk;
  chunk.base = constantIndex(b, d);
  chunk.lanes = std::min<int64_t>(headSize - d, kLanes);
  return chunk;
}

Value headElements(Builder &b, int64_t headSize, int64_t d, llvm::function_ref<Value(const Chunk &)> load) {
  return d < headSize ? widen(b, load(headChunk(b, headSize, d)), b.getF32FloatAttr(0.0f))
                      : constantF32(b, VectorType::get({kLanes}, b.getF32Type()), 0.0f);
}

Value minus(Builder &b, Value x, Value y) { return arith::SubIOp::create(b, x, y); }

Value least(Builder &b, Value x, int64_t y) { return arith::MinSIOp::create(b, x, constantIndex(b, y)); }

Value isLess(Builder &b, Value x, Value y) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y);
}

void forRange(Builder &b, Value from, Value to, int64_t step,
              llvm::function_ref<void(Builder &, Value)> body) {
  emitFor(b, from, to, step, {}, [&](Builder &inner, Value iv, ValueRange) {
    body(inner, iv);
    return SmallVector<Value>();
  });
}

void emitIf(Builder &b, Value condition, llvm::function_ref<void(Builder &)> body) {
  scf::IfOp::create(b, condition, [&](OpBuilder &nested, Location loc) {
    Builder inner(loc, nested);
    body(inner);
    scf::YieldOp::create(inner);
  });
}

} // namespace coopt
