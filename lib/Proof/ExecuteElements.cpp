#include "Execution.h"
#include "Simulation.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt::proof;
using P = arith::CmpIPredicate;

Term Execution::element(Operation *op, ArrayRef<Term> operands) {
  if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op)) {
    if (flags.getOverflowAttr().getValue() != arith::IntegerOverflowFlags::none) {
      return {}; // a promise, of which more would follow than of the bits
    }
  }
  auto isFloat = [](Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); };
  if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    return t.choose(operands[0], operands[1], operands[2]);
  }
  if (isa<arith::BitcastOp>(op)) {
    return operands[0];
  }
  const bool hasFloats = isFloat(op->getResult(0).getType()) || llvm::any_of(op->getOperandTypes(), isFloat);
  return hasFloats ? floatElement(op, operands) : integerElement(op, operands);
}

/// Shifts by the width or more have no result.
Term Execution::shifted(Operation *op, Binary kind, Term a, Term by) {
  const unsigned width = BitTerms::widthOf(a);
  Term limit = t.constant(width, width - 1);
  require(op, "the shift is less than the number of bits", t.compare(P::ule, by, limit));
  return t.binary(kind, a, by);
}

/// Nor have divisions by zero, and of the least number by -1.
Term Execution::signedDivision(Operation *op, Binary kind, Term a, Term b) {
  const unsigned width = BitTerms::widthOf(a);
  Term one = t.constant(1, 1);
  require(op, "the divisor is not zero", t.compare(P::ne, b, t.constant(width, 0)));
  if (kind == Binary::SDiv || kind == Binary::SRem) {
    Term isLeast = t.equal(a, t.constant(APInt::getSignedMinValue(width)));
    require(op, "the quotient is no more than the largest number",
            t.choose(isLeast, t.compare(P::ne, b, t.constant(APInt::getAllOnes(width))), one));
  }
  return t.binary(kind, a, b);
}

Term Execution::countOnes(Term a) {
  const unsigned width = BitTerms::widthOf(a);
  Term sum = t.constant(width, 0);
  for (unsigned i = 0; i < width; ++i) {
    sum = t.add(sum, t.resized(t.extract(a, i, 1), width, false));
  }
  return sum;
}

Term Execution::integerElement(Operation *op, ArrayRef<Term> x) {
  const unsigned width = bitsOf(op->getResult(0).getType());
  auto least = [&](P predicate) { return t.choose(t.compare(predicate, x[0], x[1]), x[0], x[1]); };
  return TypeSwitch<Operation *, Term>(op)
      .Case<arith::AddIOp>([&](auto) { return t.add(x[0], x[1]); })
      .Case<arith::SubIOp>([&](auto) { return t.sub(x[0], x[1]); })
      .Case<arith::MulIOp>([&](auto) { return t.mul(x[0], x[1]); })
      .Case<arith::AndIOp>([&](auto) { return t.binary(Binary::And, x[0], x[1]); })
      .Case<arith::OrIOp>([&](auto) { return t.binary(Binary::Or, x[0], x[1]); })
      .Case<arith::XOrIOp>([&](auto) { return t.binary(Binary::Xor, x[0], x[1]); })
      .Case<arith::ShLIOp>([&](auto) { return shifted(op, Binary::Shl, x[0], x[1]); })
      .Case<arith::ShRUIOp>([&](auto) { return shifted(op, Binary::LShr, x[0], x[1]); })
      .Case<arith::ShRSIOp>([&](auto) { return shifted(op, Binary::AShr, x[0], x[1]); })
      .Case<arith::DivUIOp>([&](auto) { return signedDivision(op, Binary::UDiv, x[0], x[1]); })
      .Case<arith::RemUIOp>([&](auto) { return signedDivision(op, Binary::URem, x[0], x[1]); })
      .Case<arith::DivSIOp>([&](auto) { return signedDivision(op, Binary::SDiv, x[0], x[1]); })
      .Case<arith::RemSIOp>([&](auto) { return signedDivision(op, Binary::SRem, x[0], x[1]); })
      .Case<arith::MinSIOp>([&](auto) { return least(P::slt); })
      .Case<arith::MaxSIOp>([&](auto) { return least(P::sgt); })
      .Case<arith::MinUIOp>([&](auto) { return least(P::ult); })
      .Case<arith::MaxUIOp>([&](auto) { return least(P::ugt); })
      .Case<arith::CmpIOp>([&](auto of) { return t.compare(of.getPredicate(), x[0], x[1]); })
      .Case<arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp>(
          [&](auto) { return t.resized(x[0], width, true); })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([&](auto) { return t.resized(x[0], width, false); })
      .Case<math::AbsIOp>([&](auto) {
        return t.choose(t.compare(P::slt, x[0], t.constant(width, 0)), t.negated(x[0]), x[0]);
      })
      .Case<math::CtPopOp, LLVM::CtPopOp>([&](auto) { return countOnes(x[0]); })
      .Default([](auto) { return Term(); });
}

//===-- Floats ---------------------------------------------------------------===//

/// value(high bits and `bits` bits of index), the highest bit first.
Term Execution::tableOf(llvm::function_ref<Term(uint64_t)> value, Term index, unsigned bits, uint64_t high) {
  if (bits == 0) {
    return value(high);
  }
  Term upper = tableOf(value, index, bits - 1, high << 1 | 1);
  Term lower = tableOf(value, index, bits - 1, high << 1);
  return t.choose(t.extract(index, bits - 1, 1), upper, lower);
}

/// The nearest float, of integers that few bits hold.
Term Execution::floatOfInteger(Operation *op, Term a, bool isSigned) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())).getFloatSemantics();
  auto converted = [&](const APInt &value, bool hasSign) {
    llvm::APFloat result(semantics);
    result.convertFromAPInt(value, hasSign, llvm::APFloat::rmNearestTiesToEven);
    return t.constant(result.bitcastToAPInt());
  };
  if (std::optional<APInt> value = BitTerms::valueOf(a)) {
    return converted(*value, isSigned);
  }
  constexpr unsigned kMost = 8;
  std::optional<BitTerms::Narrow> narrow = BitTerms::narrowed(a, kMost);
  if (!narrow) {
    return {};
  }
  const unsigned bits = BitTerms::widthOf(narrow->term);
  // Zeros in front make a number that is not negative, whatever the op says.
  const bool hasSign = bits == BitTerms::widthOf(a) ? isSigned : narrow->isSigned;
  if (hasSign && !isSigned) {
    return {};
  }
  return tableOf([&](uint64_t value) { return converted(APInt(bits, value), hasSign); }, narrow->term, bits,
                 0);
}

Term Execution::floatOfFewBits(Operation *op, ArrayRef<Term> x) {
  constexpr unsigned kMost = 8;
  auto type = dyn_cast<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
  if (!type || !isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::SIToFPOp, arith::UIToFPOp>(op)) {
    return {};
  }
  // The bits: symbols, or parts of them.
  SmallVector<Term> parts;
  unsigned bits = 0;
  DenseSet<Term> whole;
  for (Operation *of : BitTerms::conesOf(x)) {
    auto isSymbol = [](Value value) { return isa<smt::DeclareFunOp>(value.getDefiningOp()); };
    auto extract = dyn_cast<smt::ExtractOp>(of);
    if (isa<smt::ApplyFuncOp>(of)) {
      return {};
    }
    for (Value operand : of->getOperands()) {
      if (isSymbol(operand) && !extract && whole.insert(operand).second) {
        parts.push_back(operand);
        bits += BitTerms::widthOf(operand);
      }
    }
    if (extract && isSymbol(extract.getInput())) {
      parts.push_back(extract);
      bits += BitTerms::widthOf(extract);
    }
    if (bits > kMost) {
      return {};
    }
  }
  if (parts.empty() || llvm::any_of(x, [](Term of) { return isa<smt::DeclareFunOp>(of.getDefiningOp()); })) {
    return {};
  }
  Term index = parts.front();
  for (Term part : ArrayRef<Term>(parts).drop_front()) {
    index = t.concat(part, index);
  }
  bool isKnown = true;
  auto valueFor = [&](uint64_t number) {
    Numbers symbols;
    for (Term part : parts) {
      const unsigned width = BitTerms::widthOf(part);
      symbols[part] = APInt(64, number).trunc(width);
      number >>= width;
    }
    const Numbers values = evaluated(x, symbols);
    isKnown &= !values.empty();
    if (!isKnown) {
      return t.constant(type.getWidth(), 0);
    }
    llvm::APFloat a(type.getFloatSemantics());
    constexpr auto rounding = llvm::APFloat::rmNearestTiesToEven;
    if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
      a.convertFromAPInt(values.lookup(x[0]), isa<arith::SIToFPOp>(op), rounding);
      return t.constant(a.bitcastToAPInt());
    }
    a = llvm::APFloat(type.getFloatSemantics(), values.lookup(x[0]));
    const llvm::APFloat b(type.getFloatSemantics(), values.lookup(x[1]));
    if (isa<arith::AddFOp>(op)) {
      a.add(b, rounding);
    } else if (isa<arith::SubFOp>(op)) {
      a.subtract(b, rounding);
    } else {
      a.multiply(b, rounding);
    }
    return t.constant(a.bitcastToAPInt());
  };
  Term table = tableOf(valueFor, index, bits, 0);
  return isKnown ? table : Term();
}

Term Execution::floatElement(Operation *op, ArrayRef<Term> x) {
  const unsigned width = bitsOf(op->getResult(0).getType());
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    if (Term value = floatOfInteger(op, x[0], isa<arith::SIToFPOp>(op))) {
      return value;
    }
  }
  if (Term value = floatOfFewBits(op, x)) {
    return value;
  }
  if (isa<arith::NegFOp>(op)) {
    return t.binary(Binary::Xor, x[0], t.constant(APInt::getSignMask(width)));
  }
  if (isa<math::AbsFOp>(op)) {
    return t.binary(Binary::And, x[0], t.constant(APInt::getSignedMaxValue(width)));
  }
  if (!isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) || !isPure(op)) {
    return {};
  }
  std::string name = op->getName().getStringRef().str();
  if (auto comparison = dyn_cast<arith::CmpFOp>(op)) {
    name += " " + arith::stringifyCmpFPredicate(comparison.getPredicate()).str();
  }
  // The same bits mean something else in another type.
  llvm::raw_string_ostream stream(name);
  for (Type type : op->getOperandTypes()) {
    stream << " " << getElementTypeOrSelf(type);
  }
  stream << " " << getElementTypeOrSelf(op->getResult(0).getType());
  return t.apply(name, x, width);
}
