//===- HuggingFaceLatent.h - Latent attention in config.json ------------------------------===//
#ifndef COOPT_LIB_IMPORT_HUGGINGFACELATENT_H
#define COOPT_LIB_IMPORT_HUGGINGFACELATENT_H

#include "coopt/Import/DecoderConfig.h"
#include "coopt/Support/Json.h"

#include <nlohmann/json.hpp>

namespace coopt::import {

/// Fills config.latent, whose defaults are the family's, and the sizes of heads that follow from it. Errors name the key.
Status readLatentAttention(const JsonValue &root, DecoderConfig &config);

/// The keys that readLatentAttention reads.
void writeLatentAttention(const LatentAttention &latent, nlohmann::ordered_json &json);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_HUGGINGFACELATENT_H
