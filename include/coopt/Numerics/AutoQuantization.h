//===- AutoQuantization.h - Formats that a budget decides about -------------===//
//
//   auto:KEY=VALUE[,KEY=VALUE ..]      auto:size=300M   auto:size=4.5bits,of=w8a8+w4a8-g128   auto:size=2G,latency=30ms
//
//   size=300M      bytes of all parameters that the model reads, as they are stored (K, M, G, T: of 1024)
//   size=4.5bits   bits of a weight on average, scales and zeros included, over the weights that formats are chosen for
//   latency=5ms    time of one token's contractions with these weights by the cost model of the machine (s, ms, us)
//   of=NAME+NAME   the formats to choose from, "f32" or names of the grammar (QuantizationScheme.h); without it w2 to w8 with float
//                  activations, -g32-asym
//
// One limit at least. What each contraction gets is for the compress phase to say, which knows the weights.
//
// Losses that were measured are a JSON file, for each op id the loss of each format:
//
//   { "layers.0/mlp/gate_proj": { "w4a16-g32-asym": 0.0021, "w8a16-g32-asym": 0.00001 }, .. }
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_AUTOQUANTIZATION_H
#define COOPT_NUMERICS_AUTOQUANTIZATION_H

#include "coopt/Numerics/QuantizationScheme.h"

#include <map>
#include <optional>
#include <vector>

namespace coopt::numerics {

struct AutoQuantization {
  std::string text; ///< as it was written
  // Positive.
  std::optional<double> bytes, bitsPerWeight, seconds;
  std::vector<std::optional<QuantizationScheme>>
      of; ///< one at least, all different, of one kind of activations; none: float
};

/// Whether the text is meant to be one: it begins with "auto:".
bool isAutoQuantization(std::string_view text);
/// Errors: "quantisation 'auto:size=3Q': expected a size such as 300M or 4.5bits, got '3Q'".
Expected<AutoQuantization> parseAutoQuantization(std::string_view text);

/// Losses by op id.
class Sensitivities {
public:
  /// Errors name the file and the place in it.
  static Expected<Sensitivities> read(const std::string &path);
  static Expected<Sensitivities> parse(std::string_view json, const std::string &name);

  /// Errors: none for this op and format.
  Expected<double> lossOf(const std::string &opId, const std::optional<QuantizationScheme> &format) const;

private:
  std::string name;
  std::map<std::string, std::vector<std::pair<std::optional<QuantizationScheme>, double>>> losses;
};

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_AUTOQUANTIZATION_H
