//===- GgufConfig.cpp - A decoder's description from GGUF metadata -------------------===//
#include "ConfigLimits.h"
#include "coopt/Import/Gguf.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::import;

namespace {

const char *const knownKeys[] = {"attention.head_count",
                                 "attention.head_count_kv",
                                 "attention.key_length",
                                 "attention.layer_norm_rms_epsilon",
                                 "attention.value_length",
                                 "block_count",
                                 "context_length",
                                 "embedding_length",
                                 "expert_count",
                                 "expert_used_count",
                                 "feed_forward_length",
                                 "rope.dimension_count",
                                 "rope.freq_base",
                                 "rope.scale_linear",
                                 "rope.scaling.attn_factor",
                                 "rope.scaling.factor",
                                 "rope.scaling.finetuned",
                                 "rope.scaling.original_context_length",
                                 "rope.scaling.type",
                                 "tensor_data_layout",
                                 "vocab_size"};

DecoderTensorNames ggufNames() {
  DecoderTensorNames names;
  names.embedding = "token_embd";
  names.finalNorm = "output_norm";
  names.head = "output";
  names.layers = "blk.";
  names.inputNorm = "attn_norm";
  names.query = "attn_q";
  names.key = "attn_k";
  names.value = "attn_v";
  names.output = "attn_output";
  names.queryNorm = "attn_q_norm";
  names.keyNorm = "attn_k_norm";
  names.mlpNorm = "ffn_norm";
  names.gate = "ffn_gate";
  names.up = "ffn_up";
  names.down = "ffn_down";
  return names;
}

class ConfigReader : JsonReader {
public:
  ConfigReader(const GgufFile &file, const uint8_t *bytes) : file(file), bytes(bytes) {}

  Expected<DecoderConfig> read() {
    architecture();
    sizes();
    if (status) {
      rope();
    }
    if (status) {
      tokens();
    }
    if (!status) {
      return forward(status.error());
    }
    return config;
  }

private:
  static std::string key(const char *name) { return std::string("llama.") + name; }
  void integer(const char *name, int64_t most, int64_t &out,
               std::optional<int64_t> otherwise = std::nullopt) {
    take(file.integer(key(name), 1, most, otherwise), out);
  }
  const TensorInfo *tensor(const std::string &name) const {
    auto found =
        std::lower_bound(file.tensors.begin(), file.tensors.end(), name,
                         [](const TensorInfo &info, const std::string &text) { return info.name < text; });
    return found != file.tensors.end() && found->name == name ? &*found : nullptr;
  }

  void architecture() {
    std::string name;
    take(file.string("general.architecture"), name);
    if (status && name != "llama") {
      mistake(
          file.wrong("general.architecture", "expected an architecture that is known; known architectures: "
                                             "llama, got " +
                                                 inQuotes(name)));
    }
    for (const auto &[entry, value] : file.metadata) {
      bool ours = entry.compare(0, 6, "llama.") == 0;
      auto is = [&, name = std::string_view(entry).substr(std::min<size_t>(6, entry.size()))](
                    const char *known) { return name == known; };
      if (ours && std::none_of(std::begin(knownKeys), std::end(knownKeys), is)) {
        mistake(file.wrong(entry, "is not supported in this version"));
      }
    }
  }

  void sizes() {
    config.names = ggufNames();
    integer("embedding_length", maximumWidth, config.hiddenSize);
    integer("feed_forward_length", maximumWidth, config.intermediateSize);
    integer("block_count", maximumLayers, config.layers);
    integer("context_length", maximumPositions, config.maxPositions);
    integer("attention.head_count", maximumHeads, config.heads);
    integer("attention.head_count_kv", maximumHeads, config.keyValueHeads,
            std::max<int64_t>(1, config.heads));
    take(file.number(key("attention.layer_norm_rms_epsilon"), 0, 1), config.normEpsilon);
    if (status && config.heads % config.keyValueHeads != 0) {
      mistake(file.wrong(key("attention.head_count_kv"),
                         "expected a divisor of llama.attention.head_count (" + std::to_string(config.heads) +
                             "), got " + std::to_string(config.keyValueHeads)));
    }
    if (!status) {
      return;
    }
    bool whole = config.hiddenSize % config.heads == 0;
    integer("attention.key_length", maximumHeadSize, config.headSize,
            whole ? std::optional<int64_t>(config.hiddenSize / config.heads) : std::nullopt);
    int64_t valueSize = 0, experts = 0;
    integer("attention.value_length", maximumHeadSize, valueSize, config.headSize);
    take(file.integer(key("expert_count"), 0, 0, 0), experts);
    if (status && valueSize != config.headSize) {
      mistake(file.wrong(key("attention.value_length"), "expected that of keys (" +
                                                            std::to_string(config.headSize) + "), got " +
                                                            std::to_string(valueSize)));
    }
    if (status && (config.headSize % 2 != 0 || config.headSize > maximumHeadSize)) {
      mistake(file.wrong(key("attention.key_length"), "heads of " + std::to_string(config.headSize) +
                                                          ", expected an even size up to " +
                                                          std::to_string(maximumHeadSize)));
    }
    config.window.assign(static_cast<size_t>(config.layers), 0);
    config.attentionScale = defaultAttentionScale(static_cast<double>(config.headSize));
    const TensorInfo *embedding = tensor("token_embd.weight");
    config.tieWordEmbeddings = !tensor("output.weight");
    config.queryKeyValueBias = tensor("blk.0.attn_q.bias");
    config.outputBias = tensor("blk.0.attn_output.bias");
    if (!embedding || embedding->shape.size() != 2 || embedding->shape[0] > maximumVocabulary) {
      mistake(fail(file.name + ": tensor 'token_embd.weight': expected a matrix of at most " +
                   std::to_string(maximumVocabulary) + " rows" + (embedding ? "" : ", in the file is none")));
      return;
    }
    config.vocabularySize = embedding->shape[0];
    if (!embedding->blocks) {
      config.type = embedding->type;
    }
  }

  void rope() {
    RotaryEmbedding &rotary = config.rotary;
    rotary.pairs = RotaryEmbedding::Pairs::Neighbours;
    integer("rope.dimension_count", maximumHeadSize, rotary.size, config.headSize);
    if (status && rotary.size != config.headSize) {
      mistake(file.wrong(key("rope.dimension_count"), "expected the size of a head (" +
                                                          std::to_string(config.headSize) + "), got " +
                                                          std::to_string(rotary.size)));
    }
    take(file.number(key("rope.freq_base"), 1, 1e15, 10000), rotary.theta);
    std::string kind;
    take(file.string(key("rope.scaling.type"), "none"), kind);
    RopeScaling &scaling = rotary.scaling;
    take(file.number(key("rope.scale_linear"), 1, 1e6, 1), scaling.factor);
    if (scaling.factor != 1) {
      scaling.kind = RopeScaling::Kind::Linear;
    }
    if (kind == "linear" || kind == "yarn") {
      take(file.number(key("rope.scaling.factor"), 1, 1e6), scaling.factor);
      scaling.kind = kind == "linear" ? RopeScaling::Kind::Linear : RopeScaling::Kind::Yarn;
    } else if (kind != "none") {
      mistake(
          file.wrong(key("rope.scaling.type"), "expected 'none', 'linear' or 'yarn', got " + inQuotes(kind)));
    }
    if (scaling.kind == RopeScaling::Kind::Yarn) {
      integer("rope.scaling.original_context_length", maximumPositions, scaling.originalMaxPositions,
              config.maxPositions);
      double factor = 1;
      take(file.number(key("rope.scaling.attn_factor"), 1e-6, 1e6, 1), factor);
      scaling.attentionFactor = factor * (0.1 * std::log(scaling.factor) + 1.0);
      if (rotary.theta <= 1) {
        mistake(file.wrong(key("rope.freq_base"), "a base of 1 has no wavelengths to stretch"));
      }
    }
    divisors();
  }

  /// Llama 3.1's stretching as a tensor: what each pair's frequency is divided by.
  void divisors() {
    const TensorInfo *factors = tensor("rope_freqs.weight");
    if (!factors || !status) {
      return;
    }
    if (factors->type != TensorType::F32 || factors->shape != std::vector<int64_t>{config.rotary.size / 2}) {
      mistake(fail(file.name + ": tensor 'rope_freqs.weight': expected " +
                   std::to_string(config.rotary.size / 2) + " elements of type F32"));
      return;
    }
    std::vector<float> &out = config.rotary.divisors;
    out.resize(static_cast<size_t>(config.rotary.size / 2));
    std::memcpy(out.data(), bytes + factors->offset, factors->bytes);
    for (float divisor : out) {
      if (!(divisor >= 1e-6f && divisor <= 1e6f)) {
        mistake(fail(file.name + ": tensor 'rope_freqs.weight': expected numbers from 1e-6 to 1e6, got " +
                     std::to_string(divisor)));
      }
    }
  }

  void tokens() {
    int64_t last = config.vocabularySize - 1;
    bool prepended = true;
    take(file.boolean("tokenizer.ggml.add_bos_token", true), prepended);
    if (file.find("tokenizer.ggml.bos_token_id") && prepended) {
      int64_t id = 0;
      take(file.integer("tokenizer.ggml.bos_token_id", 0, last), id);
      config.bos = id;
    }
    if (file.find("tokenizer.ggml.eos_token_id")) {
      int64_t id = 0;
      take(file.integer("tokenizer.ggml.eos_token_id", 0, last), id);
      config.eos = {id};
    }
  }

  const GgufFile &file;
  const uint8_t *bytes;
  DecoderConfig config;
};

} // namespace

Expected<DecoderConfig> import::ggufConfig(const GgufFile &file, const uint8_t *bytes) {
  return ConfigReader(file, bytes).read();
}
