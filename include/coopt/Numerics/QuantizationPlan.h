//===- QuantizationPlan.h - Which weight is stored how --------------------===//
//
// What `--quantize=` says: one name for all (QuantizationScheme.h), or a JSON file with
//
//   a format of one's own (BlockFormatJson.h), for all weights under float activations; or
//   { "quantize": STORAGE, ["rules": [ { "match": "layers.*/mlp/*", "quantize": STORAGE }, .. ]] }
//
// where STORAGE is "f32", a name of the grammar, or { "format": {..}, ["activations": 8 | 16] } with a format of one's own.
// Rules are tried in their order; the first one whose pattern matches the id of a contraction (coopt.id:
// "layers.0/self_attn/q_proj", "lm_head") decides. Patterns are globs: *, ?, [..].
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_QUANTIZATIONPLAN_H
#define COOPT_NUMERICS_QUANTIZATIONPLAN_H

#include "coopt/Numerics/QuantizationScheme.h"

namespace coopt::numerics {

struct QuantizationRule {
  std::string pattern;
  std::optional<QuantizationScheme> scheme; ///< none: float
};

struct QuantizationPlan {
  std::optional<QuantizationScheme> scheme; ///< where no rule matches; none: float
  std::vector<QuantizationRule> rules;
};

/// `text` is "f32", a name of the grammar, or the name of a JSON file (it ends in .json). Errors: those of the name, or
/// with the file's name and the place in it.
Expected<QuantizationPlan> readQuantizationPlan(const std::string &text);
/// The plan that a JSON text holds; `name` begins messages.
Expected<QuantizationPlan> parseQuantizationPlan(std::string_view json, const std::string &name);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_QUANTIZATIONPLAN_H
