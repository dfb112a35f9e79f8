//===- Passes.h - Passes on the host program ---------------------------------===//
#ifndef COOPT_DIALECTS_PROGRAM_TRANSFORMS_PASSES_H
#define COOPT_DIALECTS_PROGRAM_TRANSFORMS_PASSES_H

#include "dialects/Program/IR/Program.h"

#include "mlir/Pass/Pass.h"

namespace coopt::program {

/// Places every program.alloc of the entry in the arena (its `offset`) and sets the entry's `arena_bytes`.
/// Buffers whose lives overlap do not overlap in space; the larger a buffer, the earlier it is placed, each
/// at the lowest offset that is free (first fit by decreasing size). Plans made before are replaced. Errors:
/// an extent without a bound, an arena of more than 2^63 - 1 bytes.
mlir::LogicalResult planArena(EntryOp entry);

/// planArena as a pass on program.entry: coopt-program-plan-arena.
std::unique_ptr<mlir::Pass> createPlanArenaPass();

/// Registers the dialect's passes with coopt-opt and textual pipelines.
void registerProgramPasses();

} // namespace coopt::program

#endif // COOPT_DIALECTS_PROGRAM_TRANSFORMS_PASSES_H
