//===- HuggingFaceConfig.h - config.json of a model directory --------------------===//
#ifndef COOPT_IMPORT_HUGGINGFACECONFIG_H
#define COOPT_IMPORT_HUGGINGFACECONFIG_H

#include "coopt/Import/DecoderConfig.h"

#include <string_view>

namespace coopt::import {

/// Reads PATH/config.json, or the file PATH. Families: llama, mistral, qwen2, qwen3, gemma, gemma2, phi, and with
/// experts mixtral, qwen2_moe, qwen3_moe, olmoe, deepseek, deepseek_v2, deepseek_v3; the defaults of absent keys are
/// those of Hugging Face's configurations of the family. Not Hugging Face's is coopt_noise_seed (16 hexadecimal digits): DecoderConfig::noiseSeed.
/// Errors begin with file and JSON path: syntax, missing or mistyped keys, sizes beyond a limit (which they
/// name), an architecture that is not known (with those that are), and what this version does not compute: every
/// key that changes a model's meaning and is not understood, other kinds of activation and RoPE scaling, and
/// of quantisation (StoredMatrix.h).
Expected<DecoderConfig> readHuggingFaceConfig(const std::string &path);
/// The same from text; `name` stands for the file in messages.
Expected<DecoderConfig> parseHuggingFaceConfig(std::string_view text, const std::string &name);

/// The model_types that are read.
std::vector<std::string> huggingFaceFamilies();

/// A configuration with what the family has by default (norm, biases, activation, tied head, names); sizes are 0.
/// `family` is one of huggingFaceFamilies().
DecoderConfig huggingFaceDefaults(const std::string &family);

} // namespace coopt::import

#endif // COOPT_IMPORT_HUGGINGFACECONFIG_H
