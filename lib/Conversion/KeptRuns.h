//===- KeptRuns.h - Which of a run's kept numbers is at a place --------------===//
//
// In a run of `of` blocks under a pattern, what is kept of a row comes in order: the one of a block has as many before it as the row
// keeps blocks before that. For places that are known when the code runs.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_KEPTRUNS_H
#define COOPT_LIB_CONVERSION_KEPTRUNS_H

#include "Chunks.h"

namespace coopt {

/// The sum of `keptAt` (an index: what is kept of a block) over the blocks of a run before `place`, an index below `of`.
mlir::Value emitKeptBefore(mlir::ImplicitLocOpBuilder &b, int64_t of, mlir::Value place,
                           llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::Value)> keptAt);

/// In each of 16 rows, the one of a run's `kept` vectors that is kept at `place`, zero where none is. `maskAt` gives the rows that
/// keep a block (16 x i1), `vectorAt` vector 0 .. kept - 1 of the run, all of one type.
mlir::Value emitKeptInRows(mlir::ImplicitLocOpBuilder &b, int64_t of, int64_t kept, mlir::Value place,
                           llvm::function_ref<mlir::Value(mlir::Value)> maskAt,
                           llvm::function_ref<mlir::Value(int64_t)> vectorAt);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_KEPTRUNS_H
