//===- HuggingFace.h - A Hugging Face model directory to model IR -------------===//
//
// The import phase. A directory with config.json, one or several *.safetensors and tokenizer.json becomes a
// module: one model.parameter a tensor (weights stay in their files), and the entry points
//
//   @forward(tokens i32[tokens], state) -> logits f32[outputs, vocabulary], state
//            sizes: tokens in [1, chunk], outputs in [1, chunk] (the last `outputs` tokens of the chunk),
//            past
//   @score(logits f32[outputs, vocabulary], targets i32[outputs]) -> nll f32[outputs]
//   @sample(logits f32[1, vocabulary], temperature f32[1], random f32[1]) -> token i32[1]
//
// Every op carries its path in the model as `coopt.id`, "layers.0/self_attn/q_proj".
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_HUGGINGFACE_H
#define COOPT_IMPORT_HUGGINGFACE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace coopt::import {

struct ImportOptions {
  /// Most tokens of one call of @forward: bounds the arena. At least 1.
  int64_t chunk = 64;
  /// Positions that the state holds; 0: the model's max_position_embeddings.
  int64_t context = 0;
};

/// Imports `directory`; the dialects of the phases must be loaded in `context` (insertPhaseDialects). Errors
/// are emitted as diagnostics of `context` with file and place; failure is returned.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importHuggingFace(mlir::MLIRContext *context, const std::string &directory, const ImportOptions &options);

/// The same for a GGUF file (Gguf.h).
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importGguf(mlir::MLIRContext *context, const std::string &file, const ImportOptions &options);

} // namespace coopt::import

#endif // COOPT_IMPORT_HUGGINGFACE_H
