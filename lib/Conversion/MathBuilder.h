//===- MathBuilder.h - Numerics' sequences as arith ops ---------------------===//
#ifndef COOPT_LIB_CONVERSION_MATHBUILDER_H
#define COOPT_LIB_CONVERSION_MATHBUILDER_H

#include "Chunks.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace coopt {

/// A builder for the templates of coopt/Numerics: each member is one arith op on f32 or i32, or vectors of
/// them, never with fast-math flags.
class MathBuilder {
public:
  using F32 = mlir::Value;
  using I32 = mlir::Value;
  using Bool = mlir::Value;

  /// `type`: f32 or a vector of it.
  MathBuilder(mlir::ImplicitLocOpBuilder &b, mlir::Type type) : b(b), floatType(type) {
    intType = b.getI32Type();
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type)) {
      intType = vector.clone(intType);
    }
  }

  F32 constant(float x) { return constantF32(b, floatType, x); }
  I32 integer(int32_t x) { return constantOf(b, intType, b.getI32IntegerAttr(x)); }

  F32 add(F32 x, F32 y) { return mlir::arith::AddFOp::create(b, x, y); }
  F32 sub(F32 x, F32 y) { return mlir::arith::SubFOp::create(b, x, y); }
  F32 mul(F32 x, F32 y) { return mlir::arith::MulFOp::create(b, x, y); }
  F32 div(F32 x, F32 y) { return mlir::arith::DivFOp::create(b, x, y); }
  F32 fma(F32 x, F32 y, F32 z) { return mlir::math::FmaOp::create(b, x, y, z); }
  F32 sqrt(F32 x) { return mlir::math::SqrtOp::create(b, x); }

  I32 bitcastToInt(F32 x) { return mlir::arith::BitcastOp::create(b, intType, x); }
  F32 bitcastToFloat(I32 x) { return mlir::arith::BitcastOp::create(b, floatType, x); }

  I32 addInt(I32 x, I32 y) { return mlir::arith::AddIOp::create(b, x, y); }
  I32 subInt(I32 x, I32 y) { return mlir::arith::SubIOp::create(b, x, y); }
  I32 andInt(I32 x, I32 y) { return mlir::arith::AndIOp::create(b, x, y); }
  I32 orInt(I32 x, I32 y) { return mlir::arith::OrIOp::create(b, x, y); }
  I32 shiftLeft(I32 x, I32 n) { return mlir::arith::ShLIOp::create(b, x, n); }
  I32 shiftRightLogical(I32 x, I32 n) { return mlir::arith::ShRUIOp::create(b, x, n); }
  I32 shiftRightArithmetic(I32 x, I32 n) { return mlir::arith::ShRSIOp::create(b, x, n); }

  Bool lessThan(F32 x, F32 y) { return compare(mlir::arith::CmpFPredicate::OLT, x, y); }
  Bool greaterThan(F32 x, F32 y) { return compare(mlir::arith::CmpFPredicate::OGT, x, y); }
  Bool isNan(F32 x) { return compare(mlir::arith::CmpFPredicate::UNO, x, x); }
  F32 select(Bool c, F32 x, F32 y) { return mlir::arith::SelectOp::create(b, c, x, y); }
  I32 selectInt(Bool c, I32 x, I32 y) { return mlir::arith::SelectOp::create(b, c, x, y); }

private:
  mlir::ImplicitLocOpBuilder &b;
  mlir::Type floatType, intType;

  Bool compare(mlir::arith::CmpFPredicate predicate, F32 x, F32 y) {
    return mlir::arith::CmpFOp::create(b, predicate, x, y);
  }
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_MATHBUILDER_H
