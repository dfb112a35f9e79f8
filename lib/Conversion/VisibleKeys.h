//===- VisibleKeys.h - Which keys attention goes through ---------------------===//
//
// A row at position p sees the keys first .. p, and with sinks, where the window does not reach them, 0 .. sinks - 1
// before those (coopt/Numerics/FixedAttention.h). Rows go through the keys in blocks: those of the sinks, then those of the
// window. What lies between is neither read nor computed.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_VISIBLEKEYS_H
#define COOPT_LIB_CONVERSION_VISIBLEKEYS_H

#include "dialects/Attention/IR/Attention.h"

namespace coopt {

/// The keys [0, sinks) and [first, count).
struct VisibleKeys {
  mlir::Value sinks; ///< null where the attention has none
  mlir::Value first, count;
};

/// A block of keys of one of the two spans; both values count from the key `base`.
struct KeyBlock {
  mlir::Value base;
  mlir::Value end;     ///< the key behind the last of the span, seen by some row
  mlir::Value ofSinks; ///< i1, null where the attention has no sinks
};

/// What the rows at positions `first` to `last` see, one or the other.
VisibleKeys visibleKeys(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op, mlir::Value first,
                        mlir::Value last);

/// Walks through `keys` in blocks of `size`, the first one of the window at a multiple of `alignment`.
void forKeyBlocks(mlir::ImplicitLocOpBuilder &b, const VisibleKeys &keys, int64_t size, int64_t alignment,
                  llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, const KeyBlock &)> body);

/// The keys of a block of `size` that are among `keys`: from .. to - 1, counted from the block's base; none if from >= to.
std::pair<mlir::Value, mlir::Value> keysOfBlock(mlir::ImplicitLocOpBuilder &b, const VisibleKeys &keys,
                                                const KeyBlock &block, int64_t size);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_VISIBLEKEYS_H
