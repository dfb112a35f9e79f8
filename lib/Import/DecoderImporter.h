//===- DecoderImporter.h - The forward pass of dense decoders ---------------------===//
#ifndef COOPT_LIB_IMPORT_DECODERIMPORTER_H
#define COOPT_LIB_IMPORT_DECODERIMPORTER_H

#include "coopt/Import/DecoderConfig.h"
#include "coopt/Import/HuggingFace.h"

namespace coopt::import {

/// Adds the model's parameters and @forward to `module`; `weights` holds the tensors that the configuration
/// asks for (checkDecoderTensors).
void importDecoder(mlir::ModuleOp module, const DecoderConfig &config, const TensorFiles &weights,
                   const ImportOptions &options);

/// Adds @score and @sample for logits over `vocabulary` tokens.
void addSamplingEntries(mlir::ModuleOp module, int64_t vocabulary, int64_t chunk);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_DECODERIMPORTER_H
