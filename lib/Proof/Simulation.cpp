#include "Simulation.h"

#include "llvm/ADT/TypeSwitch.h"
#include <random>

using namespace mlir;
using namespace coopt::proof;
using llvm::APInt;

static bool compared(smt::BVCmpPredicate predicate, const APInt &a, const APInt &b) {
  switch (predicate) {
  case smt::BVCmpPredicate::slt:
    return a.slt(b);
  case smt::BVCmpPredicate::sle:
    return a.sle(b);
  case smt::BVCmpPredicate::sgt:
    return a.sgt(b);
  case smt::BVCmpPredicate::sge:
    return a.sge(b);
  case smt::BVCmpPredicate::ult:
    return a.ult(b);
  case smt::BVCmpPredicate::ule:
    return a.ule(b);
  case smt::BVCmpPredicate::ugt:
    return a.ugt(b);
  case smt::BVCmpPredicate::uge:
    return a.uge(b);
  }
  llvm_unreachable("unknown predicate");
}

Numbers coopt::proof::evaluated(ArrayRef<Term> terms, const Numbers &symbols) {
  Numbers values = symbols;
  for (Operation *op : BitTerms::conesOf(terms)) {
    Value result = op->getResult(0);
    if (values.count(result) || (isa<smt::DeclareFunOp>(op) && isa<smt::BitVectorType>(result.getType()))) {
      continue; // a symbol without a value is asked for by what has one
    }
    auto x = [&](unsigned i) { return values.lookup(op->getOperand(i)); };
    auto binary = [&](Binary kind) { return std::optional(folded(kind, x(0), x(1))); };
    auto truth = [](bool holds) { return std::optional(APInt(1, holds)); };
    std::optional<APInt> value =
        llvm::TypeSwitch<Operation *, std::optional<APInt>>(op)
            .Case<smt::BVConstantOp>([](auto of) { return std::optional(of.getValue().getValue()); })
            .Case<smt::BVAddOp>([&](auto) { return binary(Binary::Add); })
            .Case<smt::BVMulOp>([&](auto) { return binary(Binary::Mul); })
            .Case<smt::BVAndOp>([&](auto) { return binary(Binary::And); })
            .Case<smt::BVOrOp>([&](auto) { return binary(Binary::Or); })
            .Case<smt::BVXOrOp>([&](auto) { return binary(Binary::Xor); })
            .Case<smt::BVShlOp>([&](auto) { return binary(Binary::Shl); })
            .Case<smt::BVLShrOp>([&](auto) { return binary(Binary::LShr); })
            .Case<smt::BVAShrOp>([&](auto) { return binary(Binary::AShr); })
            .Case<smt::BVUDivOp>([&](auto) { return binary(Binary::UDiv); })
            .Case<smt::BVSDivOp>([&](auto) { return binary(Binary::SDiv); })
            .Case<smt::BVURemOp>([&](auto) { return binary(Binary::URem); })
            .Case<smt::BVSRemOp>([&](auto) { return binary(Binary::SRem); })
            .Case<smt::BVNegOp>([&](auto) { return std::optional(-x(0)); })
            .Case<smt::ConcatOp>([&](auto) { return std::optional(x(0).concat(x(1))); })
            .Case<smt::RepeatOp>(
                [&](auto of) { return std::optional(APInt::getSplat(BitTerms::widthOf(of), x(0))); })
            .Case<smt::ExtractOp>([&](auto of) {
              return std::optional(x(0).extractBits(BitTerms::widthOf(of), of.getLowBit()));
            })
            .Case<smt::IteOp>([&](auto) { return std::optional(x(0).isZero() ? x(2) : x(1)); })
            .Case<smt::EqOp>([&](auto) { return truth(x(0) == x(1)); })
            .Case<smt::DistinctOp>([&](auto) { return truth(x(0) != x(1)); })
            .Case<smt::BVCmpOp>([&](auto of) { return truth(compared(of.getPred(), x(0), x(1))); })
            .Default([](auto) { return std::nullopt; });
    if (!value) {
      return Numbers();
    }
    values.try_emplace(result, std::move(*value));
  }
  return values;
}

std::optional<Numbers> coopt::proof::randomDifference(BitTerms &terms, ArrayRef<Term> assumptions, Term x,
                                                      Term y) {
  constexpr int kTries = 64;
  SmallVector<Term> all = {x, y};
  all.append(assumptions.begin(), assumptions.end());
  std::mt19937_64 random(1);
  for (int i = 0; i < kTries; ++i) {
    Numbers symbols;
    for (Term term : all) {
      for (Term symbol : terms.symbolsOf(term)) {
        // Small numbers meet more assumptions than others.
        const unsigned width = BitTerms::widthOf(symbol), bits = i % 4 == 3 ? std::min(width, 4u) : width;
        symbols.try_emplace(symbol,
                            APInt(64, random()).zextOrTrunc(std::max(width, 64u)).trunc(bits).zext(width));
      }
    }
    const Numbers values = evaluated(all, symbols);
    if (values.empty()) {
      return std::nullopt;
    }
    if (values.lookup(x) != values.lookup(y) &&
        llvm::none_of(assumptions, [&](Term of) { return values.lookup(of).isZero(); })) {
      return values;
    }
  }
  return std::nullopt;
}
