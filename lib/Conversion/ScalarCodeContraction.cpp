//===- ScalarCodeContraction.cpp - quantized.contract, element by element ---===//
//
// The definition as loops: for small or unusual contractions, and to check the others.
//
//===----------------------------------------------------------------------===//
#include "Chunks.h"
#include "CodeContraction.h"
#include "dialects/Quantized/Transforms/DecodeFormat.h"

using namespace mlir;

namespace coopt {
namespace {

class ScalarEmitter {
public:
  explicit ScalarEmitter(quantized::ContractOp op) : op(op) {}

  void emit(ImplicitLocOpBuilder &b) {
    emitLoop(b, extentOf(b, op.getInit(), 0), [&](ImplicitLocOpBuilder &rows, Value m) {
      emitLoop(rows, extentOf(rows, op.getInit(), 1), [&](ImplicitLocOpBuilder &inner, Value n) {
        Value y;
        switch (op.getScaleAt()) {
        case quantized::ScaleAt::Output:
          y = op.getWScheme().isTwoLevel() ? emitTwoLevels(inner, m, n) : emitOutput(inner, m, n);
          break;
        case quantized::ScaleAt::Group:
          y = emitGroups(inner, m, n);
          break;
        case quantized::ScaleAt::Element:
          y = emitElements(inner, m, n);
          break;
        }
        if (op.getScaleAt() != quantized::ScaleAt::Element) {
          y = arith::MulFOp::create(inner, y, scale(inner, op.getAScales(), m));
        }
        memref::StoreOp::create(inner, y, op.getInit(), ValueRange{m, n});
      });
    });
  }

private:
  quantized::ContractOp op;

  /// A scale, or a float activation, as f32.
  static Value scale(ImplicitLocOpBuilder &b, Value scales, ValueRange at) {
    Value x = memref::LoadOp::create(b, scales, at);
    return x.getType().isF32() ? x : arith::ExtFOp::create(b, b.getF32Type(), x).getResult();
  }

  static Value unsignedByte(ImplicitLocOpBuilder &b, Value bytes, ValueRange at) {
    return arith::ExtUIOp::create(b, b.getI32Type(), memref::LoadOp::create(b, bytes, at));
  }

  /// A code less its zero, as i32. Symmetric codes stand in the low bits of their bytes.
  static Value difference(ImplicitLocOpBuilder &b, quantized::SchemeAttr scheme, Value codes, Value zeros,
                          ValueRange at, ValueRange zeroAt) {
    Value x = unsignedByte(b, codes, at);
    if (zeros) {
      return arith::SubIOp::create(b, x, unsignedByte(b, zeros, zeroAt));
    }
    Value above = arith::ConstantOp::create(b, b.getI32IntegerAttr(32 - scheme.getBits()));
    return arith::ShRSIOp::create(b, arith::ShLIOp::create(b, x, above), above);
  }

  /// The sum of products of the codes from .. to - 1; weightZero addresses w's zero.
  Value emitDot(ImplicitLocOpBuilder &b, Value m, Value n, ValueRange weightZero, Value from, Value to) {
    Value sum = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    return emitFor(b, from, to, 1, sum, [&](ImplicitLocOpBuilder &inner, Value k, ValueRange carried) {
      Value a = difference(inner, *op.getAScheme(), op.getA(), op.getAZeros(), {m, k}, m);
      Value w = difference(inner, op.getWScheme(), op.getW(), op.getWZeros(), {n, k}, weightZero);
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

  /// The sum over the groups of w's integer scale times the group's sum, and the outer scale.
  Value emitTwoLevels(ImplicitLocOpBuilder &b, Value m, Value n) {
    Value depth = asValue(b, extentOf(b, op.getA(), 1));
    Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value total =
        emitFor(b, constantIndex(b, 0), depth, op.getWScheme().getGroup(), zero,
                [&](ImplicitLocOpBuilder &inner, Value from, ValueRange carried) {
                  Value group = constantIndex(inner, op.getWScheme().getGroup());
                  Value g = arith::DivUIOp::create(inner, from, group);
                  Value to = arith::MinSIOp::create(inner, arith::AddIOp::create(inner, from, group), depth);
                  Value sum = emitDot(inner, m, n, {n, g}, from, to);
                  Value scale = unsignedByte(inner, op.getWScales(), {n, g});
                  sum = arith::MulIOp::create(inner, sum, scale);
                  return SmallVector<Value>{arith::AddIOp::create(inner, carried[0], sum)};
                })[0];
    return scaled(b, total, scale(b, op.getWOuterScales(), n));
  }

  /// The element that a code stands for, as binary32.
  Value element(ImplicitLocOpBuilder &b, quantized::SchemeAttr scheme, Value codes, Value scales, Value zeros,
                Value outer, Value row, Value k) {
    SmallVector<Value> at = {row};
    if (scheme.getGroup() != 0) {
      at.push_back(arith::DivUIOp::create(b, k, constantIndex(b, scheme.getGroup())));
    }
    Value number = difference(b, scheme, codes, zeros, {row, k}, at);
    if (outer) {
      number = arith::MulIOp::create(b, number, unsignedByte(b, scales, at));
      return scaled(b, number, this->scale(b, outer, row));
    }
    return scaled(b, number, this->scale(b, scales, at));
  }

  /// The same of weights in a format.
  Value formatElement(ImplicitLocOpBuilder &b, Value row, Value k) {
    SmallVector<Value> numbers;
    ValueRange operands = op.getInputs().drop_front(op.getFirstWeightOperand());
    const SmallVector<quantized::SchemePart> parts = op.getWScheme().getParts();
    for (auto [operand, part] : llvm::zip_equal(operands, parts)) {
      SmallVector<Value> at = {row};
      if (part.span != 0) {
        at.push_back(part.span == 1 ? k
                                    : arith::DivUIOp::create(b, k, constantIndex(b, part.span)).getResult());
      }
      numbers.push_back(memref::LoadOp::create(b, operand, at));
    }
    return quantized::decodeElement(b, op.getWScheme().getBlockFormat(), numbers);
  }

  Value emitElements(ImplicitLocOpBuilder &b, Value m, Value n) {
    Value depth = asValue(b, extentOf(b, op.getA(), 1));
    Value zero = constantF32(b, b.getF32Type(), 0.0f);
    return emitFor(b, constantIndex(b, 0), depth, 1, zero,
                   [&](ImplicitLocOpBuilder &inner, Value k, ValueRange carried) {
                     Value x = op.getAScheme() ? element(inner, *op.getAScheme(), op.getA(), op.getAScales(),
                                                         op.getAZeros(), Value(), m, k)
                                               : scale(inner, op.getA(), {m, k});
                     Value w = op.getWScheme().getFormat()
                                   ? formatElement(inner, n, k)
                                   : element(inner, op.getWScheme(), op.getW(), op.getWScales(),
                                             op.getWZeros(), op.getWOuterScales(), n, k);
                     Value product = arith::MulFOp::create(inner, x, w);
                     return SmallVector<Value>{arith::AddFOp::create(inner, carried[0], product)};
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
  if ((op.getAScheme() && !hasBytes(op.getA())) || !hasBytes(op.getW())) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  ScalarEmitter(op).emit(b);
  return success();
}

} // namespace coopt
