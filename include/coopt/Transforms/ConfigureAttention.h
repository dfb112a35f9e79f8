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
};

/// Gives all attention states of the module the element (of KIVI with groups of 32 positions and a residual for the largest
/// append of its entries), and all attention.attend the numerics. Errors are
/// diagnostics: a name that is not known.
mlir::LogicalResult configureAttention(mlir::ModuleOp module, const AttentionOptions &options);

/// Registers coopt-configure-attention{kv=NAME attention=NAME}.
void registerConfigureAttentionPass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_CONFIGUREATTENTION_H
