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

  /// The first layers are dense, of the others every moe_layer_freq-th is not.
  void denseFirst() {
    int64_t first = 0, step = 1;
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
