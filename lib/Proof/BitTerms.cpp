#include "BitTerms.h"

#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace coopt::proof;
using llvm::APInt;

unsigned BitTerms::SameOp::getHashValue(const Operation *op) {
  return static_cast<unsigned>(OperationEquivalence::computeHash(
      const_cast<Operation *>(op), OperationEquivalence::directHashValue,
      OperationEquivalence::ignoreHashValue, OperationEquivalence::IgnoreLocations));
}

bool BitTerms::SameOp::isEqual(const Operation *a, const Operation *b) {
  auto isMarker = [](const Operation *op) { return op == getEmptyKey() || op == getTombstoneKey(); };
  if (a == b || isMarker(a) || isMarker(b)) {
    return a == b;
  }
  return OperationEquivalence::isEquivalentTo(const_cast<Operation *>(a), const_cast<Operation *>(b),
                                              OperationEquivalence::IgnoreLocations);
}

BitTerms::BitTerms(MLIRContext *context)
    : module(ModuleOp::create(UnknownLoc::get(context))), b(context), loc(UnknownLoc::get(context)) {
  b.setInsertionPointToEnd(module->getBody());
}

Value BitTerms::unique(Operation *op) {
  auto [place, isNew] = known.insert(op);
  if (!isNew) {
    op->erase();
  }
  return (*place)->getResult(0);
}

Type BitTerms::typeOf(unsigned width) const { return smt::BitVectorType::get(b.getContext(), width); }

unsigned BitTerms::widthOf(Term term) {
  return static_cast<unsigned>(cast<smt::BitVectorType>(term.getType()).getWidth());
}

std::optional<APInt> BitTerms::valueOf(Term term) {
  auto constant = term.getDefiningOp<smt::BVConstantOp>();
  return constant ? std::optional<APInt>(constant.getValue().getValue()) : std::nullopt;
}

Term BitTerms::symbol(unsigned width, std::string name) {
  Term term = smt::DeclareFunOp::create(b, loc, typeOf(width));
  names[term] = std::move(name);
  return term;
}

llvm::StringRef BitTerms::nameOf(Term symbol) const {
  auto it = names.find(symbol);
  return it == names.end() ? llvm::StringRef() : llvm::StringRef(it->second);
}

Term BitTerms::any(unsigned width, unsigned number) {
  Term &term = anything[{width, number}];
  return term ? term : term = symbol(width, "anything");
}

Term BitTerms::rebuilt(Operation *op, ArrayRef<Value> operands) {
  Operation *copy = b.clone(*op);
  copy->setOperands(operands);
  return unique(copy);
}

Term BitTerms::constant(const APInt &value) { return make<smt::BVConstantOp>(value); }

//===-- Bits that move -------------------------------------------------------===//

Term BitTerms::extract(Term a, unsigned low, unsigned width) {
  if (low == 0 && width == widthOf(a)) {
    return a;
  }
  if (std::optional<APInt> value = valueOf(a)) {
    return constant(value->extractBits(width, low));
  }
  if (auto inner = a.getDefiningOp<smt::ExtractOp>()) {
    return extract(inner.getInput(), low + inner.getLowBit(), width);
  }
  if (auto both = a.getDefiningOp<smt::ConcatOp>()) {
    const unsigned split = widthOf(both.getRhs());
    if (low >= split) {
      return extract(both.getLhs(), low - split, width);
    }
    if (low + width <= split) {
      return extract(both.getRhs(), low, width);
    }
    return concat(extract(both.getLhs(), 0, low + width - split), extract(both.getRhs(), low, split - low));
  }
  if (auto repeat = a.getDefiningOp<smt::RepeatOp>(); repeat && widthOf(repeat.getInput()) == 1) {
    return width == 1 ? repeat.getInput() : make<smt::RepeatOp>(width, repeat.getInput());
  }
  return make<smt::ExtractOp>(typeOf(width), low, a);
}

Term BitTerms::merged(Term high, Term low) {
  if (std::optional<APInt> upper = valueOf(high), lower = valueOf(low); upper && lower) {
    return constant(upper->concat(*lower));
  }
  auto upper = high.getDefiningOp<smt::ExtractOp>(), lower = low.getDefiningOp<smt::ExtractOp>();
  if (upper && lower && upper.getInput() == lower.getInput() &&
      lower.getLowBit() + widthOf(low) == upper.getLowBit()) {
    return extract(lower.getInput(), lower.getLowBit(), widthOf(low) + widthOf(high));
  }
  return {};
}

Term BitTerms::concat(Term high, Term low) {
  if (auto both = high.getDefiningOp<smt::ConcatOp>()) {
    return concat(both.getLhs(), concat(both.getRhs(), low));
  }
  if (Term one = merged(high, low)) {
    return one;
  }
  if (auto both = low.getDefiningOp<smt::ConcatOp>()) {
    if (Term one = merged(high, both.getLhs())) {
      return concat(one, both.getRhs());
    }
  }
  return make<smt::ConcatOp>(typeOf(widthOf(high) + widthOf(low)), high, low);
}

Term BitTerms::extended(Term a, unsigned width, bool isSigned) {
  const unsigned narrow = widthOf(a);
  if (width == narrow) {
    return a;
  }
  if (std::optional<APInt> value = valueOf(a)) {
    return constant(isSigned ? value->sext(width) : value->zext(width));
  }
  if (!isSigned) {
    return concat(constant(APInt::getZero(width - narrow)), a);
  }
  Term sign = extract(a, narrow - 1, 1);
  if (std::optional<APInt> value = valueOf(sign)) {
    return concat(constant(value->sext(width - narrow)), a);
  }
  return concat(width - narrow == 1 ? sign : make<smt::RepeatOp>(width - narrow, sign), a);
}

Term BitTerms::resized(Term a, unsigned width, bool isSigned) {
  return width <= widthOf(a) ? extract(a, 0, width) : extended(a, width, isSigned);
}

std::optional<BitTerms::Narrow> BitTerms::narrowed(Term term, unsigned most) {
  if (widthOf(term) <= most) {
    return Narrow{term, true};
  }
  // Extensions stand as (zeros or signs, x).
  auto both = term.getDefiningOp<smt::ConcatOp>();
  if (!both || widthOf(both.getRhs()) > most) {
    return std::nullopt;
  }
  if (std::optional<APInt> zeros = valueOf(both.getLhs())) {
    return zeros->isZero() ? std::optional(Narrow{both.getRhs(), false}) : std::nullopt;
  }
  Term sign = both.getLhs();
  if (auto repeat = sign.getDefiningOp<smt::RepeatOp>()) {
    sign = repeat.getInput();
  }
  auto bit = sign.getDefiningOp<smt::ExtractOp>();
  const unsigned top = widthOf(both.getRhs()) - 1;
  if (!bit || widthOf(sign) != 1) {
    return std::nullopt;
  }
  Term of = both.getRhs();
  unsigned place = top;
  if (auto inner = of.getDefiningOp<smt::ExtractOp>()) {
    of = inner.getInput();
    place += inner.getLowBit();
  }
  return bit.getInput() == of && bit.getLowBit() == place ? std::optional(Narrow{both.getRhs(), true})
                                                          : std::nullopt;
}

//===-- Arithmetic -----------------------------------------------------------===//

Term BitTerms::negated(Term a) {
  std::optional<APInt> value = valueOf(a);
  return value ? constant(-*value) : make<smt::BVNegOp>(a);
}

APInt coopt::proof::folded(Binary kind, const APInt &a, const APInt &b) {
  const unsigned width = a.getBitWidth();
  const auto by = static_cast<unsigned>(b.getLimitedValue(width));
  switch (kind) {
  case Binary::Add:
    return a + b;
  case Binary::Mul:
    return a * b;
  case Binary::And:
    return a & b;
  case Binary::Or:
    return a | b;
  case Binary::Xor:
    return a ^ b;
  case Binary::Shl:
    return a.shl(by);
  case Binary::LShr:
    return a.lshr(by);
  case Binary::AShr:
    return a.ashr(by);
  case Binary::UDiv:
    return b.isZero() ? APInt::getAllOnes(width) : a.udiv(b);
  case Binary::SDiv:
    return b.isZero() ? (a.isNegative() ? APInt(width, 1) : APInt::getAllOnes(width)) : a.sdiv(b);
  case Binary::URem:
    return b.isZero() ? a : a.urem(b);
  case Binary::SRem:
    return b.isZero() ? a : a.srem(b);
  }
  llvm_unreachable("unknown kind");
}

Term BitTerms::constantShift(Binary kind, Term a, unsigned by) {
  const unsigned width = widthOf(a);
  if (by == 0) {
    return a;
  }
  if (kind == Binary::AShr) {
    return extended(extract(a, std::min(by, width - 1), width - std::min(by, width - 1)), width, true);
  }
  if (by >= width) {
    return constant(APInt::getZero(width));
  }
  Term zeros = constant(APInt::getZero(by));
  return kind == Binary::Shl ? concat(extract(a, 0, width - by), zeros)
                             : concat(zeros, extract(a, by, width - by));
}

/// The bits of a mask that are one run; null if they are not.
Term BitTerms::masked(Term a, const APInt &mask) {
  unsigned low = 0, count = 0;
  if (!mask.isShiftedMask(low, count)) {
    return {};
  }
  Term bits = extract(a, low, count);
  if (low > 0) {
    bits = concat(bits, constant(APInt::getZero(low)));
  }
  return extended(bits, widthOf(a), false);
}

/// Part by part, where one of the operands is put together.
Term BitTerms::bitwiseByParts(Binary kind, Term a, Term b) {
  auto lowWidth = [](Term term) {
    auto both = term.getDefiningOp<smt::ConcatOp>();
    return both ? widthOf(both.getRhs()) : widthOf(term);
  };
  const unsigned width = widthOf(a), split = std::min(lowWidth(a), lowWidth(b));
  if (split == width) {
    return {};
  }
  Term high = binary(kind, extract(a, split, width - split), extract(b, split, width - split));
  return concat(high, binary(kind, extract(a, 0, split), extract(b, 0, split)));
}

Term BitTerms::binary(Binary kind, Term a, Term b) {
  std::optional<APInt> x = valueOf(a), y = valueOf(b);
  if (x && y) {
    return constant(folded(kind, *x, *y));
  }
  const bool commutes = kind == Binary::Add || kind == Binary::Mul || kind == Binary::And ||
                        kind == Binary::Or || kind == Binary::Xor;
  if (x && commutes) {
    std::swap(a, b);
    std::swap(x, y);
  }
  switch (kind) {
  case Binary::Add:
    return y && y->isZero() ? a : make<smt::BVAddOp>(a, b);
  case Binary::Mul:
    if (y && (y->isZero() || y->isOne())) {
      return y->isZero() ? b : a;
    }
    return make<smt::BVMulOp>(a, b);
  case Binary::And:
    if (a == b || (y && y->isAllOnes())) {
      return a;
    }
    if (y && y->isZero()) {
      return b;
    }
    if (Term bits = y ? masked(a, *y) : Term()) {
      return bits;
    }
    if (Term parts = bitwiseByParts(kind, a, b)) {
      return parts;
    }
    return make<smt::BVAndOp>(a, b);
  case Binary::Or:
    if (a == b || (y && y->isZero())) {
      return a;
    }
    if (y && y->isAllOnes()) {
      return b;
    }
    if (Term parts = bitwiseByParts(kind, a, b)) {
      return parts;
    }
    return make<smt::BVOrOp>(a, b);
  case Binary::Xor:
    if (a == b) {
      return constant(APInt::getZero(widthOf(a)));
    }
    if (y && y->isZero()) {
      return a;
    }
    if (Term parts = bitwiseByParts(kind, a, b)) {
      return parts;
    }
    return make<smt::BVXOrOp>(a, b);
  case Binary::Shl:
  case Binary::LShr:
  case Binary::AShr:
    if (y) {
      return constantShift(kind, a, static_cast<unsigned>(y->getLimitedValue(widthOf(a))));
    }
    return kind == Binary::Shl    ? make<smt::BVShlOp>(a, b)
           : kind == Binary::LShr ? make<smt::BVLShrOp>(a, b)
                                  : make<smt::BVAShrOp>(a, b);
  case Binary::UDiv:
    return make<smt::BVUDivOp>(a, b);
  case Binary::SDiv:
    return make<smt::BVSDivOp>(a, b);
  case Binary::URem:
    return make<smt::BVURemOp>(a, b);
  case Binary::SRem:
    return make<smt::BVSRemOp>(a, b);
  }
  llvm_unreachable("unknown kind");
}

//===-- Conditions -----------------------------------------------------------===//

Term BitTerms::fromBool(Value condition) {
  if (auto isOne = condition.getDefiningOp<smt::EqOp>();
      isOne && widthOf(isOne.getInputs()[0]) == 1 && isOne.getInputs()[1] == constant(1, 1)) {
    return isOne.getInputs()[0];
  }
  return make<smt::IteOp>(condition, constant(1, 1), constant(1, 0));
}

Term BitTerms::conditionOf(smt::IteOp choice) { return fromBool(choice.getCond()); }

Value BitTerms::toBool(Term condition) {
  if (auto ite = condition.getDefiningOp<smt::IteOp>()) {
    if (ite.getThenValue() == constant(1, 1) && ite.getElseValue() == constant(1, 0)) {
      return ite.getCond();
    }
  }
  return make<smt::EqOp>(condition, constant(1, 1));
}

Term BitTerms::compare(arith::CmpIPredicate predicate, Term a, Term c) {
  using P = arith::CmpIPredicate;
  std::optional<APInt> x = valueOf(a), y = valueOf(c);
  if (x && y) {
    return constant(1, arith::applyCmpPredicate(predicate, *x, *y));
  }
  if (a == c) {
    const bool holds = predicate == P::eq || predicate == P::sle || predicate == P::sge ||
                       predicate == P::ule || predicate == P::uge;
    return constant(1, holds);
  }
  auto ordered = [&](smt::BVCmpPredicate of) { return fromBool(make<smt::BVCmpOp>(of, a, c)); };
  switch (predicate) {
  case P::eq:
    return fromBool(make<smt::EqOp>(a, c));
  case P::ne:
    return fromBool(make<smt::DistinctOp>(a, c));
  case P::slt:
    return ordered(smt::BVCmpPredicate::slt);
  case P::sle:
    return ordered(smt::BVCmpPredicate::sle);
  case P::sgt:
    return ordered(smt::BVCmpPredicate::sgt);
  case P::sge:
    return ordered(smt::BVCmpPredicate::sge);
  case P::ult:
    return ordered(smt::BVCmpPredicate::ult);
  case P::ule:
    return ordered(smt::BVCmpPredicate::ule);
  case P::ugt:
    return ordered(smt::BVCmpPredicate::ugt);
  case P::uge:
    return ordered(smt::BVCmpPredicate::uge);
  }
  llvm_unreachable("unknown predicate");
}

Term BitTerms::choose(Term condition, Term a, Term c) {
  if (std::optional<APInt> value = valueOf(condition)) {
    return value->isZero() ? c : a;
  }
  if (a == c) {
    return a;
  }
  if (a == constant(1, 1) && c == constant(1, 0)) {
    return condition;
  }
  return make<smt::IteOp>(toBool(condition), a, c);
}

Term BitTerms::elementAt(ArrayRef<Term> elements, Term index) {
  if (elements.size() == 1) {
    return elements.front();
  }
  const unsigned bit = llvm::Log2_64(elements.size()) - 1;
  const size_t half = elements.size() / 2;
  Term upper = elementAt(elements.drop_front(half), index),
       lower = elementAt(elements.take_front(half), index);
  return choose(extract(index, bit, 1), upper, lower);
}

Term BitTerms::apply(llvm::StringRef function, ArrayRef<Term> arguments, unsigned width) {
  SmallVector<Type> types(ValueRange(arguments).getTypes());
  std::string key = function.str();
  for (Term argument : arguments) {
    key += "," + std::to_string(widthOf(argument));
  }
  key += "->" + std::to_string(width);
  Value &of = functions[key];
  if (!of) {
    of = smt::DeclareFunOp::create(b, loc, smt::SMTFuncType::get(types, typeOf(width)));
    names[of] = function.str();
  }
  return make<smt::ApplyFuncOp>(of, arguments);
}
