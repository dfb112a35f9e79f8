//===- HuggingFaceConfigWriter.cpp - A decoder's description as config.json --------===//
#include "HuggingFaceExperts.h"
#include "HuggingFaceLatent.h"
#include "coopt/Import/ModelGenerator.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;

namespace {

using Json = nlohmann::ordered_json;

const char *torchName(TensorType type) {
  return type == TensorType::F32 ? "float32" : type == TensorType::F16 ? "float16" : "bfloat16";
}

const char *activationName(Activation activation, bool gemma) {
  return activation == Activation::Silu   ? "silu"
         : activation == Activation::Gelu ? "gelu"
         : gemma                          ? "gelu_pytorch_tanh"
                                          : "gelu_new";
}

void writeRope(const RotaryEmbedding &rotary, Json &json) {
  const RopeScaling &rope = rotary.scaling;
  switch (rope.kind) {
  case RopeScaling::Kind::None:
    break;
  case RopeScaling::Kind::Linear:
    json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", rope.factor}};
    break;
  case RopeScaling::Kind::Llama3:
    json["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", rope.factor},
                            {"low_freq_factor", rope.lowFrequencyFactor},
                            {"high_freq_factor", rope.highFrequencyFactor},
                            {"original_max_position_embeddings", rope.originalMaxPositions}};
    break;
  case RopeScaling::Kind::Yarn:
    json["rope_scaling"] = {{"rope_type", "yarn"},
                            {"factor", rope.factor},
                            {"beta_fast", rope.betaFast},
                            {"beta_slow", rope.betaSlow},
                            {"attention_factor", rope.attentionFactor},
                            {"truncate", rope.truncate},
                            {"original_max_position_embeddings", rope.originalMaxPositions}};
    break;
  }
  if (rope.scoreScale != 0) {
    json["rope_scaling"]["mscale_all_dim"] = rope.scoreScale;
  }
}

void writeWindows(const DecoderConfig &config, WindowRule rule, Json &json) {
  auto first =
      std::find_if(config.window.begin(), config.window.end(), [](int64_t keys) { return keys > 0; });
  bool any = first != config.window.end();
  if (rule == WindowRule::None) {
    return;
  }
  json["sliding_window"] = any ? Json(*first) : Json(nullptr);
  if (rule == WindowRule::FromLayer) {
    json["use_sliding_window"] = any;
    json["max_window_layers"] = first - config.window.begin();
  }
}

} // namespace

std::string import::huggingFaceConfigJson(const DecoderConfig &config, TensorType type) {
  HuggingFaceFamily family;
  for (const HuggingFaceFamily &known : huggingFaceFamilyTable()) {
    if (known.defaults.family == config.family) {
      family = known;
    }
  }
  Json json = {
      {"architectures", {family.architecture}},
      {"model_type", config.family},
      {"hidden_size", config.hiddenSize},
      {"intermediate_size", config.intermediateSize},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"num_key_value_heads", config.keyValueHeads},
      {"head_dim", config.headSize},
      {"vocab_size", config.vocabularySize},
      {"max_position_embeddings", config.maxPositions},
      {family.epsilonKey, config.normEpsilon},
      {"rope_theta", config.rotary.theta},
      {family.queryPreAttentionScalar != 0 ? "hidden_activation" : "hidden_act",
       activationName(config.activation, family.scaledEmbedding)},
      {"tie_word_embeddings", config.tieWordEmbeddings},
  };
  if (config.latent.isUsed()) {
    json.erase("head_dim");
    writeLatentAttention(config.latent, json);
  }
  if (family.takesAttentionBias) {
    json["attention_bias"] = config.outputBias;
  }
  if (family.takesMlpBias) {
    json["mlp_bias"] = config.mlpBias;
  }
  if (family.takesPartialRotary && config.rotary.size > 0) {
    json["partial_rotary_factor"] =
        static_cast<double>(config.rotary.size) / static_cast<double>(config.headSize);
  }
  if (family.queryPreAttentionScalar != 0) {
    json["query_pre_attn_scalar"] = config.headSize;
    auto cap = [](double value) { return value != 0 ? Json(value) : Json(nullptr); };
    json["attn_logit_softcapping"] = cap(config.attentionSoftcap);
    json["final_logit_softcapping"] = cap(config.finalSoftcap);
  }
  if (family.takesInterleave) {
    json["rope_interleave"] = config.rotary.pairs == RotaryEmbedding::Pairs::Neighbours;
  }
  if (family.experts) {
    writeExperts(family, config, json);
  }
  writeWindows(config, family.windows, json);
  writeRope(config.rotary, json);
  if (config.bos) {
    json["bos_token_id"] = *config.bos;
  }
  if (config.eos.size() == 1) {
    json["eos_token_id"] = config.eos[0];
  } else if (!config.eos.empty()) {
    json["eos_token_id"] = config.eos;
  }
  if (config.noiseSeed) {
    json["coopt_noise_seed"] = hexadecimal(*config.noiseSeed);
  }
  json["torch_dtype"] = torchName(type);
  return json.dump(1) + "\n";
}
