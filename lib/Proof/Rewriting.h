//===- Rewriting.h - Terms as sums of products ----------------------------------===//
//
// Solvers decide sums of products by comparing multipliers bit by bit, which takes for ever from some four products on, unless both sides have the same
// products. So terms are brought to that form: what is computed in bytes and words and then extended becomes what is
// computed in the extended width, codes with a flipped bit become sums, and choices of a number or zero products. Each step is a lemma that is proven
// before it is taken: by itself (for any operands), or for the operands at hand.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_PROOF_REWRITING_H
#define COOPT_LIB_PROOF_REWRITING_H

#include "BitTerms.h"

namespace coopt::proof {

class Rewriting {
public:
  /// `isEqual` proves a lemma, or says no. With `bits`, factors of few bits become sums of their bits.
  Rewriting(BitTerms &terms, std::function<bool(Term, Term)> isEqual, bool bits)
      : t(terms), isEqual(std::move(isEqual)), hasBits(bits) {}

  /// A term equal to `term`, which may be itself.
  Term rewritten(Term term);

private:
  BitTerms &t;
  std::function<bool(Term, Term)> isEqual;
  bool hasBits;
  llvm::DenseMap<Term, Term> known;

  Term rebuilt(mlir::Operation *op);
  /// Each gives `term` itself where it has nothing to say.
  Term ofConcat(Term term);
  Term ofExtract(Term term);
  Term ofChoice(Term term);
  Term factor(Term term);
  Term widened(Term term, unsigned width);
};

} // namespace coopt::proof

#endif // COOPT_LIB_PROOF_REWRITING_H
