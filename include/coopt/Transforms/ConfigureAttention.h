//===- ConfigureAttention.h - How attention is stored and computed ----------------------===//
#ifndef COOPT_TRANSFORMS_CONFIGUREATTENTION_H
#define COOPT_TRANSFORMS_CONFIGUREATTENTION_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace coopt {

/// Empty: as the module has it.
struct AttentionOptions {
  std::string element;  ///< of keys and values: "f32", "f16", "bf16", "int8", "kivi4" or "kivi2"
  std::string numerics; ///< "fixed" or "fast" (attention.attend says what they mean)
  /// Of attention that has no window: how many of the last keys a row sees, and of the first; 0: all, and none.
  int64_t window = 0, sinks = 0;
};

/// Gives all attention states of the module the element (of KIVI with groups of 32 positions and a residual for the largest
/// append of its entries), all attention.attend the numerics, and those that see all keys the window. Errors are
/// diagnostics: a name that is not known, a number that is negative or more than 2^31 - 1, sinks without a window.
mlir::LogicalResult configureAttention(mlir::ModuleOp module, const AttentionOptions &options);

/// Registers coopt-configure-attention{kv=NAME attention=NAME window=N sinks=N}.
void registerConfigureAttentionPass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_CONFIGUREATTENTION_H
