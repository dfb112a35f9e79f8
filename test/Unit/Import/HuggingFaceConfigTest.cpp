#include "coopt/Import/HuggingFaceConfig.h"
#include "ImportTestSupport.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;
using namespace coopt::test;
using nlohmann::json;

namespace {

json minimal() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"hidden_size", 48},
          {"intermediate_size", 100},
          {"num_hidden_layers", 3},
          {"num_attention_heads", 6},
          {"vocab_size", 101}};
}

Expected<DecoderConfig> parse(const json &config) { return parseHuggingFaceConfig(config.dump(), "c"); }

/// The message when one key has another value; a discarded value removes the key.
std::string messageWith(const std::string &key, const json &value, json config = minimal()) {
  config.erase(key);
  if (!value.is_discarded()) {
    config[key] = value;
  }
  auto read = parse(config);
  return read ? "no error" : read.error().message;
}

const json absent = json(json::value_t::discarded);

} // namespace

TEST(DecoderConfig, Defaults) {
  auto config = parse(minimal());
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->hiddenSize, 48);
  EXPECT_EQ(config->intermediateSize, 100);
  EXPECT_EQ(config->layers, 3);
  EXPECT_EQ(config->heads, 6);
  EXPECT_EQ(config->keyValueHeads, 6);
  EXPECT_EQ(config->headSize, 8);
  EXPECT_EQ(config->vocabularySize, 101);
  EXPECT_EQ(config->maxPositions, 2048);
  EXPECT_EQ(config->normEpsilon, 1e-6);
  EXPECT_EQ(config->rotary.theta, 10000);
  EXPECT_EQ(config->rotary.scaling.kind, RopeScaling::Kind::None);
  EXPECT_FALSE(config->tieWordEmbeddings);
  EXPECT_FALSE(config->bos.has_value());
  EXPECT_TRUE(config->eos.empty());
  EXPECT_FALSE(config->type.has_value());
}

TEST(DecoderConfig, AllKeys) {
  json all = minimal();
  all.update({{"model_type", "llama"},
              {"num_key_value_heads", 2},
              {"head_dim", 10},
              {"max_position_embeddings", 131072},
              {"rms_norm_eps", 1e-5},
              {"rope_theta", 500000.0},
              {"rope_scaling",
               {{"rope_type", "llama3"},
                {"factor", 8.0},
                {"low_freq_factor", 1.0},
                {"high_freq_factor", 4.0},
                {"original_max_position_embeddings", 8192}}},
              {"tie_word_embeddings", true},
              {"bos_token_id", 100},
              {"eos_token_id", {1, 2, 3}},
              {"hidden_act", "silu"},
              {"attention_bias", false},
              {"mlp_bias", false},
              {"torch_dtype", "bfloat16"},
              {"an_unknown_key", {1, 2}}});
  auto config = parse(all);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->keyValueHeads, 2);
  EXPECT_EQ(config->headSize, 10);
  EXPECT_EQ(config->maxPositions, 131072);
  EXPECT_EQ(config->normEpsilon, 1e-5);
  EXPECT_EQ(config->rotary.theta, 500000);
  EXPECT_EQ(config->rotary.scaling.kind, RopeScaling::Kind::Llama3);
  EXPECT_EQ(config->rotary.scaling.factor, 8);
  EXPECT_EQ(config->rotary.scaling.lowFrequencyFactor, 1);
  EXPECT_EQ(config->rotary.scaling.highFrequencyFactor, 4);
  EXPECT_EQ(config->rotary.scaling.originalMaxPositions, 8192);
  EXPECT_TRUE(config->tieWordEmbeddings);
  EXPECT_EQ(config->bos, 100);
  EXPECT_EQ(config->eos, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(config->type, TensorType::BF16);
}

TEST(DecoderConfig, RealModel) {
  if (!std::filesystem::exists(stories + "config.json")) {
    GTEST_SKIP() << stories << " is absent";
  }
  auto config = readHuggingFaceConfig(stories);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->hiddenSize, 64);
  EXPECT_EQ(config->intermediateSize, 172);
  EXPECT_EQ(config->layers, 5);
  EXPECT_EQ(config->heads, 8);
  EXPECT_EQ(config->keyValueHeads, 4);
  EXPECT_EQ(config->headSize, 8);
  EXPECT_EQ(config->vocabularySize, 512);
  EXPECT_TRUE(config->tieWordEmbeddings);
  EXPECT_EQ(config->bos, 1);
  EXPECT_EQ(config->eos, (std::vector<int64_t>{2}));
}

TEST(DecoderConfig, Architectures) {
  const std::string known = "; known architectures: LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, "
                            "Qwen3ForCausalLM, GemmaForCausalLM, Gemma2ForCausalLM, PhiForCausalLM, "
                            "MixtralForCausalLM, Qwen2MoeForCausalLM, Qwen3MoeForCausalLM, OlmoeForCausalLM, "
                            "DeepseekForCausalLM, DeepseekV2ForCausalLM or DeepseekV3ForCausalLM, got ";
  EXPECT_EQ(messageWith("architectures", {"MambaForCausalLM"}),
            "c: $.architectures[0]: expected an architecture that is known" + known + "'MambaForCausalLM'");
  EXPECT_EQ(messageWith("architectures", absent),
            "c: $.architectures: expected an array with the name of an architecture" + known + "nothing");
  EXPECT_EQ(messageWith("model_type", "mistral"),
            "c: $.model_type: expected 'llama', as the architecture is LlamaForCausalLM, got 'mistral'");
}

TEST(DecoderConfig, Quantization) {
  auto with = [](json change) {
    json value = {
        {"quant_method", "gptq"}, {"bits", 4}, {"group_size", 128}, {"desc_act", false}, {"sym", true}};
    value.update(change);
    for (const auto &[key, entry] : change.items()) {
      if (entry == "absent") {
        value.erase(key);
      }
    }
    return messageWith("quantization_config", value);
  };
  const std::string place = "c: $.quantization_config.";
  EXPECT_EQ(with(json::object()), "no error");
  EXPECT_EQ(with({{"group_size", -1}, {"checkpoint_format", "gptq_v2"}}), "no error");
  EXPECT_EQ(with({{"desc_act", true}}), "no error");
  EXPECT_EQ(with({{"desc_act", "yes"}}), place + "desc_act: expected true or false, got 'yes'");
  EXPECT_EQ(with({{"bits", 6}}), place + "bits: expected 2, 3, 4 or 8 bits, got 6");
  EXPECT_EQ(with({{"group_size", 0}}),
            place + "group_size: expected the size of a group, or -1 for whole rows, got 0");
  EXPECT_EQ(with({{"checkpoint_format", "marlin"}}),
            place + "checkpoint_format: expected 'gptq' or 'gptq_v2', got 'marlin'");
  EXPECT_EQ(with({{"is_marlin_format", true}}), place + "is_marlin_format: is not supported in this version");
  EXPECT_EQ(with({{"rotation", "x"}}), place + "rotation: is not supported in this version");
  EXPECT_EQ(with({{"quant_method", "hqq"}}),
            place + "quant_method: expected 'gptq', 'awq' or 'compressed-tensors', got 'hqq'");

  json awq = {
      {"quant_method", "awq"}, {"bits", 4}, {"group_size", 128}, {"zero_point", true}, {"version", "gemm"}};
  auto change = [](json value, const char *pointer, json to) {
    value[json::json_pointer(pointer)] = std::move(to);
    return messageWith("quantization_config", value);
  };
  EXPECT_EQ(change(awq, "/version", "GEMM"), "no error");
  EXPECT_EQ(change(awq, "/version", "gemv"), place + "version: expected 'gemm' or 'GEMM', got 'gemv'");
  EXPECT_EQ(change(awq, "/zero_point", false), place + "zero_point: expected true, got false");
  EXPECT_EQ(change(awq, "/bits", 8), place + "bits: expected 4 bits, got 8");

  json tensors = {{"quant_method", "compressed-tensors"},
                  {"format", "pack-quantized"},
                  {"config_groups",
                   {{"group_0",
                     {{"weights",
                       {{"num_bits", 4},
                        {"type", "int"},
                        {"symmetric", true},
                        {"strategy", "group"},
                        {"group_size", 128}}},
                      {"targets", {"Linear"}}}}}},
                  {"ignore", {"lm_head"}}};
  const std::string weights = place + "config_groups.group_0.weights.";
  EXPECT_EQ(change(tensors, "/kv_cache_scheme", nullptr), "no error");
  EXPECT_EQ(change(tensors, "/kv_cache_scheme", {{"num_bits", 8}}),
            place + "kv_cache_scheme: is not supported in this version");
  EXPECT_EQ(change(tensors, "/format", "marlin-24"),
            place +
                "format: expected 'pack-quantized', 'int-quantized' or 'float-quantized', got 'marlin-24'");
  EXPECT_EQ(change(tensors, "/config_groups/group_0/weights/num_bits", 3),
            weights + "num_bits: expected 4 or 8 bits, got 3");
  EXPECT_EQ(change(tensors, "/config_groups/group_0/weights/strategy", "block"),
            weights + "strategy: expected 'tensor', 'channel' or 'group', got 'block'");
  EXPECT_EQ(change(tensors, "/config_groups/group_1", json::object()),
            place + "config_groups: expected one group of layers, got an object");
  EXPECT_EQ(change(tensors, "/format", "float-quantized"), weights + "type: expected 'float', got 'int'");
}

TEST(DecoderConfig, WhatIsNotComputedIsRefused) {
  auto unsupported = [](const std::string &key) {
    return "c: $." + key + ": is not supported in this version for the family llama";
  };
  EXPECT_EQ(messageWith("hidden_act", "relu"),
            "c: $.hidden_act: expected an activation of this version: 'silu', "
            "'gelu', 'gelu_new' or 'gelu_pytorch_tanh', got 'relu'");
  EXPECT_EQ(messageWith("quantization_config", json::object()),
            "c: $.quantization_config.quant_method: expected a string, got nothing");
  for (const char *key :
       {"sliding_window", "num_local_experts", "query_pre_attn_scalar", "attention_multiplier"}) {
    EXPECT_EQ(messageWith(key, 8), unsupported(key));
    EXPECT_EQ(messageWith(key, nullptr), "no error");
  }
  EXPECT_EQ(messageWith("attention_multiplier", 1.0), "no error");
  EXPECT_EQ(messageWith("use_sliding_window", true), unsupported("use_sliding_window"));
  json mistral = minimal();
  mistral["model_type"] = "mistral";
  mistral["architectures"] = {"MistralForCausalLM"};
  mistral["num_key_value_heads"] = 2;
  mistral["sliding_window"] = int64_t(1) << 31;
  auto longest = parse(mistral);
  ASSERT_FALSE(longest.has_value());
  EXPECT_NE(longest.error().message.find(
                "$.sliding_window: expected an integer from 1 to 268435456, got 2147483648"),
            std::string::npos)
      << longest.error().message;
  EXPECT_EQ(messageWith("partial_rotary_factor", 0.5), unsupported("partial_rotary_factor"));
  EXPECT_EQ(messageWith("attn_logit_softcapping", 50.0), unsupported("attn_logit_softcapping"));
  EXPECT_EQ(messageWith("attn_logit_softcapping", nullptr), "no error");
  EXPECT_EQ(messageWith("rope_scaling", {{"rope_type", "longrope"}, {"factor", 4.0}}),
            "c: $.rope_scaling.rope_type: expected a kind of RoPE scaling that is supported: 'default', "
            "'linear', 'llama3' or 'yarn', got 'longrope'");
  EXPECT_EQ(messageWith("rope_scaling", {{"rope_type", "linear"}, {"factor", 4.0}, {"mrope_section", {1, 2}}})
                .substr(0, 30),
            "c: $.rope_scaling.mrope_sectio");
  EXPECT_EQ(messageWith("layer_types", {"full_attention", "full_attention"}),
            "c: $.layer_types: expected an array of 3 kinds of attention, got an array");
  EXPECT_EQ(messageWith("layer_types", {"full_attention", "sliding_attention", "full_attention"}),
            "c: $.layer_types[1]: expected 'full_attention', as the model has no sliding window, got "
            "'sliding_attention'");
}

TEST(DecoderConfig, FamiliesDiffer) {
  auto family = [](const std::string &type, const std::string &architecture,
                   const json &more = json::object()) {
    json config = minimal();
    config["model_type"] = type;
    config["architectures"] = {architecture};
    config["num_key_value_heads"] = 2;
    config["head_dim"] = 12;
    config.update(more);
    auto read = parse(config);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return read ? *read : DecoderConfig();
  };
  using Windows = std::vector<int64_t>;
  EXPECT_EQ(family("mistral", "MistralForCausalLM").window, (Windows{4096, 4096, 4096}));
  EXPECT_EQ(family("mistral", "MistralForCausalLM", {{"sliding_window", nullptr}}).window,
            (Windows{0, 0, 0}));
  DecoderConfig qwen2 = family("qwen2", "Qwen2ForCausalLM", {{"sliding_window", 9}});
  EXPECT_EQ(qwen2.window, (Windows{0, 0, 0}));
  EXPECT_TRUE(qwen2.queryKeyValueBias && !qwen2.outputBias);
  EXPECT_EQ(family("qwen2", "Qwen2ForCausalLM",
                   {{"sliding_window", 9}, {"use_sliding_window", true}, {"max_window_layers", 2}})
                .window,
            (Windows{0, 0, 9}));
  EXPECT_TRUE(family("qwen3", "Qwen3ForCausalLM").queryKeyNorm);
  EXPECT_EQ(family("qwen3", "Qwen3ForCausalLM", {{"head_dim", nullptr}}).headSize, 128);
  DecoderConfig gemma = family("gemma", "GemmaForCausalLM", {{"hidden_act", "gelu"}});
  EXPECT_EQ(gemma.activation, Activation::GeluTanh);
  EXPECT_TRUE(gemma.tieWordEmbeddings);
  EXPECT_FLOAT_EQ(gemma.embeddingScale, 6.9282032f);
  json uncapped = {{"attn_logit_softcapping", nullptr}, {"query_pre_attn_scalar", 16}};
  DecoderConfig gemma2 = family("gemma2", "Gemma2ForCausalLM", uncapped);
  EXPECT_EQ(gemma2.window, (Windows{4096, 0, 4096}));
  EXPECT_EQ(gemma2.finalSoftcap, 30);
  EXPECT_EQ(gemma2.attentionSoftcap, 0);
  EXPECT_EQ(gemma2.attentionScale, 0.25);
  DecoderConfig phi = family("phi", "PhiForCausalLM");
  EXPECT_EQ(phi.rotary.size, 6);
  EXPECT_TRUE(phi.parallelResidual && !phi.gatedMlp && phi.headBias);
  EXPECT_EQ(family("llama", "LlamaForCausalLM", {{"attention_bias", true}}).outputBias, true);
  // What the family's own configuration caps, a file must say it does not.
  EXPECT_EQ(family("gemma2", "Gemma2ForCausalLM").attentionSoftcap, 50);
  EXPECT_EQ(family("gemma2", "Gemma2ForCausalLM", {{"attn_logit_softcapping", 2.5}}).attentionSoftcap, 2.5);
  json capped = minimal();
  capped.update({{"model_type", "gemma2"},
                 {"architectures", {"Gemma2ForCausalLM"}},
                 {"num_key_value_heads", 2},
                 {"attn_logit_softcapping", -1}});
  auto read = parse(capped);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().message.substr(0, 47), "c: $.attn_logit_softcapping: expected a number ");
}

TEST(DecoderConfig, RopeScaling) {
  EXPECT_EQ(messageWith("rope_scaling", nullptr), "no error");
  EXPECT_EQ(messageWith("rope_scaling", {{"rope_type", "default"}}), "no error");
  EXPECT_EQ(messageWith("rope_scaling", {{"type", "linear"}, {"factor", 2.0}}), "no error");
  EXPECT_EQ(messageWith("rope_scaling", {{"type", "linear"}, {"factor", 0.5}}),
            "c: $.rope_scaling.factor: expected a number from 1.0 to 1000000.0, got 0.5");
  EXPECT_EQ(messageWith("rope_scaling", {{"type", "linear"}}),
            "c: $.rope_scaling.factor: expected a number from 1.0 to 1000000.0, got nothing");
  EXPECT_EQ(messageWith("rope_scaling", "linear"), "c: $.rope_scaling: expected an object, got 'linear'");
  EXPECT_EQ(messageWith("rope_scaling", {{"type", "llama3"},
                                         {"factor", 8},
                                         {"low_freq_factor", 4},
                                         {"high_freq_factor", 4},
                                         {"original_max_position_embeddings", 8192}}),
            "c: $.rope_scaling.high_freq_factor: expected more than low_freq_factor (4), got 4");
  json newer = minimal();
  newer["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 123.0}};
  auto config = parse(newer);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->rotary.theta, 123);
}

TEST(DecoderConfig, Sizes) {
  for (const char *key :
       {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size"}) {
    std::string place = "c: $." + std::string(key) + ": expected an integer from 1 to ";
    for (const json &bad : {json(0), json(-7), json(1e300), json(1.5), json("8"), json(true),
                            json(UINT64_MAX), json(INT64_MAX), json::array({8}), absent, json(nullptr)}) {
      EXPECT_EQ(messageWith(key, bad).substr(0, place.size()), place) << bad;
    }
  }
  EXPECT_EQ(messageWith("hidden_size", 1 << 21),
            "c: $.hidden_size: expected an integer from 1 to 1048576, got 2097152");
  EXPECT_EQ(messageWith("hidden_size", 50),
            "c: $.hidden_size: expected a multiple of num_attention_heads (6), as there "
            "is no head_dim, got 50");
  EXPECT_EQ(messageWith("num_key_value_heads", 4),
            "c: $.num_key_value_heads: expected a divisor of num_attention_heads (6), got 4");
  EXPECT_EQ(messageWith("head_dim", 7),
            "c: $.head_dim: heads of 7, expected an even size up to 4096, as rotary embeddings turn pairs");
  EXPECT_EQ(messageWith("hidden_size", 6 * 7),
            "c: $.head_dim: heads of 7, expected an even size up to 4096, as rotary embeddings turn pairs");
  EXPECT_EQ(messageWith("rms_norm_eps", -1e-5),
            "c: $.rms_norm_eps: expected a number from 0.0 to 1.0, got -1e-05");
}

TEST(DecoderConfig, Tokens) {
  EXPECT_EQ(messageWith("bos_token_id", 101),
            "c: $.bos_token_id: expected an integer from 0 to 100, got 101");
  EXPECT_EQ(messageWith("eos_token_id", {1, -1}),
            "c: $.eos_token_id[1]: expected an integer from 0 to 100, got -1");
  EXPECT_EQ(messageWith("eos_token_id", nullptr), "no error");
}

TEST(DecoderConfig, HostileText) {
  auto message = [](const std::string &text) {
    auto config = parseHuggingFaceConfig(text, "c");
    return config ? "no error" : config.error().message;
  };
  EXPECT_EQ(message("[]"), "c: $: expected an object, got an array");
  EXPECT_EQ(message(std::string(1 << 20, '[')), "c: nested deeper than 64 levels");
  EXPECT_EQ(message(R"({"hidden_size":1,"hidden_size":2})"),
            "c: $.hidden_size: the key is given twice in one object");
  EXPECT_EQ(message(std::string((16 << 20) + 1, ' ')),
            "c: 16777217 bytes of JSON, at most 16777216 are read");
  std::string whole = minimal().dump();
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(message(whole.substr(0, length)), "no error") << length;
  }
  auto missing = readHuggingFaceConfig("/nonexistent/model");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message, "/nonexistent/model: No such file or directory");
}
