//===- ExpandNarrowFloats.cpp - coopt-expand-narrow-floats ------------------===//
//
// Arithmetic on f16 and bf16 is that of f32, rounded once more; for sums, differences, products, quotients and
// square roots that is the correctly rounded result. Conversions with f64 go through f32, downwards rounded to
// odd there, which keeps the last rounding correct. Before F16C conversions of f16 are integer arithmetic.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"
#include "MathBuilder.h"

using namespace mlir;

namespace coopt {
namespace {

bool isNarrow(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

/// `type` with other elements.
Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(element)) : element;
}

/// f32 bits and what is done to them, on scalars or vectors.
class BitBuilder {
public:
  BitBuilder(ImplicitLocOpBuilder &b, Type like)
      : b(b), i16(withElement(like, b.getI16Type())), i32(withElement(like, b.getI32Type())),
        f32(withElement(like, b.getF32Type())) {}

  Value integer(uint32_t bits) { return constantOf(b, i32, b.getI32IntegerAttr(static_cast<int32_t>(bits))); }
  Value number(float x) { return constantF32(b, f32, x); }
  Value bits(Value x) { return arith::BitcastOp::create(b, i32, x); }
  Value floats(Value x) { return arith::BitcastOp::create(b, f32, x); }
  Value both(Value x, uint32_t mask) { return arith::AndIOp::create(b, x, integer(mask)); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value left(Value x, unsigned n) { return arith::ShLIOp::create(b, x, integer(n)); }
  Value right(Value x, unsigned n) { return arith::ShRUIOp::create(b, x, integer(n)); }
  Value atLeast(Value x, uint32_t y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::uge, x, integer(y));
  }
  Value select(Value c, Value x, Value y) { return arith::SelectOp::create(b, c, x, y); }

  ImplicitLocOpBuilder &b;
  Type i16, i32, f32;
};

Value halfToFloat(ImplicitLocOpBuilder &b, Value x) {
  BitBuilder m(b, x.getType());
  Value half = arith::ExtUIOp::create(b, m.i32, arith::BitcastOp::create(b, m.i16, x));
  Value magnitude = m.both(half, 0x7fff), placed = m.left(magnitude, 13);
  // The exponent's bias grows by 112; the product normalises what is subnormal.
  Value finite = m.bits(arith::MulFOp::create(b, m.floats(placed), m.number(0x1p+112f)));
  Value special = m.either(placed, m.integer(0x7f800000));
  Value result = m.select(m.atLeast(magnitude, 0x7c00), special, finite);
  return m.floats(m.either(result, m.left(m.both(half, 0x8000), 16)));
}

Value floatToHalf(ImplicitLocOpBuilder &b, Value x) {
  BitBuilder m(b, x.getType());
  Value bits = m.bits(x), magnitude = m.both(bits, 0x7fffffff);
  // Nearest even: half of the last place less one, plus the last bit that stays.
  Value odd = m.both(m.right(magnitude, 13), 1);
  Value rounded = m.right(m.add(m.add(magnitude, m.integer(0xfff)), odd), 13);
  Value normal = m.add(rounded, m.integer(0u - (112u << 10)));
  // Below 2^-14 the last place is 2^-24, as that of numbers from 1/2 on.
  Value shifted = m.bits(arith::AddFOp::create(b, m.floats(magnitude), m.number(0.5f)));
  Value subnormal = m.add(shifted, m.integer(0u - 0x3f000000u));
  Value result = m.select(m.atLeast(magnitude, 0x38800000), normal, subnormal);
  result = m.select(m.atLeast(magnitude, 0x477ff000), m.integer(0x7c00), result);
  result = m.select(m.atLeast(magnitude, 0x7f800001), m.integer(0x7e00), result);
  result = m.either(result, m.right(m.both(bits, 0x80000000), 16));
  return arith::BitcastOp::create(b, withElement(x.getType(), b.getF16Type()),
                                  arith::TruncIOp::create(b, m.i16, result));
}

/// f64 to f32, towards zero with the last bit set if anything was lost.
Value doubleToOddFloat(ImplicitLocOpBuilder &b, Value x) {
  BitBuilder m(b, x.getType());
  Value nearest = arith::TruncFOp::create(b, m.f32, x);
  Value back = arith::ExtFOp::create(b, x.getType(), nearest);
  Value larger = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, math::AbsFOp::create(b, back),
                                       math::AbsFOp::create(b, x));
  Value inexact = arith::CmpFOp::create(b, arith::CmpFPredicate::ONE, back, x);
  Value bits = m.bits(nearest);
  Value odd = m.either(m.select(larger, m.add(bits, m.integer(0u - 1)), bits), m.integer(1));
  return m.floats(m.select(inexact, odd, bits));
}

class ExpandNarrowFloatsPass : public FunctionsPass<ExpandNarrowFloatsPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandNarrowFloatsPass)
  ExpandNarrowFloatsPass() = default;
  explicit ExpandNarrowFloatsPass(Isa value) { isa = value; }
  ExpandNarrowFloatsPass(const ExpandNarrowFloatsPass &other) : FunctionsPass(other) { isa = other.isa; }
  StringRef getArgument() const final { return "coopt-expand-narrow-floats"; }
  StringRef getDescription() const final { return "compute on f16 and bf16 in f32"; }

  Option<Isa> isa{*this, "isa", llvm::cl::desc("instruction set to make code for"),
                  llvm::cl::init(Isa::Generic), isaValues()};

  LogicalResult runOn(func::FuncOp function) {
    function.walk([&](Operation *op) { computeInF32(op); });
    function.walk([&](Operation *op) { convertThroughF32(op); });
    if (isa == Isa::Generic) {
      function.walk([&](Operation *op) { convertByIntegers(op); });
    }
    return success();
  }

private:
  static void replace(Operation *op, Value value) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }

  static void computeInF32(Operation *op) {
    bool isArithmetic = llvm::isa<arith::ArithDialect, math::MathDialect>(op->getDialect());
    bool isConversion = llvm::isa<arith::ExtFOp, arith::TruncFOp>(op);
    bool movesBits = llvm::isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp>(op);
    if (!isArithmetic || isConversion || movesBits || op->getNumResults() != 1 || op->getNumRegions() != 0 ||
        (llvm::none_of(op->getOperandTypes(), isNarrow) && !isNarrow(op->getResult(0).getType()))) {
      return;
    }
    OpBuilder builder(op);
    Location loc = op->getLoc();
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      if (isNarrow(operand.getType()) && !mapping.contains(operand)) {
        Type wide = withElement(operand.getType(), builder.getF32Type());
        mapping.map(operand, arith::ExtFOp::create(builder, loc, wide, operand));
      }
    }
    Operation *computed = builder.clone(*op, mapping);
    Type type = op->getResult(0).getType();
    if (!isNarrow(type)) {
      replace(op, computed->getResult(0));
      return;
    }
    // Integers of up to 32 bits are exact in f64 only.
    bool fromInteger = llvm::isa<arith::SIToFPOp, arith::UIToFPOp>(op);
    Type wide = withElement(type, fromInteger ? Type(builder.getF64Type()) : Type(builder.getF32Type()));
    computed->getResult(0).setType(wide);
    replace(op, arith::TruncFOp::create(builder, loc, type, computed->getResult(0)));
  }

  static void convertThroughF32(Operation *op) {
    if (!llvm::isa<arith::ExtFOp, arith::TruncFOp>(op)) {
      return;
    }
    Value x = op->getOperand(0);
    Type from = x.getType(), to = op->getResult(0).getType();
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    if (isNarrow(from) && getElementTypeOrSelf(to).isF64()) {
      Value middle = arith::ExtFOp::create(b, withElement(from, b.getF32Type()), x);
      replace(op, arith::ExtFOp::create(b, to, middle));
    } else if (isNarrow(to) && getElementTypeOrSelf(from).isF64()) {
      replace(op, arith::TruncFOp::create(b, to, doubleToOddFloat(b, x)));
    }
  }

  static void convertByIntegers(Operation *op) {
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    if (auto extend = dyn_cast<arith::ExtFOp>(op); extend && getElementTypeOrSelf(extend.getIn()).isF16()) {
      replace(op, halfToFloat(b, extend.getIn()));
    } else if (auto round = dyn_cast<arith::TruncFOp>(op);
               round && getElementTypeOrSelf(round.getType()).isF16()) {
      replace(op, floatToHalf(b, round.getIn()));
    }
  }
};

} // namespace

std::unique_ptr<Pass> createExpandNarrowFloatsPass(Isa isa) {
  return std::make_unique<ExpandNarrowFloatsPass>(isa);
}

} // namespace coopt
