#include "HuggingFaceLatent.h"

#include "ConfigLimits.h"

using namespace coopt;
using namespace coopt::import;

namespace {

class LatentReader : JsonReader {
public:
  LatentReader(const JsonValue &root, DecoderConfig &config)
      : root(root), config(config), latent(config.latent) {}

  Status read() {
    // null is another thing than no key: queries that are projected at once.
    if (JsonValue rank = root["q_lora_rank"]; rank.isNull() && !rank.isMissing()) {
      latent.queryRank = 0;
    } else {
      integer("q_lora_rank", maximumWidth, latent.queryRank);
    }
    integer("kv_lora_rank", maximumWidth, latent.keyValueRank);
    integer("qk_nope_head_dim", maximumHeadSize, latent.unturned);
    integer("qk_rope_head_dim", maximumHeadSize, latent.turned);
    integer("v_head_dim", maximumHeadSize, latent.valueSize);
    if (!status) {
      return status;
    }
    heads();
    return status;
  }

private:
  /// A missing key (or null) keeps what `out` holds.
  void integer(const char *key, int64_t maximum, int64_t &out) {
    if (!root[key].isNull()) {
      take(root[key].integer(1, maximum), out);
    }
  }

  void heads() {
    config.headSize = latent.keySize();
    if (config.keyValueHeads != config.heads) {
      mistake(root["num_key_value_heads"].expected("num_attention_heads (" + std::to_string(config.heads) +
                                                   "), as each head has its own key"));
    }
    if (latent.turned % 2 != 0) {
      mistake(root["qk_rope_head_dim"].expected("an even size, as rotary embeddings turn pairs"));
    }
    if (config.headSize % 2 != 0 || config.headSize > maximumHeadSize) {
      mistake(root["qk_nope_head_dim"].error(
          "keys of " + std::to_string(config.headSize) +
          " elements with those of qk_rope_head_dim, expected an even size up to " +
          std::to_string(maximumHeadSize)));
    }
    if (latent.valueSize > config.headSize) {
      mistake(root["v_head_dim"].expected("at most the size of a key (" + std::to_string(config.headSize) +
                                          ") in this version"));
    }
  }

  const JsonValue &root;
  DecoderConfig &config;
  LatentAttention &latent;
};

} // namespace

Status import::readLatentAttention(const JsonValue &root, DecoderConfig &config) {
  return LatentReader(root, config).read();
}

void import::writeLatentAttention(const LatentAttention &latent, nlohmann::ordered_json &json) {
  json["q_lora_rank"] =
      latent.queryRank > 0 ? nlohmann::ordered_json(latent.queryRank) : nlohmann::ordered_json(nullptr);
  json["kv_lora_rank"] = latent.keyValueRank;
  json["qk_nope_head_dim"] = latent.unturned;
  json["qk_rope_head_dim"] = latent.turned;
  json["v_head_dim"] = latent.valueSize;
}
