//===- ReferenceBuilder.cpp - IR of the numeric definitions -----------------===//
#include "dialects/Model/IR/ReferenceBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace coopt::model;

/// Partial results of R, part of its definition.
constexpr int64_t kPartials = 16;

Value coopt::model::indexConstant(ImplicitLocOpBuilder &builder, int64_t value) {
  return arith::ConstantIndexOp::create(builder, value);
}

Value coopt::model::emitLoop(ImplicitLocOpBuilder &builder, Value begin, Value end, Value carried,
                             UpdateFunction update) {
  Value step = indexConstant(builder, 1);
  auto loop = scf::ForOp::create(builder, begin, end, step, carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value next = update(builder, loop.getInductionVar(), loop.getRegionIterArg(0));
  scf::YieldOp::create(builder, next);
  return loop.getResult(0);
}

Value coopt::model::emitLoopNest(ImplicitLocOpBuilder &builder, Value tensor, int64_t rank,
                                 function_ref<Value(ImplicitLocOpBuilder &, ValueRange, Value)> update) {
  SmallVector<Value> indices;
  Value zero = indexConstant(builder, 0);
  auto nest = [&](auto &self, Value carried) -> Value {
    int64_t d = indices.size();
    if (d == rank) {
      return update(builder, indices, carried);
    }
    Value end = tensor::DimOp::create(builder, tensor, d);
    return emitLoop(builder, zero, end, carried, [&](ImplicitLocOpBuilder &, Value index, Value inner) {
      indices.push_back(index);
      Value next = self(self, inner);
      indices.pop_back();
      return next;
    });
  };
  return nest(nest, tensor);
}

Value coopt::model::emitCombine(ImplicitLocOpBuilder &builder, RowReduction kind, Value a, Value b) {
  if (kind == RowReduction::sum) {
    return arith::AddFOp::create(builder, a, b);
  }
  return arith::MaximumFOp::create(builder, a, b);
}

Value coopt::model::emitReduction(ImplicitLocOpBuilder &builder, RowReduction kind, Value begin, Value end,
                                  ValueFunction element) {
  auto identity = builder.getF32FloatAttr(getReductionIdentity(kind));
  Value fill = arith::ConstantOp::create(builder, identity);
  Value partials =
      tensor::SplatOp::create(builder, fill, RankedTensorType::get({kPartials}, builder.getF32Type()));
  Value lanes = indexConstant(builder, kPartials);
  partials = emitLoop(builder, begin, end, partials, [&](ImplicitLocOpBuilder &b, Value i, Value p) {
    Value x = element(b, i);
    if (kind == RowReduction::amax) {
      x = math::AbsFOp::create(b, x);
    }
    Value lane = arith::RemUIOp::create(b, i, lanes);
    Value old = tensor::ExtractOp::create(b, p, lane);
    return Value(tensor::InsertOp::create(b, emitCombine(b, kind, old, x), p, lane));
  });
  Value zero = indexConstant(builder, 0);
  for (int64_t half = kPartials / 2; half > 0; half /= 2) {
    Value distance = indexConstant(builder, half);
    partials = emitLoop(builder, zero, distance, partials, [&](ImplicitLocOpBuilder &b, Value j, Value p) {
      Value low = tensor::ExtractOp::create(b, p, j);
      Value high = tensor::ExtractOp::create(b, p, ValueRange{arith::AddIOp::create(b, j, distance)});
      return Value(tensor::InsertOp::create(b, emitCombine(b, kind, low, high), p, j));
    });
  }
  return tensor::ExtractOp::create(builder, partials, zero);
}
