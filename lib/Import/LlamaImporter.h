//===- LlamaImporter.h - The forward pass of Llama models ------------------------------===//
#ifndef COOPT_LIB_IMPORT_LLAMAIMPORTER_H
#define COOPT_LIB_IMPORT_LLAMAIMPORTER_H

#include "coopt/Import/HuggingFace.h"
#include "coopt/Import/HuggingFaceConfig.h"
#include "coopt/Import/Safetensors.h"

namespace coopt::import {

/// Adds the model's parameters and @forward to `module`; `weights` holds the tensors that the configuration
/// asks for (checkLlamaTensors).
void importLlama(mlir::ModuleOp module, const LlamaConfig &config, const SafetensorsModel &weights,
                 const ImportOptions &options);

/// Adds @score and @sample for logits over `vocabulary` tokens.
void addSamplingEntries(mlir::ModuleOp module, int64_t vocabulary, int64_t chunk);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_LLAMAIMPORTER_H
