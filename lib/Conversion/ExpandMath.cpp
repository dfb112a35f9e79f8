//===- ExpandMath.cpp - coopt-expand-math -----------------------------------===//
//
// Special functions mean the sequences of Numerics, on scalars and vectors. Rounding to integers has
// instructions from SSE4.1 on; before, LLVM would call libm, so it is expanded. What else would need a
// library is refused by name.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"
#include "MathBuilder.h"
#include "coopt/Numerics/SpecialFunctions.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace coopt {
namespace {

/// x rounded to an integer, ties to even: adding 2^23 to |x| < 2^23 leaves no fraction bits. Larger x are
/// integers, infinite or NaN; the sign of zeros is kept.
Value emitRoundEven(ImplicitLocOpBuilder &b, Value x) {
  MathBuilder m(b, x.getType());
  Value magnitude = numerics::detail::absolute(m, x);
  Value two23 = m.constant(0x1p+23f);
  Value rounded = m.sub(m.add(magnitude, two23), two23);
  Value signedResult = numerics::detail::withSignOf(m, rounded, x);
  return m.select(m.lessThan(magnitude, two23), signedResult, x);
}

/// Greatest integer not above x.
Value emitFloor(ImplicitLocOpBuilder &b, Value x) {
  MathBuilder m(b, x.getType());
  Value rounded = emitRoundEven(b, x);
  return m.select(m.greaterThan(rounded, x), m.sub(rounded, m.constant(1.0f)), rounded);
}

/// Least integer not below x: -floor(-x), which keeps the sign of zeros.
Value emitCeil(ImplicitLocOpBuilder &b, Value x) {
  MathBuilder m(b, x.getType());
  return numerics::negate(m, emitFloor(b, numerics::negate(m, x)));
}

/// x towards zero.
Value emitTruncate(ImplicitLocOpBuilder &b, Value x) {
  MathBuilder m(b, x.getType());
  Value whole = emitFloor(b, numerics::detail::absolute(m, x));
  return numerics::detail::withSignOf(m, whole, x);
}

/// Ops of the math dialect that LLVM has instructions for on every x86-64.
bool isNative(Operation *op) {
  return isa<math::SqrtOp, math::AbsFOp, math::CopySignOp, math::AbsIOp, math::CtPopOp,
             math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::IsNaNOp, math::IsInfOp,
             math::IsFiniteOp, math::IsNormalOp>(op);
}

bool isF32(Type type) { return getElementTypeOrSelf(type).isF32(); }

class ExpandMathPass : public FunctionsPass<ExpandMathPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMathPass)
  ExpandMathPass() = default;
  explicit ExpandMathPass(Isa value) { isa = value; }
  ExpandMathPass(const ExpandMathPass &other) : FunctionsPass(other) { isa = other.isa; }
  StringRef getArgument() const final { return "coopt-expand-math"; }
  StringRef getDescription() const final {
    return "expand special functions of f32 to sequences of arith ops; refuse what would call a library";
  }

  Option<Isa> isa{*this, "isa", llvm::cl::desc("instruction set to make code for"),
                  llvm::cl::init(Isa::Generic), isaValues()};

  LogicalResult runOn(func::FuncOp function) {
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) {
      if (llvm::isa<math::MathDialect, arith::ArithDialect>(op->getDialect()) ||
          llvm::isa<vector::FMAOp>(op)) {
        ops.push_back(op);
      }
    });
    for (Operation *op : ops) {
      if (failed(expand(op))) {
        return failure();
      }
    }
    return success();
  }

private:
  LogicalResult expand(Operation *op) {
    if (llvm::isa<arith::ArithDialect>(op->getDialect())) {
      return checkArith(op);
    }
    bool hasRounding = isa != Isa::Generic, hasFma = isa != Isa::Generic;
    if (llvm::isa<math::FmaOp, vector::FMAOp>(op)) {
      return hasFma && isF32(op->getResult(0).getType()) ? fuse(op)
                                                         : refuse(op, "fused multiply-add instruction");
    }
    if (isNative(op) || (hasRounding && isF32(op->getResult(0).getType()) &&
                         llvm::isa<math::RoundEvenOp, math::FloorOp, math::CeilOp, math::TruncOp>(op))) {
      return success();
    }
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value result = op->getNumOperands() == 1 && isF32(op->getOperand(0).getType())
                       ? emit(b, op, op->getOperand(0))
                       : Value();
    if (!result) {
      return refuse(op, "expansion");
    }
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
    return success();
  }

  /// vector.fma would become llvm.fmuladd, which need not be fused.
  static LogicalResult fuse(Operation *op) {
    if (auto fma = dyn_cast<vector::FMAOp>(op)) {
      OpBuilder builder(op);
      fma.replaceAllUsesWith(
          math::FmaOp::create(builder, op->getLoc(), fma.getLhs(), fma.getRhs(), fma.getAcc()).getResult());
      op->erase();
    }
    return success();
  }

  static Value emit(ImplicitLocOpBuilder &b, Operation *op, Value x) {
    MathBuilder m(b, x.getType());
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case([&](math::Exp2Op) { return numerics::exp2(m, x); })
        .Case([&](math::ExpOp) { return numerics::exp(m, x); })
        .Case([&](math::TanhOp) { return numerics::tanh(m, x); })
        .Case([&](math::ErfOp) { return numerics::erf(m, x); })
        .Case([&](math::Log2Op) { return numerics::log2(m, x); })
        .Case([&](math::LogOp) { return numerics::log(m, x); })
        .Case([&](math::Log10Op) { return numerics::log10(m, x); })
        .Case([&](math::Log1pOp) { return numerics::log1p(m, x); })
        .Case([&](math::ExpM1Op) { return numerics::expm1(m, x); })
        .Case([&](math::RsqrtOp) { return numerics::rsqrt(m, x); })
        .Case([&](math::RoundEvenOp) { return emitRoundEven(b, x); })
        .Case([&](math::FloorOp) { return emitFloor(b, x); })
        .Case([&](math::CeilOp) { return emitCeil(b, x); })
        .Case([&](math::TruncOp) { return emitTruncate(b, x); })
        .Default([](Operation *) { return Value(); });
  }

  /// fmod, and conversions of half precision without F16C, are library functions.
  LogicalResult checkArith(Operation *op) {
    if (llvm::isa<arith::RemFOp>(op)) {
      return refuse(op, "expansion");
    }
    if (llvm::isa<arith::ExtFOp, arith::TruncFOp>(op)) {
      for (Type type : {op->getOperand(0).getType(), op->getResult(0).getType()}) {
        bool half = getElementTypeOrSelf(type).isF16();
        if (half && isa == Isa::Generic) {
          return refuse(op, "conversion instruction for f16");
        }
      }
    }
    return success();
  }

  LogicalResult refuse(Operation *op, StringRef missing) {
    return op->emitError("'") << op->getName() << "' on " << op->getResult(0).getType() << " has no "
                              << missing << " for CPU kernels";
  }
};

} // namespace

std::unique_ptr<Pass> createExpandMathPass(Isa isa) { return std::make_unique<ExpandMathPass>(isa); }

} // namespace coopt
