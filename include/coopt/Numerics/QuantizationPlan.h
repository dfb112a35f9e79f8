//===- QuantizationPlan.h - Which weight is stored how --------------------===//
//
// What `--quantize=` says: one name for all (QuantizationScheme.h), a budget that decides about all (AutoQuantization.h), or a JSON file with
//
//   a format of one's own (BlockFormatJson.h), for all weights under float activations; or
//   { "quantize": STORAGE, ["rules": [ RULE, .. ]] }
//
// where RULE is { "match": "layers.*/mlp/*", "quantize": STORAGE } or { "match": .., "bits": 4.5, "of": [ STORAGE, .. ] } and
// STORAGE is "f32", a name of the grammar, or { "format": {..}, ["activations": 8 | 16] } with a format of one's own.
// Rules are tried in their order; the first one whose pattern matches the id of a contraction (coopt.id:
// "layers.0/self_attn/q_proj", "lm_head") decides. Patterns are globs: *, ?, [..].
//
// A contraction by experts, "layers.0/mlp/experts/gate_proj", has an id for each expert besides: "layers.0/mlp/experts/5/gate_proj".
// A pattern that names experts (an "experts/" in it is followed by another "/") is tried on these, too, and decides for the
// experts whose id it matches; a pattern that matches the contraction's own id decides for all that no earlier rule has.
//
// A rule with "bits" is a budget, for experts alone: each expert gets one of the formats, and the stored bits per weight of all
// experts that the rule decides for are at most that many on average.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_QUANTIZATIONPLAN_H
#define COOPT_NUMERICS_QUANTIZATIONPLAN_H

#include "coopt/Numerics/AutoQuantization.h"
#include "coopt/Numerics/QuantizationScheme.h"

namespace coopt::numerics {

struct QuantizationBudget {
  double bits = 0;                                   ///< positive
  std::vector<std::optional<QuantizationScheme>> of; ///< one at least; none: float
};

struct QuantizationRule {
  std::string pattern;
  std::optional<QuantizationScheme> scheme; ///< none: float
  std::optional<QuantizationBudget> budget; ///< in place of the scheme
};

/// "f32" or the scheme's name.
std::string storageName(const std::optional<QuantizationScheme> &scheme);
/// Whether a pattern is for single experts, as said above.
bool namesExperts(const std::string &pattern);
/// The id of one expert's part of a contraction by experts: its number becomes the last name but one.
std::string expertId(const std::string &id, int64_t expert);

struct QuantizationPlan {
  std::optional<QuantizationScheme> scheme; ///< where no rule matches; none: float
  std::vector<QuantizationRule> rules;
  std::optional<AutoQuantization> automatic; ///< decides all: there are no rules then, and no scheme
};

/// `text` is "f32", a name of the grammar, auto:.., or the name of a JSON file (it ends in .json). Errors: those of the name, or
/// with the file's name and the place in it.
Expected<QuantizationPlan> readQuantizationPlan(const std::string &text);
/// The plan that a JSON text holds; `name` begins messages.
Expected<QuantizationPlan> parseQuantizationPlan(std::string_view json, const std::string &name);

/// The pattern that matches this id and no other.
std::string patternOf(const std::string &id);
/// The JSON text of a plan of names, a rule a line, which parseQuantizationPlan reads back; formats of one's own and budgets are not in it.
std::string toJson(const QuantizationPlan &plan);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_QUANTIZATIONPLAN_H
