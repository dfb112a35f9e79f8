//===- Passes.h - Proofs about code that was emitted --------------------------===//
//
// coopt-prove-equal: functions of arith, math, vector, memref, scf and amx ops are run on terms of bit vectors, in MLIR's smt dialect, beside their
// definitions, and Z3 is asked for inputs for which one number differs. See python-free-docs/proofs.md.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PROOF_PASSES_H
#define COOPT_PROOF_PASSES_H

namespace coopt {

void registerProofPasses();

} // namespace coopt

#endif // COOPT_PROOF_PASSES_H
