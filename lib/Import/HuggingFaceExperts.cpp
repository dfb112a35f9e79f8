#include "HuggingFaceExperts.h"

#include "ConfigLimits.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::import;

namespace {

class ExpertsReader : JsonReader {
public:
  ExpertsReader(const JsonValue &root, const HuggingFaceFamily &family, DecoderConfig &config)
      : root(root), keys(*family.experts), config(config), experts(config.experts) {}

  Status read() {
    integer(keys.count, 1, maximumExperts, experts.count);
    integer("num_experts_per_tok", 1, maximumExperts, experts.perToken);
    integer(keys.size, 1, maximumWidth, experts.intermediateSize);
    if (status && experts.perToken > experts.count) {
      mistake(root["num_experts_per_tok"].expected("at most " + std::to_string(experts.count) +
                                                   " experts a token"));
    }
    if (keys.renormalise && !root["norm_topk_prob"].isNull()) {
      take(root["norm_topk_prob"].boolean(), experts.renormalise);
    }
    shared();
    only("scoring_func", experts.scores == ExpertsConfig::Scores::Sigmoid ? "sigmoid" : "softmax");
    if (keys.groups != ExpertKeys::Groups::None) {
      routing();
    }
    experts.layers.assign(static_cast<size_t>(config.layers), true);
    if (keys.denseFirst) {
      denseFirst();
    }
    if (keys.sparseStep) {
      sparseStep();
    }
    return status;
  }

private:
  /// A missing key (or null) keeps what `out` holds.
  void integer(const char *key, int64_t minimum, int64_t maximum, int64_t &out) {
    if (!root[key].isNull()) {
      take(root[key].integer(minimum, maximum), out);
    } else if (out < minimum) {
      mistake(root[key].expected("an integer"));
    }
  }

  void shared() {
    if (keys.sharedSize) {
      integer(keys.sharedSize, 0, maximumWidth, experts.sharedIntermediateSize);
    }
    if (keys.sharedCount) {
      int64_t count = keys.defaultSharedCount;
      integer(keys.sharedCount, 0, maximumExperts, count);
      experts.sharedIntermediateSize = count * experts.intermediateSize;
      if (status && experts.sharedIntermediateSize > maximumWidth) {
        mistake(root[keys.sharedCount].error("shared experts of more than " + std::to_string(maximumWidth) +
                                             " channels"));
      }
    }
  }

  /// A missing key is as one with the only value that is known.
  void only(const char *key, const char *value) {
    if (!root[key].isNull() && root[key].raw() != value) {
      mistake(root[key].expected("'" + std::string(value) + "'"));
    }
  }

  void routing() {
    bool hasGroups = keys.groups == ExpertKeys::Groups::Always;
    if (hasGroups) {
      only("topk_method", "noaux_tc");
    } else {
      JsonValue method = root["topk_method"];
      hasGroups = method.raw() == "group_limited_greedy";
      if (!hasGroups && !method.isNull() && method.raw() != "greedy") {
        mistake(method.expected("'greedy' or 'group_limited_greedy'"));
      }
      // The model's first implementation divides weights by their sum and does not scale them, that of the
      // transformers library scales them only; published models agree in that it is false.
      JsonValue renormalise = root["norm_topk_prob"];
      if (!renormalise.isNull() && renormalise.raw() != false) {
        mistake(renormalise.expected("false, as implementations of true differ"));
      }
    }
    if (!root["routed_scaling_factor"].isNull()) {
      take(root["routed_scaling_factor"].number(1e-6, 1e6), experts.scale);
    }
    if (hasGroups) {
      groups();
    }
  }

  void groups() {
    const bool byTwoBest = experts.groupsByTwoBest;
    // Of V2's files those with groups say how many there are.
    bool isGiven = keys.groups == ExpertKeys::Groups::ByMethod;
    for (auto [key, out] : {std::pair("n_group", &experts.groups), {"topk_group", &experts.keptGroups}}) {
      if (isGiven || !root[key].isMissing()) {
        take(root[key].integer(1, maximumExperts), *out);
      }
    }
    if (!status) {
      return;
    }
    int64_t size = experts.count / experts.groups;
    if (experts.count % experts.groups != 0) {
      mistake(root["n_group"].expected("a divisor of " + std::string(keys.count) + " (" +
                                       std::to_string(experts.count) + ")"));
    } else if (byTwoBest && experts.groups > 1 && size < 2) {
      mistake(root["n_group"].expected("groups of two experts at least, as their two best rank them"));
    } else if (experts.keptGroups > experts.groups) {
      mistake(root["topk_group"].expected("at most n_group (" + std::to_string(experts.groups) + ")"));
    } else if (experts.perToken > experts.keptGroups * size) {
      // Experts of other groups are excluded outright.
      mistake(root["num_experts_per_tok"].expected("at most the " +
                                                   std::to_string(experts.keptGroups * size) +
                                                   " experts of the groups that are kept"));
    }
    experts.groupsByTwoBest = byTwoBest && experts.groups > 1;
  }

  /// The first layers are dense, of the others every moe_layer_freq-th is not. (The transformers library reads no
  /// moe_layer_freq; it is 1 in published files.)
  void denseFirst() {
    int64_t first = keys.defaultDense, step = 1;
    integer("first_k_dense_replace", 0, maximumLayers, first);
    integer("moe_layer_freq", 1, maximumLayers, step);
    for (int64_t layer = 0; layer < config.layers; ++layer) {
      experts.layers[static_cast<size_t>(layer)] = layer >= first && layer % step == 0;
    }
  }

  /// Every decoder_sparse_step-th layer that mlp_only_layers does not name.
  void sparseStep() {
    int64_t step = 1;
    integer("decoder_sparse_step", 1, maximumLayers, step);
    for (int64_t layer = 0; layer < config.layers; ++layer) {
      experts.layers[static_cast<size_t>(layer)] = (layer + 1) % step == 0;
    }
    JsonValue dense = root["mlp_only_layers"];
    if (!dense.isNull()) {
      forEach(dense, [&](const JsonValue &number) {
        int64_t layer = 0;
        take(number.integer(0, config.layers - 1), layer);
        experts.layers[static_cast<size_t>(layer)] = false;
      });
    }
  }

  const JsonValue &root;
  const ExpertKeys &keys;
  DecoderConfig &config;
  ExpertsConfig &experts;
};

} // namespace

Status import::readExperts(const JsonValue &root, const HuggingFaceFamily &family, DecoderConfig &config) {
  return ExpertsReader(root, family, config).read();
}

void import::writeExperts(const HuggingFaceFamily &family, const DecoderConfig &config,
                          nlohmann::ordered_json &json) {
  const ExpertKeys &keys = *family.experts;
  const ExpertsConfig &experts = config.experts;
  json[keys.count] = experts.count;
  json["num_experts_per_tok"] = experts.perToken;
  json[keys.size] = experts.intermediateSize;
  if (keys.renormalise) {
    json["norm_topk_prob"] = experts.renormalise;
  }
  if (keys.sharedSize) {
    json[keys.sharedSize] = experts.sharedIntermediateSize;
  }
  if (keys.sharedCount) {
    json[keys.sharedCount] = experts.sharedIntermediateSize / experts.intermediateSize;
  }
  if (keys.groups != ExpertKeys::Groups::None) {
    json["n_group"] = experts.groups;
    json["topk_group"] = experts.keptGroups;
    json["routed_scaling_factor"] = experts.scale;
    bool always = keys.groups == ExpertKeys::Groups::Always;
    json["scoring_func"] = always ? "sigmoid" : "softmax";
    json["topk_method"] = always ? "noaux_tc" : experts.groups > 1 ? "group_limited_greedy" : "greedy";
  }
  auto first = std::find(experts.layers.begin(), experts.layers.end(), true);
  if (keys.denseFirst) {
    json["first_k_dense_replace"] = first - experts.layers.begin();
    json["moe_layer_freq"] = 1;
  }
  if (keys.sparseStep) {
    json["decoder_sparse_step"] = 1;
    json["mlp_only_layers"] = nlohmann::ordered_json::array();
    for (size_t layer = 0; layer < experts.layers.size(); ++layer) {
      if (!experts.layers[layer]) {
        json["mlp_only_layers"].push_back(layer);
      }
    }
  }
}
