//===- Passes.h - Passes on the host program ---------------------------------===//
#ifndef COOPT_DIALECTS_PROGRAM_TRANSFORMS_PASSES_H
#define COOPT_DIALECTS_PROGRAM_TRANSFORMS_PASSES_H

#include "dialects/Program/IR/Program.h"

#include "mlir/Pass/Pass.h"

namespace coopt::program {

struct ArenaPlan {
  uint64_t bytes = 0;
  uint64_t bound =
      0; ///< what is used at a time at most, by buffers rounded up to 64 bytes: no plan takes less
};

/// Places every program.alloc of the entry in the arena (its `offset`) and sets the entry's `arena_bytes`.
/// Buffers whose lives overlap do not overlap in space. First fit in several orders, the larger a buffer, the earlier, before
/// others; where none of them takes but the bound, the solver is asked (Solver/Placement.h). Plans made before are replaced. Errors:
/// an extent without a bound, buffers that are together larger than 2^63 - 1 bytes.
mlir::FailureOr<ArenaPlan> planArena(EntryOp entry);

/// planArena as a pass on program.entry: coopt-program-plan-arena.
std::unique_ptr<mlir::Pass> createPlanArenaPass();

/// Registers the dialect's passes with coopt-opt and textual pipelines.
void registerProgramPasses();

} // namespace coopt::program

#endif // COOPT_DIALECTS_PROGRAM_TRANSFORMS_PASSES_H
