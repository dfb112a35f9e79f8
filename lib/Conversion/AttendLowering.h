//===- AttendLowering.h - attention.attend as loops -------------------------===//
#ifndef COOPT_LIB_CONVERSION_ATTENDLOWERING_H
#define COOPT_LIB_CONVERSION_ATTENDLOWERING_H

#include "Chunks.h"
#include "CodedState.h"
#include "coopt/Conversion/Passes.h"
#include "dialects/Attention/IR/Attention.h"

namespace coopt {

/// The slab of the state's buffer that holds the keys of a key/value head; the values lie `heads` slabs
/// behind.
mlir::Value emitKeySlab(mlir::ImplicitLocOpBuilder &b, int64_t layer, int64_t heads, mlir::Value head);

/// Keys or values of a chunk, widened to f32; `indices` address the first in the state's buffer.
mlir::Value loadState(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value state,
                      mlir::ValueRange indices);

/// Query heads that share keys go together: calls `body` with the slab of their keys and, within q, the first
/// of them and the one behind the last.
void forHeadGroups(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op,
                   llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value slab, mlir::Value first,
                                           mlir::Value last)>
                       body);
/// Calls `body` for runs of rows 0 .. rows - 1 whose queries see a state alike, with the first and the one behind the
/// last: one run, or, with a residual, the rows of one block each; `boundary` is where that begins.
void forRowsAlike(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op, mlir::Value rows,
                  llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value first, mlir::Value last,
                                          mlir::Value boundary)>
                      body);

/// The state of an attend if it is one of codes.
std::optional<CodedState> codedStateOf(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op);

/// The most query heads of a group that q can have.
int64_t headsOfGroup(attention::AttendOp op);

/// Emits an attend on memrefs of unit inner stride. A fast one has fused sums where there are such, and goes
/// through the matrix unit where there is one and several rows or heads share keys.
void emitAttend(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op, Isa isa);
void emitMatrixUnitAttend(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_ATTENDLOWERING_H
