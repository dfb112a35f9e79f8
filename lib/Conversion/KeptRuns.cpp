#include "KeptRuns.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {

using Builder = ImplicitLocOpBuilder;

/// Runs of more blocks are counted in a loop.
static constexpr int64_t kMostWrittenOut = 16;

static Value isBefore(Builder &b, Value block, Value place) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, block, place);
}

Value emitKeptBefore(Builder &b, int64_t of, Value place,
                     llvm::function_ref<Value(Builder &, Value)> keptAt) {
  Value none = constantIndex(b, 0);
  if (of > kMostWrittenOut) {
    return emitFor(b, none, place, 1, none, [&](Builder &inner, Value block, ValueRange sum) {
      return SmallVector<Value>{arith::AddIOp::create(inner, sum[0], keptAt(inner, block))};
    })[0];
  }
  Value sum = none;
  for (int64_t block = 0; block + 1 < of; ++block) {
    Value at = constantIndex(b, block);
    Value counted = arith::SelectOp::create(b, isBefore(b, at, place), keptAt(b, at), none);
    sum = arith::AddIOp::create(b, sum, counted);
  }
  return sum;
}

Value emitKeptInRows(Builder &b, int64_t of, int64_t kept, Value place,
                     llvm::function_ref<Value(Value)> maskAt, llvm::function_ref<Value(int64_t)> vectorAt) {
  auto counts = VectorType::get({kLanes}, b.getI32Type());
  auto countOf = [&](int64_t x) {
    return constantOf(b, counts, b.getI32IntegerAttr(static_cast<int32_t>(x)));
  };
  Value before = countOf(0);
  for (int64_t block = 0; block + 1 < of; ++block) {
    Value at = constantIndex(b, block);
    Value counted = arith::SelectOp::create(b, isBefore(b, at, place), countOf(1), countOf(0));
    counted = arith::SelectOp::create(b, maskAt(at), counted, countOf(0));
    before = arith::AddIOp::create(b, before, counted);
  }
  Value none, result;
  for (int64_t slot = 0; slot < kept; ++slot) {
    Value those = vectorAt(slot);
    if (!result) {
      auto type = cast<VectorType>(those.getType());
      result = none = constantOf(b, type, cast<TypedAttr>(b.getZeroAttr(type.getElementType())));
    }
    Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, before, countOf(slot));
    result = arith::SelectOp::create(b, isIt, those, result);
  }
  return arith::SelectOp::create(b, maskAt(place), result, none);
}

} // namespace coopt
