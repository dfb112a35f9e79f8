//===- Simulation.h - Terms for some inputs -----------------------------------------===//
#ifndef COOPT_LIB_PROOF_SIMULATION_H
#define COOPT_LIB_PROOF_SIMULATION_H

#include "BitTerms.h"

namespace coopt::proof {

using Numbers = llvm::DenseMap<Term, llvm::APInt>;

/// Values of all that `terms` need, for values of their symbols; empty if they have functions of which nothing is known.
Numbers evaluated(llvm::ArrayRef<Term> terms, const Numbers &symbols);

/// Values of symbols for which the assumptions hold and `x` is not `y`, if some of a few random ones are such: what is
/// wrong is often wrong everywhere, while a solver would have to find its way through the sums.
std::optional<Numbers> randomDifference(BitTerms &terms, llvm::ArrayRef<Term> assumptions, Term x, Term y);

} // namespace coopt::proof

#endif // COOPT_LIB_PROOF_SIMULATION_H
