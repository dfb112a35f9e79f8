//===- BitTermsTest.cpp - Forms of terms against numbers -------------------------===//
//
// What the terms' forms and rewritings say is compared with arithmetic on numbers: random expressions, for random values of their symbols.
//
//===----------------------------------------------------------------------===//
#include "Rewriting.h"
#include "Simulation.h"
#include "coopt/Solver/SmtLib.h"

#include <gtest/gtest.h>
#include <random>

namespace coopt::proof {
namespace {

using llvm::APInt;

/// A term, and its value computed beside it.
struct Pair {
  Term term;
  APInt value;
};

class RandomExpressions {
public:
  RandomExpressions(BitTerms &t, std::mt19937 &random) : t(t), random(random) {}

  Numbers symbols;

  APInt anyValue(unsigned width) {
    // Masks and signs come often.
    switch (random() % 5) {
    case 0:
      return APInt::getSignMask(width);
    case 1:
      return APInt::getLowBitsSet(width, random() % (width + 1));
    default:
      return APInt(64, random()).zextOrTrunc(64).trunc(width);
    }
  }

  Pair make(unsigned width, int depth) {
    if (depth == 0) {
      if (random() % 3 == 0) {
        APInt value = anyValue(width);
        return {t.constant(value), value};
      }
      Term symbol = t.symbol(width, "x");
      symbols[symbol] = anyValue(width);
      return {symbol, symbols[symbol]};
    }
    const int below = static_cast<int>(random() % static_cast<unsigned>(depth));
    switch (random() % 6) {
    case 0: {
      const unsigned split = 1 + random() % width;
      if (split == width) {
        return make(width, below);
      }
      Pair high = make(width - split, below), low = make(split, below);
      return {t.concat(high.term, low.term), high.value.concat(low.value)};
    }
    case 1: {
      const unsigned more = random() % 9, low = random() % (more + 1);
      Pair of = make(width + more, below);
      return {t.extract(of.term, low, width), of.value.extractBits(width, low)};
    }
    case 2: {
      const unsigned narrow = 1 + random() % width;
      const bool isSigned = random() % 2;
      Pair of = make(narrow, below);
      return {t.extended(of.term, width, isSigned), isSigned ? of.value.sext(width) : of.value.zext(width)};
    }
    case 3: {
      Pair a = make(width, below), b = make(width, below), c = make(4, below), d = make(4, below);
      const auto predicate = static_cast<mlir::arith::CmpIPredicate>(random() % 10);
      const bool holds = mlir::arith::applyCmpPredicate(predicate, c.value, d.value);
      return {t.choose(t.compare(predicate, c.term, d.term), a.term, b.term), holds ? a.value : b.value};
    }
    default: {
      const auto kind = static_cast<Binary>(random() % 12);
      Pair a = make(width, below), b = make(width, below);
      return {t.binary(kind, a.term, b.term), folded(kind, a.value, b.value)};
    }
    }
  }

private:
  BitTerms &t;
  std::mt19937 &random;
};

struct Proof : testing::Test {
  mlir::MLIRContext context;
  Proof() { context.loadDialect<mlir::arith::ArithDialect, mlir::smt::SMTDialect>(); }
};

TEST_F(Proof, FormsKeepValues) {
  std::mt19937 random(7);
  for (int i = 0; i < 4000; ++i) {
    SCOPED_TRACE(i);
    BitTerms terms(&context);
    RandomExpressions expressions(terms, random);
    const unsigned width = 1 + random() % 33;
    const Pair pair = expressions.make(width, 5);
    ASSERT_EQ(BitTerms::widthOf(pair.term), width);
    const Numbers values = evaluated(pair.term, expressions.symbols);
    ASSERT_TRUE(values.count(pair.term));
    EXPECT_EQ(values.lookup(pair.term), pair.value);
  }
}

TEST_F(Proof, RewritingsKeepValues) {
  std::mt19937 random(11);
  auto isLemma = [](BitTerms &terms, Term x, Term y) {
    if (x == y) {
      return true;
    }
    const auto answer = solver::checkSmtLib(terms.differ({}, x, y).script, 1);
    return answer && answer->satisfied == solver::Satisfied::No;
  };
  int changed = 0;
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    BitTerms terms(&context);
    RandomExpressions expressions(terms, random);
    // A product of codes that had a bit flipped, in more bits.
    const Pair a = expressions.make(4 + random() % 5, 2), b = expressions.make(8, 2);
    const unsigned width = BitTerms::widthOf(a.term);
    const APInt sign = APInt::getSignMask(width);
    Term flipped = terms.binary(Binary::Xor, a.term, terms.constant(sign));
    Term product = terms.mul(terms.extended(flipped, 16, false), terms.extended(b.term, 16, true));
    const APInt value = (a.value ^ sign).zext(16) * b.value.sext(16);
    for (const bool bits : {false, true}) {
      Rewriting rewriting(terms, [&](Term x, Term y) { return isLemma(terms, x, y); }, bits);
      Term other = rewriting.rewritten(product);
      changed += other != product;
      const Numbers values = evaluated(other, expressions.symbols);
      ASSERT_TRUE(values.count(other));
      EXPECT_EQ(values.lookup(other), value);
    }
  }
  EXPECT_GT(changed, 50);
}

} // namespace
} // namespace coopt::proof
