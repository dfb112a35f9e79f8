#include "coopt/Import/HuggingFaceConfig.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/MappedFile.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;

namespace {

constexpr size_t maximumConfigBytes = 16 << 20;

// Well above every published model; they keep products of two sizes far inside 64 bits.
constexpr int64_t maximumWidth = 1 << 20;
constexpr int64_t maximumLayers = 4096;
constexpr int64_t maximumHeads = 1 << 14;
constexpr int64_t maximumHeadSize = 4096;
constexpr int64_t maximumVocabulary = 1 << 24;
constexpr int64_t maximumPositions = int64_t(1) << 28;

class ConfigReader : JsonReader {
public:
  explicit ConfigReader(JsonValue root) : root(std::move(root)) {}

  Expected<LlamaConfig> read() {
    if (auto status = root.expectObject(); !status) {
      return forward(status.error());
    }
    architecture();
    refuseUnsupported();
    sizes();
    rope();
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

  void architecture() {
    static const std::string known = "; known architectures: LlamaForCausalLM";
    JsonValue list = root["architectures"], type = root["model_type"];
    bool isLlama = type.isString() && type.raw() == "llama";
    if (list.isNull() && isLlama) {
      return;
    }
    if (!list.isArray() || list.raw().empty()) {
      mistake(list.expected("an array with the name of an architecture" + known));
    } else if (list.element(0).raw() != "LlamaForCausalLM") {
      mistake(list.element(0).expected("an architecture that is known" + known));
    } else if (!type.isNull() && !isLlama) {
      mistake(type.expected("'llama', as the architecture is LlamaForCausalLM"));
    }
  }

  void refuseUnsupported() {
    for (const char *key : {"attention_bias", "mlp_bias"}) {
      bool on = false;
      if (!root[key].isNull()) {
        take(root[key].boolean(), on);
      }
      if (on) {
        mistake(root[key].error("biases are not supported in this version, expected false"));
      }
    }
    JsonValue activation = root["hidden_act"];
    if (!activation.isNull() && activation.raw() != "silu") {
      mistake(activation.expected("'silu', the only activation of this version"));
    }
    JsonValue quantization = root["quantization_config"];
    if (!quantization.isNull()) {
      mistake(quantization.error("quantised checkpoints are not supported in this version"));
    }
    if (!root["tie_word_embeddings"].isNull()) {
      take(root["tie_word_embeddings"].boolean(), config.tieWordEmbeddings);
    }
  }

  void sizes() {
    integer("hidden_size", 1, maximumWidth, config.hiddenSize, true);
    integer("intermediate_size", 1, maximumWidth, config.intermediateSize, true);
    integer("num_hidden_layers", 1, maximumLayers, config.layers, true);
    integer("num_attention_heads", 1, maximumHeads, config.heads, true);
    integer("vocab_size", 1, maximumVocabulary, config.vocabularySize, true);
    integer("max_position_embeddings", 1, maximumPositions, config.maxPositions);
    number(root["rms_norm_eps"], 0, 1, config.rmsNormEpsilon);
    config.keyValueHeads = config.heads;
    integer("num_key_value_heads", 1, maximumHeads, config.keyValueHeads);
    if (!status) {
      return;
    }
    if (config.heads % config.keyValueHeads != 0) {
      mistake(root["num_key_value_heads"].expected("a divisor of num_attention_heads (" +
                                                   std::to_string(config.heads) + ")"));
    }
    JsonValue headSize = root["head_dim"];
    if (!headSize.isNull()) {
      take(headSize.integer(1, maximumHeadSize), config.headSize);
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

  void rope() {
    constexpr double largest = 1e15;
    number(root["rope_theta"], 1, largest, config.ropeTheta);
    // Newer files put everything about RoPE, theta too, under rope_parameters.
    bool newer = !root["rope_parameters"].isNull();
    JsonValue scaling = root[newer ? "rope_parameters" : "rope_scaling"];
    if (scaling.isNull()) {
      return;
    }
    if (!scaling.isObject()) {
      mistake(scaling.expected("an object"));
      return;
    }
    if (newer) {
      number(scaling["rope_theta"], 1, largest, config.ropeTheta);
    }
    JsonValue kind = scaling[scaling["rope_type"].isNull() ? "type" : "rope_type"];
    RopeScaling &out = config.ropeScaling;
    if (kind.raw() == "default" || (newer && kind.isNull())) {
      return;
    }
    if (kind.raw() == "linear") {
      out.kind = RopeScaling::Kind::Linear;
    } else if (kind.raw() == "llama3") {
      out.kind = RopeScaling::Kind::Llama3;
    } else {
      mistake(kind.expected("a kind of RoPE scaling that is supported: 'default', 'linear' or 'llama3'"));
      return;
    }
    take(scaling["factor"].number(1, 1e6), out.factor);
    if (out.kind == RopeScaling::Kind::Llama3) {
      take(scaling["low_freq_factor"].number(1e-6, 1e6), out.lowFrequencyFactor);
      take(scaling["high_freq_factor"].number(1e-6, 1e6), out.highFrequencyFactor);
      take(scaling["original_max_position_embeddings"].integer(1, maximumPositions),
           out.originalMaxPositions);
      if (status && out.highFrequencyFactor <= out.lowFrequencyFactor) {
        mistake(scaling["high_freq_factor"].expected("more than low_freq_factor (" +
                                                     scaling["low_freq_factor"].raw().dump() + ")"));
      }
    }
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
  LlamaConfig config;
};

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t size : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return text + "]";
}

} // namespace

Expected<LlamaConfig> import::parseLlamaConfig(std::string_view text, const std::string &name) {
  auto document = JsonDocument::parse(text, name, maximumConfigBytes);
  if (!document) {
    return forward(document.error());
  }
  return ConfigReader(document->root()).read();
}

Expected<LlamaConfig> import::readLlamaConfig(const std::string &path) {
  std::error_code error;
  std::string name = std::filesystem::is_directory(path, error) ? path + "/config.json" : path;
  auto file = MappedFile::open(name);
  if (!file) {
    return forward(file.error());
  }
  return parseLlamaConfig({reinterpret_cast<const char *>(file->data()), file->size()}, name);
}

std::vector<ExpectedTensor> import::llamaTensors(const LlamaConfig &config) {
  int64_t hidden = config.hiddenSize, ffn = config.intermediateSize;
  int64_t query = config.heads * config.headSize, keyValue = config.keyValueHeads * config.headSize;
  std::vector<ExpectedTensor> tensors = {{"model.embed_tokens.weight", {config.vocabularySize, hidden}}};
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    std::string prefix = "model.layers." + std::to_string(layer) + ".";
    tensors.push_back({prefix + "input_layernorm.weight", {hidden}});
    tensors.push_back({prefix + "self_attn.q_proj.weight", {query, hidden}});
    tensors.push_back({prefix + "self_attn.k_proj.weight", {keyValue, hidden}});
    tensors.push_back({prefix + "self_attn.v_proj.weight", {keyValue, hidden}});
    tensors.push_back({prefix + "self_attn.o_proj.weight", {hidden, query}});
    tensors.push_back({prefix + "post_attention_layernorm.weight", {hidden}});
    tensors.push_back({prefix + "mlp.gate_proj.weight", {ffn, hidden}});
    tensors.push_back({prefix + "mlp.up_proj.weight", {ffn, hidden}});
    tensors.push_back({prefix + "mlp.down_proj.weight", {hidden, ffn}});
  }
  tensors.push_back({"model.norm.weight", {hidden}});
  if (!config.tieWordEmbeddings) {
    tensors.push_back({"lm_head.weight", {config.vocabularySize, hidden}});
  }
  return tensors;
}

Status import::checkLlamaTensors(const LlamaConfig &config, const SafetensorsModel &model) {
  for (const ExpectedTensor &expected : llamaTensors(config)) {
    const TensorInfo *tensor = model.find(expected.name);
    if (!tensor && config.noiseSeed && expected.shape.size() == 2) {
      continue;
    }
    if (!tensor) {
      return fail("tensor " + inQuotes(expected.name) + " " + shapeText(expected.shape) +
                  ": expected by the configuration, in none of the model's files");
    }
    std::string place = model.files()[tensor->file].path() + ": tensor " + inQuotes(tensor->name) + ": ";
    if (tensor->shape != expected.shape) {
      return fail(place + "expected shape " + shapeText(expected.shape) + " by the configuration, got " +
                  shapeText(tensor->shape));
    }
    if (tensor->type != TensorType::F32 && tensor->type != TensorType::F16 &&
        tensor->type != TensorType::BF16) {
      return fail(place + "expected F32, F16 or BF16, got " + tensorTypeName(tensor->type));
    }
  }
  return {};
}
