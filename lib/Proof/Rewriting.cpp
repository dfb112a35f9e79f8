#include "Rewriting.h"

using namespace mlir;
using namespace coopt::proof;
using llvm::APInt;

Term Rewriting::rewritten(Term term) {
  for (Operation *op : BitTerms::conesOf(term)) {
    Term of = op->getResult(0);
    if (!known.count(of)) {
      Term made = rebuilt(op);
      known[of] = made;
      known.try_emplace(made, made);
    }
  }
  return known.lookup(term);
}

Term Rewriting::rebuilt(Operation *op) {
  SmallVector<Value> x;
  for (Value operand : op->getOperands()) {
    x.push_back(known.lookup(operand));
  }
  if (isa<smt::BVAddOp>(op)) {
    return t.add(factor(x[0]), factor(x[1]));
  }
  if (isa<smt::BVMulOp>(op)) {
    return t.mul(factor(x[0]), factor(x[1]));
  }
  if (isa<smt::BVNegOp>(op)) {
    return t.negated(x[0]);
  }
  if (isa<smt::ConcatOp>(op)) {
    return ofConcat(t.concat(x[0], x[1]));
  }
  if (auto extract = dyn_cast<smt::ExtractOp>(op)) {
    return ofExtract(t.extract(x[0], extract.getLowBit(), BitTerms::widthOf(extract)));
  }
  if (isa<smt::IteOp>(op)) {
    return ofChoice(t.rebuilt(op, x));
  }
  return op->getNumOperands() == 0 ? op->getResult(0) : t.rebuilt(op, x);
}

/// x, if `a` is x with its highest bit flipped; null otherwise.
static Term flipped(BitTerms &t, Term a) {
  if (auto both = a.getDefiningOp<smt::ConcatOp>()) {
    Term high = flipped(t, both.getLhs());
    return high ? t.concat(high, both.getRhs()) : Term();
  }
  auto exclusive = a.getDefiningOp<smt::BVXOrOp>();
  std::optional<APInt> mask = exclusive ? BitTerms::valueOf(exclusive.getRhs()) : std::nullopt;
  return mask && mask->isSignMask() ? exclusive.getLhs() : Term();
}

Term Rewriting::factor(Term term) {
  const unsigned width = BitTerms::widthOf(term);
  std::optional<BitTerms::Narrow> narrow = BitTerms::narrowed(term, 8);
  if (!narrow || BitTerms::widthOf(narrow->term) == width) {
    return term;
  }
  const unsigned bits = BitTerms::widthOf(narrow->term);
  if (hasBits && bits > 1) {
    auto sumOf = [&](Term code) {
      Term sum = t.constant(width, 0);
      for (unsigned i = 0; i < bits; ++i) {
        const bool isSign = narrow->isSigned && i + 1 == bits;
        APInt weight = APInt::getOneBitSet(width, i);
        Term bit = t.extended(t.extract(code, i, 1), width, false);
        sum = t.add(sum, t.mul(bit, t.constant(isSign ? -weight : weight)));
      }
      return sum;
    };
    Term any = t.any(bits);
    return isEqual(t.extended(any, width, narrow->isSigned), sumOf(any)) ? sumOf(narrow->term) : term;
  }
  Term original = narrow->isSigned ? Term() : flipped(t, narrow->term);
  if (!original) {
    return term;
  }
  auto sumOf = [&](Term code) {
    return t.add(t.extended(code, width, true), t.constant(APInt::getOneBitSet(width, bits - 1)));
  };
  Term any = t.any(bits), mask = t.constant(APInt::getSignMask(bits));
  return isEqual(t.extended(t.binary(Binary::Xor, any, mask), width, false), sumOf(any)) ? sumOf(original)
                                                                                         : term;
}

static bool isArithmetic(Term term) {
  return term.getDefiningOp() && isa<smt::BVAddOp, smt::BVMulOp, smt::BVNegOp>(term.getDefiningOp());
}

/// The same arithmetic in more bits. Constants have signs, all else has none.
Term Rewriting::widened(Term term, unsigned width) {
  Operation *op = term.getDefiningOp();
  auto operand = [&](unsigned i) { return widened(op->getOperand(i), width); };
  if (isa<smt::BVAddOp>(op)) {
    return t.add(operand(0), operand(1));
  }
  if (isa<smt::BVMulOp>(op)) {
    return t.mul(operand(0), operand(1));
  }
  return isa<smt::BVNegOp>(op) ? t.negated(operand(0))
                               : factor(t.extended(term, width, BitTerms::valueOf(term).has_value()));
}

Term Rewriting::ofConcat(Term term) {
  auto both = term.getDefiningOp<smt::ConcatOp>();
  if (!both) {
    return term;
  }
  const unsigned width = BitTerms::widthOf(term);
  std::optional<APInt> low = BitTerms::valueOf(both.getRhs());
  auto shifted = both.getLhs().getDefiningOp<smt::ExtractOp>();
  if (low && low->isZero() && shifted && shifted.getLowBit() == 0 &&
      BitTerms::widthOf(shifted.getInput()) == width && isArithmetic(shifted.getInput())) {
    const unsigned by = low->getBitWidth();
    auto product = [&](Term of) { return t.mul(of, t.constant(APInt::getOneBitSet(width, by))); };
    Term any = t.any(width);
    return isEqual(t.concat(t.extract(any, 0, width - by), both.getRhs()), product(any))
               ? product(shifted.getInput())
               : term;
  }
  std::optional<BitTerms::Narrow> narrow = BitTerms::narrowed(term, 16);
  if (narrow && BitTerms::widthOf(narrow->term) < width && isArithmetic(narrow->term)) {
    Term wide = widened(narrow->term, width);
    return isEqual(term, wide) ? wide : term;
  }
  return term;
}

/// A byte of a product of several bytes and one number: the byte's own product, where none before it is more than
/// a byte.
Term Rewriting::ofExtract(Term term) {
  auto extract = term.getDefiningOp<smt::ExtractOp>();
  auto product = extract ? extract.getInput().getDefiningOp<smt::BVMulOp>() : smt::BVMulOp();
  const unsigned width = BitTerms::widthOf(term);
  if (!product || width > 8 || BitTerms::widthOf(product) > 32) {
    return term;
  }
  const unsigned low = extract.getLowBit();
  for (auto [bytes, number] :
       {std::pair(product.getLhs(), product.getRhs()), std::pair(product.getRhs(), product.getLhs())}) {
    Term own = t.mul(t.extract(bytes, low, width), t.extract(number, 0, width));
    if (isEqual(term, own)) {
      // What stood inside may be a byte of a product in turn.
      return rewritten(own);
    }
  }
  return term;
}

Term Rewriting::ofChoice(Term term) {
  auto choice = term.getDefiningOp<smt::IteOp>();
  std::optional<APInt> other = choice ? BitTerms::valueOf(choice.getElseValue()) : std::nullopt;
  const unsigned width = BitTerms::widthOf(term);
  if (!hasBits || !other || !other->isZero() || width == 1) {
    return term;
  }
  auto product = [&](Term number, Term bit) { return t.mul(number, t.extended(bit, width, false)); };
  Term number = t.any(width), bit = t.any(1, 1);
  Term zero = t.constant(width, 0);
  return isEqual(t.choose(bit, number, zero), product(number, bit))
             ? product(factor(choice.getThenValue()), t.conditionOf(choice))
             : term;
}
