//===- AttentionInterfaces.h - Tiling and bufferization of attention ops ----===//
#ifndef COOPT_DIALECTS_ATTENTION_IR_ATTENTIONINTERFACES_H
#define COOPT_DIALECTS_ATTENTION_IR_ATTENTIONINTERFACES_H

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace coopt::attention {

/// Gives the dialect's ops the interfaces that are implemented apart from them. Called when the dialect is
/// loaded.
void attachAttentionInterfaces(mlir::MLIRContext *context);

} // namespace coopt::attention

#endif // COOPT_DIALECTS_ATTENTION_IR_ATTENTIONINTERFACES_H
