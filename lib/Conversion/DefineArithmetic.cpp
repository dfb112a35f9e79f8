//===- DefineArithmetic.cpp - coopt-define-arithmetic -----------------------===//
//
// The arith dialect leaves some results undefined, and processors end the program for some. Here each gets
// the value that the numeric contract states: divisions by zero and by -1, shifts beyond the width,
// conversions of floats that no integer is near to. Promises about operands (no wrap, exact, fast math) are
// dropped: nothing may follow from one that does not hold.
//
//===----------------------------------------------------------------------===//
#include "Chunks.h"
#include "FunctionPass.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace coopt {
namespace {

unsigned widthOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIndex() ? IndexType::kInternalStorageBitWidth : element.getIntOrFloatBitWidth();
}

/// Emits the defined form of one op.
class Definition {
public:
  explicit Definition(Operation *op) : op(op), builder(op), b(op->getLoc(), builder) {}

  void run() {
    dropPromises();
    if (isa<arith::DivSIOp, arith::FloorDivSIOp, arith::CeilDivSIOp>(op)) {
      divide(/*isSigned=*/true, /*isRemainder=*/false);
    } else if (isa<arith::DivUIOp, arith::CeilDivUIOp>(op)) {
      divide(/*isSigned=*/false, /*isRemainder=*/false);
    } else if (isa<arith::RemSIOp>(op)) {
      divide(/*isSigned=*/true, /*isRemainder=*/true);
    } else if (isa<arith::RemUIOp>(op)) {
      divide(/*isSigned=*/false, /*isRemainder=*/true);
    } else if (isa<arith::ShLIOp, arith::ShRUIOp, arith::ShRSIOp>(op)) {
      shift();
    } else if (isa<arith::FPToSIOp, arith::FPToUIOp>(op) && !op->hasAttr(quantized::kInRange)) {
      convert(isa<arith::FPToSIOp>(op));
    }
  }

private:
  Operation *op;
  OpBuilder builder;
  ImplicitLocOpBuilder b;

  Type type() { return op->getResult(0).getType(); }
  Value integer(const APInt &value) {
    return constantOf(b, type(), b.getIntegerAttr(getElementTypeOrSelf(type()), value));
  }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(b, condition, yes, no);
  }
  Value isEqual(Value x, const APInt &value) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, integer(value));
  }

  void dropPromises() {
    if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op)) {
      op->setAttr(flags.getIntegerOverflowAttrName(),
                  arith::IntegerOverflowFlagsAttr::get(op->getContext(), arith::IntegerOverflowFlags::none));
    }
    if (auto flags = dyn_cast<arith::ArithFastMathInterface>(op)) {
      op->setAttr(flags.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(op->getContext(), arith::FastMathFlags::none));
    }
    if (isa<arith::DivSIOp, arith::DivUIOp, arith::ShRSIOp, arith::ShRUIOp>(op)) {
      op->removeAttr("isExact");
    }
  }

  void replaceBy(Value value, Operation *except) {
    op->getResult(0).replaceUsesWithIf(value, [&](OpOperand &use) {
      return use.getOwner() != value.getDefiningOp() && use.getOwner() != except;
    });
  }

  void divide(bool isSigned, bool isRemainder) {
    Value dividend = op->getOperand(0), divisor = op->getOperand(1);
    APInt constant;
    if (matchPattern(divisor, m_ConstantInt(&constant)) && !constant.isZero() &&
        !(isSigned && constant.isAllOnes())) {
      return;
    }
    unsigned width = widthOf(type());
    APInt zero = APInt::getZero(width), ones = APInt::getAllOnes(width);
    Value byZero = isEqual(divisor, zero);
    Value unsafe = byZero, byMinusOne;
    if (isSigned) {
      byMinusOne = isEqual(divisor, ones);
      unsafe = arith::OrIOp::create(b, byZero, byMinusOne);
    }
    op->setOperand(1, select(unsafe, integer(APInt(width, 1)), divisor));
    b.setInsertionPointAfter(op);
    Value result = op->getResult(0);
    Operation *last = nullptr;
    if (isSigned) {
      // Exact whatever the rounding; the least number wraps to itself.
      Value negated =
          isRemainder ? integer(zero) : arith::SubIOp::create(b, integer(zero), dividend).getResult();
      result = select(byMinusOne, negated, result);
      last = result.getDefiningOp();
    }
    result = select(byZero, isRemainder ? dividend : integer(ones), result);
    replaceBy(result, last);
  }

  void shift() {
    Value amount = op->getOperand(1);
    unsigned width = widthOf(type());
    APInt constant;
    if (matchPattern(amount, m_ConstantInt(&constant)) && constant.ult(width)) {
      return;
    }
    // width - 1 has a place in every width but 1, where the only amount without effect is 0.
    Value largest = integer(APInt(width, width - 1));
    if (isa<arith::ShRSIOp>(op)) {
      op->setOperand(1, arith::MinUIOp::create(b, amount, largest));
      return;
    }
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, amount, largest);
    Value none = integer(APInt::getZero(width));
    op->setOperand(1, select(inside, amount, none));
    b.setInsertionPointAfter(op);
    replaceBy(select(inside, op->getResult(0), none), nullptr);
  }

  void convert(bool isSigned) {
    Value x = op->getOperand(0);
    Type floatType = x.getType();
    auto element = cast<FloatType>(getElementTypeOrSelf(floatType));
    unsigned width = widthOf(type());
    APInt least = isSigned ? APInt::getSignedMinValue(width) : APInt::getZero(width);
    APInt most = isSigned ? APInt::getSignedMaxValue(width) : APInt::getMaxValue(width);
    // Both limits are 0 or powers of two: exact, or infinite in formats that end below.
    auto limit = [&](bool upper) {
      APFloat value(element.getFloatSemantics());
      APInt wide = upper ? most.zext(width + 2) + 1 : least.sext(width + 2);
      value.convertFromAPInt(wide, /*IsSigned=*/true, APFloat::rmNearestTiesToEven);
      return constantOf(b, floatType, b.getFloatAttr(element, value));
    };
    Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, limit(true));
    Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, x, limit(false));
    Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    b.setInsertionPointAfter(op);
    Value first = select(above, integer(most), op->getResult(0));
    Value second = select(below, integer(least), first);
    Value third = select(isNan, integer(APInt::getZero(width)), second);
    replaceBy(third, first.getDefiningOp());
  }
};

class DefineArithmeticPass : public FunctionsPass<DefineArithmeticPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DefineArithmeticPass)
  StringRef getArgument() const final { return "coopt-define-arithmetic"; }
  StringRef getDescription() const final {
    return "give divisions, shifts and conversions a result for all operands";
  }

  LogicalResult runOn(func::FuncOp function) {
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) {
      if (isa<arith::ArithDialect>(op->getDialect()) && op->getNumResults() == 1) {
        ops.push_back(op);
      }
    });
    for (Operation *op : ops) {
      Definition(op).run();
    }
    return success();
  }
};

} // namespace

std::unique_ptr<Pass> createDefineArithmeticPass() { return std::make_unique<DefineArithmeticPass>(); }

} // namespace coopt
