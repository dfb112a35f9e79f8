#include "VisibleKeys.h"
#include "Chunks.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {

static Value minus(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::SubIOp::create(b, x, y); }

VisibleKeys visibleKeys(ImplicitLocOpBuilder &b, attention::AttendOp op, Value first, Value last) {
  Value zero = constantIndex(b, 0);
  VisibleKeys keys = {Value(), zero, addIndex(b, last, 1)};
  std::optional<int64_t> window = op.getWindow();
  if (!window) {
    return keys;
  }
  auto firstInWindow = [&](Value position) {
    return arith::MaxSIOp::create(b, addIndex(b, position, 1 - *window), zero).getResult();
  };
  keys.first = firstInWindow(first);
  if (op.getSinks()) {
    Value sinks = constantIndex(b, static_cast<int64_t>(*op.getSinks()));
    auto reaches = [&](Value key) {
      return arith::CmpIOp::create(b, arith::CmpIPredicate::sle, key, sinks).getResult();
    };
    keys.first = arith::SelectOp::create(b, reaches(keys.first), zero, keys.first);
    keys.sinks = arith::SelectOp::create(b, reaches(firstInWindow(last)), zero, sinks);
  }
  return keys;
}

void forKeyBlocks(ImplicitLocOpBuilder &b, const VisibleKeys &keys, int64_t size, int64_t alignment,
                  function_ref<void(ImplicitLocOpBuilder &, const KeyBlock &)> body) {
  Value start = minus(b, keys.first, arith::RemUIOp::create(b, keys.first, constantIndex(b, alignment)));
  if (!keys.sinks) {
    emitFor(b, start, keys.count, size, {}, [&](ImplicitLocOpBuilder &inner, Value base, ValueRange) {
      body(inner, {base, keys.count, Value()});
      return SmallVector<Value>();
    });
    return;
  }
  // One loop through both spans, so that what it does is there once.
  Value sizes = constantIndex(b, size);
  Value ofSinks = arith::CeilDivUIOp::create(b, keys.sinks, sizes);
  Value ofWindow = arith::CeilDivUIOp::create(b, minus(b, keys.count, start), sizes);
  Value all = arith::AddIOp::create(b, ofSinks, ofWindow);
  emitFor(b, constantIndex(b, 0), all, 1, {}, [&](ImplicitLocOpBuilder &inner, Value number, ValueRange) {
    Value isSink = arith::CmpIOp::create(inner, arith::CmpIPredicate::slt, number, ofSinks);
    Value behind = arith::MulIOp::create(inner, minus(inner, number, ofSinks), sizes);
    Value inWindow = arith::AddIOp::create(inner, start, behind);
    Value inSinks = arith::MulIOp::create(inner, number, sizes);
    body(inner, {arith::SelectOp::create(inner, isSink, inSinks, inWindow),
                 arith::SelectOp::create(inner, isSink, keys.sinks, keys.count), isSink});
    return SmallVector<Value>();
  });
}

std::pair<Value, Value> keysOfBlock(ImplicitLocOpBuilder &b, const VisibleKeys &keys, const KeyBlock &block,
                                    int64_t size) {
  Value zero = constantIndex(b, 0), from = keys.first, to = keys.count;
  if (block.ofSinks) {
    from = arith::SelectOp::create(b, block.ofSinks, zero, from);
    to = arith::SelectOp::create(b, block.ofSinks, keys.sinks, to);
  }
  from = arith::MaxSIOp::create(b, minus(b, from, block.base), zero);
  to = arith::MinSIOp::create(b, minus(b, to, block.base), constantIndex(b, size));
  return {from, to};
}

} // namespace coopt
