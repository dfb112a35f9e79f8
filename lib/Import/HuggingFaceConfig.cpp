#include "coopt/Import/HuggingFaceConfig.h"
#include "ConfigLimits.h"
#include "HuggingFaceExperts.h"
#include "HuggingFaceFamilies.h"
#include "HuggingFaceLatent.h"
#include "coopt/Import/StoredMatrix.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/MappedFile.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;

namespace {

constexpr size_t maximumConfigBytes = 16 << 20;

/// Keys that change what a model computes and that no family of this version reads; harmless with this value.
struct ForeignKey {
  const char *key;
  double neutral; ///< of a number; booleans are harmless as false, everything as null
};
const ForeignKey foreignKeys[] = {
    {"attention_chunk_size", 0},
    {"attention_multiplier", 1},
    {"attn_temperature_tuning", 0},
    {"clip_qkv", 0},
    {"dual_chunk_attention_config", 0},
    {"embedding_multiplier", 1},
    {"kv_lora_rank", 0},
    {"logit_scale", 1},
    {"logits_scaling", 1},
    {"n_routed_experts", 0},
    {"no_rope_layers", 0},
    {"num_experts", 0},
    {"num_local_experts", 0},
    {"qk_layernorm", 0},
    {"residual_multiplier", 1},
    {"rope_local_base_freq", 0},
    {"scale_depth", 1},
    {"scale_emb", 1},
    {"sliding_window_pattern", 0},
    {"use_bidirectional_attention", 0},
    {"use_qk_norm", 0},
};

class ConfigReader : JsonReader {
public:
  explicit ConfigReader(JsonValue root) : root(std::move(root)) {}

  Expected<DecoderConfig> read() {
    if (auto status = root.expectObject(); !status) {
      return forward(status.error());
    }
    chooseFamily();
    if (!status) {
      return forward(status.error());
    }
    config = family->defaults;
    refuseForeign();
    sizes();
    biases();
    if (status && family->experts) {
      require(readExperts(root, *family, config));
    }
    activation();
    if (status) {
      rope();
      windows();
      scales();
    }
    tokens();
    noise();
    elementType();
    if (!status) {
      return forward(status.error());
    }
    return config;
  }

private:
  /// A missing key (or null) keeps what `out` holds, unless the key is required.
  void integer(const char *key, int64_t minimum, int64_t maximum, int64_t &out, bool required = false) {
    if (required || !root[key].isNull()) {
      take(root[key].integer(minimum, maximum), out);
    }
  }
  void number(const JsonValue &value, double minimum, double maximum, double &out) {
    if (!value.isNull()) {
      take(value.number(minimum, maximum), out);
    }
  }
  void boolean(const char *key, bool &out) {
    if (!root[key].isNull()) {
      take(root[key].boolean(), out);
    }
  }
  void unsupported(const JsonValue &value) {
    mistake(value.error("is not supported in this version for the family " + family->defaults.family));
  }

  void chooseFamily() {
    std::vector<std::string> architectures;
    for (const HuggingFaceFamily &known : huggingFaceFamilyTable()) {
      architectures.push_back(known.architecture);
    }
    std::string known = "; known architectures: " + alternatives(architectures);
    JsonValue list = root["architectures"], type = root["model_type"];
    for (const HuggingFaceFamily &candidate : huggingFaceFamilyTable()) {
      bool byType = list.isNull() && type.isString() && type.raw() == candidate.defaults.family;
      bool byName = list.isArray() && list.size() > 0 && list.element(0).raw() == candidate.architecture;
      if (byType || byName) {
        family = &candidate;
      }
    }
    if (!family && (!list.isArray() || list.raw().empty())) {
      mistake(list.expected("an array with the name of an architecture" + known));
    } else if (!family) {
      mistake(list.element(0).expected("an architecture that is known" + known));
    } else if (!type.isNull() && type.raw() != family->defaults.family) {
      mistake(
          type.expected("'" + family->defaults.family + "', as the architecture is " + family->architecture));
    }
  }

  void refuseForeign() {
    for (const ForeignKey &foreign : foreignKeys) {
      JsonValue value = root[foreign.key];
      const nlohmann::json &raw = value.raw();
      const std::string_view key = foreign.key;
      bool isKnown = (family->experts && key == family->experts->count) ||
                     (family->defaults.latent.isUsed() && key == "kv_lora_rank");
      bool harmless = isKnown || value.isNull() || (raw.is_boolean() && raw == false) ||
                      (raw.is_number() && raw == foreign.neutral) || (value.isArray() && raw.empty());
      if (!harmless) {
        unsupported(value);
      }
    }
    if (JsonValue quantization = root["quantization_config"]; !quantization.isNull()) {
      take(readCheckpointQuantization(quantization), config.quantization);
    }
  }

  void sizes() {
    integer("hidden_size", 1, maximumWidth, config.hiddenSize, true);
    integer("intermediate_size", 1, maximumWidth, config.intermediateSize, true);
    integer("num_hidden_layers", 1, maximumLayers, config.layers, true);
    integer("num_attention_heads", 1, maximumHeads, config.heads, true);
    integer("vocab_size", 1, maximumVocabulary, config.vocabularySize, true);
    integer("max_position_embeddings", 1, maximumPositions, config.maxPositions);
    number(root[family->epsilonKey], 0, 1, config.normEpsilon);
    boolean("tie_word_embeddings", config.tieWordEmbeddings);
    // null is another thing than no key.
    JsonValue groups = root["num_key_value_heads"];
    config.keyValueHeads = groups.isMissing() && family->keyValueHeads ? family->keyValueHeads : config.heads;
    integer("num_key_value_heads", 1, maximumHeads, config.keyValueHeads);
    if (!status) {
      return;
    }
    if (config.heads % config.keyValueHeads != 0) {
      mistake(groups.expected("a divisor of num_attention_heads (" + std::to_string(config.heads) + ")"));
    }
    if (config.latent.isUsed()) {
      require(readLatentAttention(root, config)); // head_dim says nothing more
      return;
    }
    JsonValue headSize = root["head_dim"];
    if (!headSize.isNull()) {
      take(headSize.integer(1, maximumHeadSize), config.headSize);
    } else if (family->headSize) {
      config.headSize = family->headSize;
    } else if (config.hiddenSize % config.heads != 0) {
      mistake(root["hidden_size"].expected("a multiple of num_attention_heads (" +
                                           std::to_string(config.heads) + "), as there is no head_dim"));
    } else {
      config.headSize = config.hiddenSize / config.heads;
    }
    if (status && (config.headSize % 2 != 0 || config.headSize > maximumHeadSize)) {
      mistake(headSize.error("heads of " + std::to_string(config.headSize) +
                             ", expected an even size up to " + std::to_string(maximumHeadSize) +
                             ", as rotary embeddings turn pairs"));
    }
  }

  void biases() {
    bool attention = false, mlp = false;
    boolean("attention_bias", attention);
    boolean("mlp_bias", mlp);
    if (attention && !family->takesAttentionBias) {
      unsupported(root["attention_bias"]);
    }
    if (mlp && !family->takesMlpBias) {
      unsupported(root["mlp_bias"]);
    }
    if (attention) {
      config.queryKeyValueBias = config.outputBias = true;
    }
    if (mlp) {
      config.mlpBias = true;
    }
    if (config.headBias && config.tieWordEmbeddings) {
      mistake(root["tie_word_embeddings"].error("a tied head with a bias is not supported in this version"));
    }
  }

  void activation() {
    JsonValue name = root[root["hidden_activation"].isNull() ? "hidden_act" : "hidden_activation"];
    if (name.isNull()) {
      return;
    }
    if (name.raw() == "silu" || name.raw() == "swish") {
      config.activation = Activation::Silu;
    } else if (name.raw() == "gelu_pytorch_tanh" || name.raw() == "gelu_new" ||
               (name.raw() == "gelu" && family->geluMeansTanh)) {
      config.activation = Activation::GeluTanh;
    } else if (name.raw() == "gelu") {
      config.activation = Activation::Gelu;
    } else {
      mistake(
          name.expected("an activation of this version: 'silu', 'gelu', 'gelu_new' or 'gelu_pytorch_tanh'"));
    }
  }

  void rope() {
    constexpr double largest = 1e15;
    RotaryEmbedding &rotary = config.rotary;
    number(root["rope_theta"], 1, largest, rotary.theta);
    double fraction = family->partialRotary;
    JsonValue partial = root["partial_rotary_factor"];
    number(partial, 0, 1, fraction);
    // Newer files put everything about RoPE, theta too, under rope_parameters.
    bool newer = !root["rope_parameters"].isNull();
    JsonValue scaling = root[newer ? "rope_parameters" : "rope_scaling"];
    if (!scaling.isNull()) {
      if (auto known = scaling.expectKeys({"attention_factor", "beta_fast", "beta_slow", "factor",
                                           "high_freq_factor", "low_freq_factor", "mscale", "mscale_all_dim",
                                           "original_max_position_embeddings", "partial_rotary_factor",
                                           "rope_theta", "rope_type", "truncate", "type"});
          !known) {
        mistake(forward(known.error()));
        return;
      }
      if (!scaling["partial_rotary_factor"].isNull()) {
        partial = scaling["partial_rotary_factor"];
        number(partial, 0, 1, fraction);
      }
      if (newer) {
        number(scaling["rope_theta"], 1, largest, rotary.theta);
      }
      ropeScaling(scaling, newer);
    }
    if (fraction != 1 && !family->takesPartialRotary) {
      unsupported(partial);
    }
    if (family->takesInterleave && !root["rope_interleave"].isNull()) {
      bool neighbours = true;
      boolean("rope_interleave", neighbours);
      rotary.pairs = neighbours ? RotaryEmbedding::Pairs::Neighbours : RotaryEmbedding::Pairs::Halves;
    }
    if (config.latent.isUsed()) {
      rotary.first = config.latent.unturned;
      rotary.size = config.latent.turned;
      return;
    }
    rotary.size = static_cast<int64_t>(static_cast<double>(config.headSize) * fraction);
    if (status && (rotary.size < 2 || rotary.size % 2 != 0)) {
      mistake(partial.error("turns " + std::to_string(rotary.size) + " of a head's " +
                            std::to_string(config.headSize) +
                            " elements, expected an even number from 2 on"));
    }
  }

  void ropeScaling(const JsonValue &scaling, bool newer) {
    JsonValue kind = scaling[scaling["rope_type"].isNull() ? "type" : "rope_type"];
    RopeScaling &out = config.rotary.scaling;
    if (kind.raw() == "default" || (newer && kind.isNull())) {
      return;
    }
    if (kind.raw() == "linear") {
      out.kind = RopeScaling::Kind::Linear;
    } else if (kind.raw() == "llama3") {
      out.kind = RopeScaling::Kind::Llama3;
    } else if (kind.raw() == "yarn") {
      out.kind = RopeScaling::Kind::Yarn;
    } else {
      mistake(
          kind.expected("a kind of RoPE scaling that is supported: 'default', 'linear', 'llama3' or 'yarn'"));
      return;
    }
    take(scaling["factor"].number(1, 1e6), out.factor);
    number(scaling["mscale_all_dim"], 0, 1e6, out.scoreScale);
    if (out.kind == RopeScaling::Kind::Llama3) {
      take(scaling["low_freq_factor"].number(1e-6, 1e6), out.lowFrequencyFactor);
      take(scaling["high_freq_factor"].number(1e-6, 1e6), out.highFrequencyFactor);
      take(scaling["original_max_position_embeddings"].integer(1, maximumPositions),
           out.originalMaxPositions);
      if (status && out.highFrequencyFactor <= out.lowFrequencyFactor) {
        mistake(scaling["high_freq_factor"].expected("more than low_freq_factor (" +
                                                     scaling["low_freq_factor"].raw().dump() + ")"));
      }
    } else if (out.kind == RopeScaling::Kind::Yarn) {
      yarn(scaling, out);
    }
  }

  void yarn(const JsonValue &scaling, RopeScaling &out) {
    out.originalMaxPositions = config.maxPositions;
    JsonValue positions = scaling["original_max_position_embeddings"];
    if (!positions.isNull()) {
      take(positions.integer(1, maximumPositions), out.originalMaxPositions);
    }
    number(scaling["beta_fast"], 1e-6, 1e6, out.betaFast);
    number(scaling["beta_slow"], 1e-6, 1e6, out.betaSlow);
    if (!scaling["truncate"].isNull()) {
      take(scaling["truncate"].boolean(), out.truncate);
    }
    double scale = 0, scaleAll = out.scoreScale;
    number(scaling["mscale"], 0, 1e6, scale);
    auto root = [&](double by) { return 0.1 * by * std::log(out.factor) + 1.0; };
    out.attentionFactor = scale != 0 && scaleAll != 0 ? root(scale) / root(scaleAll) : root(1);
    number(scaling["attention_factor"], 1e-6, 1e6, out.attentionFactor);
    if (status && config.rotary.theta <= 1) {
      mistake(scaling.error("a rope_theta of 1 has no wavelengths to stretch"));
    }
  }

  void windows() {
    config.window.assign(static_cast<size_t>(config.layers), 0);
    JsonValue size = root["sliding_window"], use = root["use_sliding_window"], types = root["layer_types"];
    int64_t window = size.isMissing() ? family->window : 0, from = 28;
    if (!size.isNull()) {
      take(size.integer(1, maximumPositions), window);
    }
    bool used = false;
    boolean("use_sliding_window", used);
    if (family->windows == WindowRule::FromLayer) {
      window = used ? window : 0;
      integer("max_window_layers", 0, maximumLayers, from);
    } else if (used) {
      unsupported(use);
    }
    if (family->windows == WindowRule::None && !size.isNull()) {
      unsupported(size);
    }
    for (int64_t layer = 0; layer < config.layers; ++layer) {
      bool has = family->windows == WindowRule::All ||
                 (family->windows == WindowRule::FromLayer && layer >= from) ||
                 (family->windows == WindowRule::Alternate && layer % 2 == 0);
      config.window[static_cast<size_t>(layer)] = has ? window : 0;
    }
    if (!types.isNull()) {
      layerTypes(types, window);
    }
  }

  void layerTypes(const JsonValue &types, int64_t window) {
    if (!types.isArray() || types.size() != static_cast<size_t>(config.layers)) {
      mistake(types.expected("an array of " + std::to_string(config.layers) + " kinds of attention"));
      return;
    }
    for (size_t layer = 0; status && layer < types.size(); ++layer) {
      JsonValue type = types.element(layer);
      if (type.raw() == "sliding_attention" && window > 0) {
        config.window[layer] = window;
      } else if (type.raw() == "full_attention") {
        config.window[layer] = 0;
      } else {
        mistake(type.expected(window > 0 ? "'full_attention' or 'sliding_attention'"
                                         : "'full_attention', as the model has no sliding window"));
      }
    }
  }

  void scales() {
    double scalar = family->queryPreAttentionScalar;
    JsonValue given = root["query_pre_attn_scalar"];
    if (!given.isNull() && scalar == 0) {
      unsupported(given);
    }
    number(given, 1e-6, 1e12, scalar);
    config.attentionScale =
        defaultAttentionScale(scalar == 0 ? static_cast<double>(config.headSize) : scalar);
    const RopeScaling &scaling = config.rotary.scaling;
    if (config.latent.isUsed() && scaling.kind != RopeScaling::Kind::None) {
      double factor = 0.1 * scaling.scoreScale * std::log(scaling.factor) + 1;
      config.attentionScale *= factor * factor;
    }
    if (family->scaledEmbedding) {
      config.embeddingScale = std::sqrt(static_cast<double>(config.hiddenSize));
    }
    config.finalSoftcap = root["final_logit_softcapping"].isMissing() ? family->finalSoftcap : 0;
    number(root["final_logit_softcapping"], 1e-6, 1e12, config.finalSoftcap);
    JsonValue cap = root["attn_logit_softcapping"];
    if (!cap.isNull() && family->attentionSoftcap == 0) {
      unsupported(cap);
    }
    config.attentionSoftcap = cap.isMissing() ? family->attentionSoftcap : 0;
    number(cap, 1e-6, 1e12, config.attentionSoftcap);
  }

  void tokens() {
    JsonValue bos = root["bos_token_id"], eos = root["eos_token_id"];
    int64_t last = config.vocabularySize - 1;
    if (!bos.isNull()) {
      int64_t id = 0;
      take(bos.integer(0, last), id);
      config.bos = id;
    }
    for (size_t i = 0; i < (eos.isArray() ? eos.raw().size() : eos.isNull() ? 0 : 1); ++i) {
      int64_t id = 0;
      take((eos.isArray() ? eos.element(i) : eos).integer(0, last), id);
      config.eos.push_back(id);
    }
  }

  void noise() {
    JsonValue seed = root["coopt_noise_seed"];
    if (!seed.isNull()) {
      uint64_t value = 0;
      take(seed.hexadecimal(), value);
      config.noiseSeed = value;
    }
  }

  void elementType() {
    JsonValue type = root[root["torch_dtype"].isNull() ? "dtype" : "torch_dtype"];
    if (type.raw() == "float32") {
      config.type = TensorType::F32;
    } else if (type.raw() == "bfloat16") {
      config.type = TensorType::BF16;
    } else if (type.raw() == "float16") {
      config.type = TensorType::F16;
    }
  }

  JsonValue root;
  const HuggingFaceFamily *family = nullptr;
  DecoderConfig config;
};

} // namespace

Expected<DecoderConfig> import::parseHuggingFaceConfig(std::string_view text, const std::string &name) {
  auto document = JsonDocument::parse(text, name, maximumConfigBytes);
  if (!document) {
    return forward(document.error());
  }
  return ConfigReader(document->root()).read();
}

Expected<DecoderConfig> import::readHuggingFaceConfig(const std::string &path) {
  std::error_code error;
  std::string name = std::filesystem::is_directory(path, error) ? path + "/config.json" : path;
  auto file = MappedFile::open(name);
  if (!file) {
    return forward(file.error());
  }
  return parseHuggingFaceConfig({reinterpret_cast<const char *>(file->data()), file->size()}, name);
}
