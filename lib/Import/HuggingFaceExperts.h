//===- HuggingFaceExperts.h - Mixtures of experts in config.json --------------------------===//
#ifndef COOPT_LIB_IMPORT_HUGGINGFACEEXPERTS_H
#define COOPT_LIB_IMPORT_HUGGINGFACEEXPERTS_H

#include "HuggingFaceFamilies.h"
#include "coopt/Support/Json.h"

#include <nlohmann/json.hpp>

namespace coopt::import {

/// Fills config.experts, whose defaults are the family's. Errors name the key.
Status readExperts(const JsonValue &root, const HuggingFaceFamily &family, DecoderConfig &config);

/// The keys that readExperts reads.
void writeExperts(const HuggingFaceFamily &family, const DecoderConfig &config, nlohmann::ordered_json &json);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_HUGGINGFACEEXPERTS_H
