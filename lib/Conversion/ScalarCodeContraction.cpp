//===- ScalarCodeContraction.cpp - quantized.contract, element by element ---===//
//
// The definition as loops: for small or unusual contractions, and to check the others.
//
//===----------------------------------------------------------------------===//
#include "Chunks.h"
#include "CodeContraction.h"

using namespace mlir;

namespace coopt {
namespace {

class ScalarEmitter {
public:
  explicit ScalarEmitter(quantized::ContractOp op) : op(op) {}

  void emit(ImplicitLocOpBuilder &b) {
    emitLoop(b, extentOf(b, op.getInit(), 0), [&](ImplicitLocOpBuilder &rows, Value m) {
      emitLoop(rows, extentOf(rows, op.getInit(), 1), [&](ImplicitLocOpBuilder &inner, Value n) {
        Value y =
            op.getScaleAt() == quantized::ScaleAt::Output ? emitOutput(inner, m, n) : emitGroups(inner, m, n);
        y = arith::MulFOp::create(inner, y, scale(inner, op.getAScales(), m));
        memref::StoreOp::create(inner, y, op.getInit(), ValueRange{m, n});
      });
    });
  }

private:
  quantized::ContractOp op;

  /// A scale as f32.
  static Value scale(ImplicitLocOpBuilder &b, Value scales, ValueRange at) {
    Value x = memref::LoadOp::create(b, scales, at);
    return x.getType().isF32() ? x : arith::ExtFOp::create(b, b.getF32Type(), x).getResult();
  }

  /// A code or zero as i32; those of asymmetric schemes are unsigned.
  static Value code(ImplicitLocOpBuilder &b, Value codes, bool isUnsigned, ValueRange at) {
    Value x = memref::LoadOp::create(b, codes, at);
    if (isUnsigned) {
      return arith::ExtUIOp::create(b, b.getI32Type(), x);
    }
    return arith::ExtSIOp::create(b, b.getI32Type(), x);
  }

  static Value difference(ImplicitLocOpBuilder &b, Value codes, Value zeros, ValueRange at,
                          ValueRange zeroAt) {
    Value x = code(b, codes, zeros != nullptr, at);
    return zeros ? arith::SubIOp::create(b, x, code(b, zeros, true, zeroAt)).getResult() : x;
  }

  /// The sum of products of the codes from .. to - 1; weightZero addresses w's zero.
  Value emitDot(ImplicitLocOpBuilder &b, Value m, Value n, ValueRange weightZero, Value from, Value to) {
    Value sum = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    return emitFor(b, from, to, 1, sum, [&](ImplicitLocOpBuilder &inner, Value k, ValueRange carried) {
      Value a = difference(inner, op.getA(), op.getAZeros(), {m, k}, m);
      Value w = difference(inner, op.getW(), op.getWZeros(), {n, k}, weightZero);
      Value product = arith::MulIOp::create(inner, a, w);
      return SmallVector<Value>{arith::AddIOp::create(inner, carried[0], product)};
    })[0];
  }

  Value scaled(ImplicitLocOpBuilder &b, Value sum, Value weightScale) {
    Value x = arith::SIToFPOp::create(b, b.getF32Type(), sum);
    return arith::MulFOp::create(b, x, weightScale);
  }

  Value emitOutput(ImplicitLocOpBuilder &b, Value m, Value n) {
    Value depth = asValue(b, extentOf(b, op.getA(), 1));
    Value sum = emitDot(b, m, n, n, constantIndex(b, 0), depth);
    return scaled(b, sum, scale(b, op.getWScales(), n));
  }

  Value emitGroups(ImplicitLocOpBuilder &b, Value m, Value n) {
    Value depth = asValue(b, extentOf(b, op.getA(), 1));
    Value group = constantIndex(b, op.getWScheme().getGroup());
    Value y = constantF32(b, b.getF32Type(), 0.0f);
    return emitFor(b, constantIndex(b, 0), depth, op.getWScheme().getGroup(), y,
                   [&](ImplicitLocOpBuilder &inner, Value from, ValueRange carried) {
                     Value g = arith::DivUIOp::create(inner, from, group);
                     Value to =
                         arith::MinSIOp::create(inner, arith::AddIOp::create(inner, from, group), depth);
                     Value sum = emitDot(inner, m, n, {n, g}, from, to);
                     Value term = scaled(inner, sum, scale(inner, op.getWScales(), {n, g}));
                     return SmallVector<Value>{arith::AddFOp::create(inner, carried[0], term)};
                   })[0];
  }
};

/// Codes of other widths are packed in bytes by then.
bool hasBytes(Value codes) {
  auto type = dyn_cast<MemRefType>(codes.getType());
  return type && type.getElementType().isInteger(8);
}

} // namespace

LogicalResult lowerScalarCodeContraction(OpBuilder &builder, quantized::ContractOp op) {
  if (op.getScaleAt() == quantized::ScaleAt::Element || !hasBytes(op.getA()) || !hasBytes(op.getW())) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  ScalarEmitter(op).emit(b);
  return success();
}

} // namespace coopt
