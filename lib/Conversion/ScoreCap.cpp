#include "ScoreCap.h"
#include "MathBuilder.h"
#include "coopt/Numerics/FastAttention.h"
#include "coopt/Numerics/ScoreCap.h"

using namespace mlir;

namespace coopt {

void emitScoreCap(ImplicitLocOpBuilder &b, attention::AttendOp op, Value scores, Value from, Value to) {
  if (!op.getCap()) {
    return;
  }
  const float cap = op.getCap()->convertToFloat();
  auto type = VectorType::get({kLanes}, b.getF32Type());
  Value lanes = constantIndex(b, kLanes);
  Value first = arith::SubIOp::create(b, from, arith::RemUIOp::create(b, from, lanes));
  emitFor(b, first, to, kLanes, {}, [&](ImplicitLocOpBuilder &inner, Value at, ValueRange) {
    auto below = [&](Value limit) -> Value {
      Value count = arith::SubIOp::create(inner, limit, at);
      return vector::CreateMaskOp::create(inner, VectorType::get({kLanes}, inner.getI1Type()), count);
    };
    Value score = vector::LoadOp::create(inner, type, scores, at);
    MathBuilder m(inner, type);
    Value capped = numerics::cappedScore(m, score, cap);
    capped = m.select(below(to), capped, score);
    vector::StoreOp::create(inner, m.select(below(from), score, capped), scores, at);
    return SmallVector<Value>();
  });
}

float queryFactor(attention::AttendOp op) {
  const float scale = op.getScale().convertToFloat();
  return op.getCap() ? scale / op.getCap()->convertToFloat() : scale * numerics::kLog2E;
}

void emitPowerCap(ImplicitLocOpBuilder &b, attention::AttendOp op, Value scores, Value from, Value to) {
  if (!op.getCap()) {
    return;
  }
  const float cap = op.getCap()->convertToFloat();
  auto type = VectorType::get({kLanes}, b.getF32Type());
  emitFor(b, from, to, 1, {}, [&](ImplicitLocOpBuilder &inner, Value row, ValueRange) {
    SmallVector<Value> place{row, constantIndex(inner, 0)};
    Value score = vector::LoadOp::create(inner, type, scores, place);
    MathBuilder m(inner, type);
    score = m.mul(numerics::attentionTanh(m, score), m.constant(cap * numerics::kLog2E));
    vector::StoreOp::create(inner, score, scores, place);
    return SmallVector<Value>();
  });
}

} // namespace coopt
