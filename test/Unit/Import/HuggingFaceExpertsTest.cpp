// Mixtures of experts and latent attention in config.json.
#include "ImportTestSupport.h"
#include "coopt/Import/ModelGenerator.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;
using namespace coopt::test;
using nlohmann::json;

namespace {

/// The keys of the published files of DeepSeek V3, with other sizes.
json deepseekV3() {
  return {{"architectures", {"DeepseekV3ForCausalLM"}},
          {"model_type", "deepseek_v3"},
          {"hidden_size", 48},
          {"intermediate_size", 100},
          {"num_hidden_layers", 5},
          {"num_nextn_predict_layers", 1},
          {"num_attention_heads", 6},
          {"num_key_value_heads", 6},
          {"vocab_size", 389},
          {"q_lora_rank", 25},
          {"kv_lora_rank", 17},
          {"qk_nope_head_dim", 12},
          {"qk_rope_head_dim", 4},
          {"v_head_dim", 9},
          {"n_routed_experts", 24},
          {"num_experts_per_tok", 5},
          {"moe_intermediate_size", 21},
          {"n_shared_experts", 2},
          {"n_group", 4},
          {"topk_group", 3},
          {"topk_method", "noaux_tc"},
          {"scoring_func", "sigmoid"},
          {"norm_topk_prob", true},
          {"routed_scaling_factor", 1.75},
          {"first_k_dense_replace", 2},
          {"moe_layer_freq", 1},
          {"ep_size", 1},
          {"rope_scaling",
           {{"type", "yarn"},
            {"factor", 40},
            {"beta_fast", 32},
            {"beta_slow", 1},
            {"mscale", 1.0},
            {"mscale_all_dim", 1.0},
            {"original_max_position_embeddings", 4096}}}};
}

json deepseekV2() {
  json config = deepseekV3();
  config.update({{"architectures", {"DeepseekV2ForCausalLM"}},
                 {"model_type", "deepseek_v2"},
                 {"q_lora_rank", nullptr},
                 {"topk_method", "group_limited_greedy"},
                 {"scoring_func", "softmax"},
                 {"norm_topk_prob", false}});
  config.erase("num_nextn_predict_layers");
  return config;
}

const json absent = json(json::value_t::discarded);

json with(json config, const std::string &key, const json &value) {
  config.erase(key);
  if (!value.is_discarded()) {
    config[key] = value;
  }
  return config;
}

DecoderConfig good(const json &config) {
  auto read = parseHuggingFaceConfig(config.dump(), "c");
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message);
  return read ? *read : DecoderConfig();
}

/// The message when one key has another value; a discarded value removes the key.
std::string messageWith(const json &config, const std::string &key, const json &value) {
  auto read = parseHuggingFaceConfig(with(config, key, value).dump(), "c");
  return read ? "no error" : read.error().message;
}

} // namespace

TEST(LatentAttention, Sizes) {
  DecoderConfig config = good(deepseekV3());
  EXPECT_EQ(config.latent.queryRank, 25);
  EXPECT_EQ(config.latent.keyValueRank, 17);
  EXPECT_EQ(config.latent.unturned, 12);
  EXPECT_EQ(config.latent.turned, 4);
  EXPECT_EQ(config.latent.valueSize, 9);
  EXPECT_EQ(config.headSize, 16);
  EXPECT_EQ(config.keyValueHeads, 6);
  EXPECT_EQ(config.rotary.first, 12);
  EXPECT_EQ(config.rotary.size, 4);
  EXPECT_EQ(config.rotary.pairs, RotaryEmbedding::Pairs::Neighbours);
  EXPECT_EQ(config.rotary.scaling.attentionFactor, 1);
  // 1 / sqrt(16), times the square of 0.1 ln(40) + 1.
  EXPECT_NEAR(config.attentionScale, 0.25 * std::pow(1.3688879454113936, 2), 1e-12);
  EXPECT_EQ(good(with(deepseekV3(), "rope_scaling", nullptr)).attentionScale, 0.25);
  EXPECT_EQ(good(with(deepseekV3(), "rope_interleave", false)).rotary.pairs, RotaryEmbedding::Pairs::Halves);
  // The library says the turned part again in head_dim.
  EXPECT_EQ(good(with(deepseekV3(), "head_dim", 4)).headSize, 16);
  EXPECT_EQ(good(with(deepseekV3(), "q_lora_rank", nullptr)).latent.queryRank, 0);
  EXPECT_EQ(good(with(deepseekV3(), "q_lora_rank", absent)).latent.queryRank, 1536);
  EXPECT_EQ(good(with(deepseekV3(), "num_key_value_heads", absent)).keyValueHeads, 6);
  EXPECT_EQ(good(with(deepseekV3(), "v_head_dim", 16)).latent.valueSize, 16);
}

TEST(LatentAttention, Mistakes) {
  auto message = [](const char *key, const json &value) { return messageWith(deepseekV3(), key, value); };
  EXPECT_EQ(
      message("num_key_value_heads", 3),
      "c: $.num_key_value_heads: expected num_attention_heads (6), as each head has its own key, got 3");
  EXPECT_EQ(message("qk_rope_head_dim", 5),
            "c: $.qk_rope_head_dim: expected an even size, as rotary embeddings turn pairs, got 5");
  EXPECT_EQ(
      message("qk_nope_head_dim", 11),
      "c: $.qk_nope_head_dim: keys of 15 elements with those of qk_rope_head_dim, expected an even size "
      "up to 4096");
  EXPECT_EQ(message("qk_nope_head_dim", 4096),
            "c: $.qk_nope_head_dim: keys of 4100 elements with those of qk_rope_head_dim, expected an even "
            "size up to 4096");
  EXPECT_EQ(message("v_head_dim", 17),
            "c: $.v_head_dim: expected at most the size of a key (16) in this version, got 17");
  for (const char *key :
       {"q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"}) {
    std::string place = "c: $." + std::string(key) + ": expected an integer from 1 to ";
    for (const json &bad : {json(0), json(-7), json(1e300), json(1.5), json("8"), json(true), json(INT64_MAX),
                            json::array({8})}) {
      EXPECT_EQ(message(key, bad).substr(0, place.size()), place) << bad;
    }
  }
  EXPECT_EQ(message("rope_interleave", "yes"), "c: $.rope_interleave: expected true or false, got 'yes'");
  // What has plain attention takes no such keys.
  json plain = {{"architectures", {"LlamaForCausalLM"}},
                {"hidden_size", 48},
                {"intermediate_size", 100},
                {"num_hidden_layers", 3},
                {"vocab_size", 101},
                {"num_attention_heads", 6}};
  EXPECT_EQ(messageWith(plain, "kv_lora_rank", 8),
            "c: $.kv_lora_rank: is not supported in this version for the family llama");
}

TEST(LatentAttention, Tensors) {
  auto names = [](const json &config) {
    std::vector<std::string> found;
    for (const ExpectedTensor &tensor : decoderTensors(good(config))) {
      const std::string prefix = "model.layers.4.self_attn.";
      if (tensor.name.substr(0, prefix.size()) == prefix) {
        std::string text = tensor.name.substr(prefix.size());
        for (int64_t size : tensor.shape) {
          text += " " + std::to_string(size);
        }
        found.push_back(text);
      }
    }
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(deepseekV3()),
            (Names{"q_a_proj.weight 25 48", "q_a_layernorm.weight 25", "q_b_proj.weight 96 25",
                   "kv_a_proj_with_mqa.weight 21 48", "kv_a_layernorm.weight 17", "kv_b_proj.weight 126 17",
                   "o_proj.weight 48 54"}));
  EXPECT_EQ(names(with(deepseekV2(), "attention_bias", true)),
            (Names{"q_proj.weight 96 48", "kv_a_proj_with_mqa.weight 21 48", "kv_a_proj_with_mqa.bias 21",
                   "kv_a_layernorm.weight 17", "kv_b_proj.weight 126 17", "o_proj.weight 48 54",
                   "o_proj.bias 48"}));
  EXPECT_EQ(
      names(with(with(deepseekV3(), "attention_bias", true), "v_head_dim", 16)),
      (Names{"q_a_proj.weight 25 48", "q_a_proj.bias 25", "q_a_layernorm.weight 25", "q_b_proj.weight 96 25",
             "kv_a_proj_with_mqa.weight 21 48", "kv_a_proj_with_mqa.bias 21", "kv_a_layernorm.weight 17",
             "kv_b_proj.weight 168 17", "o_proj.weight 48 96", "o_proj.bias 48"}));
}

TEST(ExpertsConfig, DeepseekV3) {
  DecoderConfig config = good(deepseekV3());
  const ExpertsConfig &experts = config.experts;
  EXPECT_EQ(experts.count, 24);
  EXPECT_EQ(experts.perToken, 5);
  EXPECT_EQ(experts.intermediateSize, 21);
  EXPECT_EQ(experts.sharedIntermediateSize, 42);
  EXPECT_FALSE(experts.sharedGate);
  EXPECT_EQ(experts.groups, 4);
  EXPECT_EQ(experts.keptGroups, 3);
  EXPECT_TRUE(experts.groupsByTwoBest && experts.choiceBias && experts.renormalise);
  EXPECT_EQ(experts.scores, ExpertsConfig::Scores::Sigmoid);
  EXPECT_EQ(experts.epsilon, 1e-20);
  EXPECT_EQ(experts.scale, 1.75);
  EXPECT_EQ(experts.layers, (std::vector<bool>{false, false, true, true, true}));
  auto all = decoderTensors(config);
  auto bias = std::find_if(all.begin(), all.end(), [](const ExpectedTensor &tensor) {
    return tensor.name == "model.layers.2.mlp.gate.e_score_correction_bias";
  });
  ASSERT_NE(bias, all.end());
  EXPECT_EQ(bias->shape, (std::vector<int64_t>{24}));
  EXPECT_EQ(bias->role, ExpectedTensor::Role::ChoiceBias);

  json defaults = with(with(deepseekV3(), "first_k_dense_replace", absent), "n_shared_experts", absent);
  for (const char *key : {"n_group", "topk_group", "topk_method", "scoring_func", "routed_scaling_factor"}) {
    defaults.erase(key);
  }
  config = good(defaults);
  EXPECT_EQ(config.experts.groups, 8);
  EXPECT_EQ(config.experts.keptGroups, 4);
  EXPECT_EQ(config.experts.scale, 2.5);
  EXPECT_EQ(config.experts.sharedIntermediateSize, 21);
  EXPECT_EQ(config.experts.layers, (std::vector<bool>{false, false, false, true, true}));
  // One group is none.
  config = good(with(with(deepseekV3(), "n_group", 1), "topk_group", 1));
  EXPECT_FALSE(config.experts.groupsByTwoBest);
}

TEST(ExpertsConfig, DeepseekV2) {
  DecoderConfig config = good(deepseekV2());
  EXPECT_EQ(config.experts.groups, 4);
  EXPECT_EQ(config.experts.keptGroups, 3);
  EXPECT_EQ(config.experts.scores, ExpertsConfig::Scores::Softmax);
  EXPECT_FALSE(config.experts.groupsByTwoBest || config.experts.choiceBias || config.experts.renormalise);
  EXPECT_EQ(config.experts.scale, 1.75);
  EXPECT_EQ(good(with(deepseekV2(), "n_shared_experts", absent)).experts.sharedIntermediateSize, 42);
  // Groups count only where the method looks at them.
  for (const json &greedy : {json("greedy"), json(nullptr), absent}) {
    json whole = with(deepseekV2(), "topk_method", greedy);
    EXPECT_EQ(good(whole).experts.groups, 1);
    EXPECT_EQ(good(with(whole, "n_group", nullptr)).experts.keptGroups, 1);
    EXPECT_EQ(messageWith(whole, "num_experts_per_tok", 24), "no error");
  }
}

TEST(ExpertsConfig, Mistakes) {
  auto message = [](const char *key, const json &value) { return messageWith(deepseekV3(), key, value); };
  EXPECT_EQ(message("n_group", 5), "c: $.n_group: expected a divisor of n_routed_experts (24), got 5");
  EXPECT_EQ(message("n_group", 24),
            "c: $.n_group: expected groups of two experts at least, as their two best rank them, got 24");
  EXPECT_EQ(message("n_group", nullptr), "c: $.n_group: expected an integer from 1 to 4096, got null");
  EXPECT_EQ(message("topk_group", 0), "c: $.topk_group: expected an integer from 1 to 4096, got 0");
  EXPECT_EQ(message("topk_group", 5), "c: $.topk_group: expected at most n_group (4), got 5");
  EXPECT_EQ(message("num_experts_per_tok", 18), "no error");
  EXPECT_EQ(message("num_experts_per_tok", 19),
            "c: $.num_experts_per_tok: expected at most the 18 experts of the groups that are kept, got 19");
  EXPECT_EQ(message("num_experts_per_tok", 25),
            "c: $.num_experts_per_tok: expected at most 24 experts a token, got 25");
  EXPECT_EQ(message("topk_method", "greedy"), "c: $.topk_method: expected 'noaux_tc', got 'greedy'");
  EXPECT_EQ(message("scoring_func", "softmax"), "c: $.scoring_func: expected 'sigmoid', got 'softmax'");
  EXPECT_EQ(message("routed_scaling_factor", 0),
            "c: $.routed_scaling_factor: expected a number from 1e-06 to 1000000.0, got 0");
  EXPECT_EQ(message("num_local_experts", 8),
            "c: $.num_local_experts: is not supported in this version for the family deepseek_v3");
  EXPECT_EQ(
      message("quantization_config", {{"quant_method", "fp8"}, {"weight_block_size", {128, 128}}}),
      "c: $.quantization_config.quant_method: expected 'gptq', 'awq' or 'compressed-tensors', got 'fp8'");

  auto second = [](const char *key, const json &value) { return messageWith(deepseekV2(), key, value); };
  EXPECT_EQ(second("topk_method", "noaux_tc"),
            "c: $.topk_method: expected 'greedy' or 'group_limited_greedy', got 'noaux_tc'");
  EXPECT_EQ(second("scoring_func", "sigmoid"), "c: $.scoring_func: expected 'softmax', got 'sigmoid'");
  EXPECT_EQ(second("norm_topk_prob", true),
            "c: $.norm_topk_prob: expected false, as implementations of true differ, got true");
  EXPECT_EQ(second("n_group", absent), "c: $.n_group: expected an integer from 1 to 4096, got nothing");
  EXPECT_EQ(second("n_group", 24), "c: $.num_experts_per_tok: expected at most the 3 experts of the groups "
                                   "that are kept, got 5");
  EXPECT_EQ(second("num_experts_per_tok", absent),
            "c: $.num_experts_per_tok: expected an integer, got nothing");
  EXPECT_EQ(second("mlp_bias", true),
            "c: $.mlp_bias: is not supported in this version for the family deepseek_v2");
}

// What the generator writes says the same when it is read.
TEST(ExpertsConfig, WrittenAndReadAgain) {
  for (const json &each :
       {deepseekV3(), deepseekV2(), with(deepseekV3(), "rope_interleave", false),
        with(deepseekV2(), "topk_method", "greedy"), with(deepseekV3(), "attention_bias", true)}) {
    DecoderConfig config = good(each);
    DecoderConfig again = good(json::parse(huggingFaceConfigJson(config, TensorType::F32)));
    EXPECT_EQ(again.headSize, config.headSize);
    EXPECT_EQ(again.keyValueHeads, config.keyValueHeads);
    EXPECT_EQ(again.outputBias, config.outputBias);
    EXPECT_EQ(again.attentionScale, config.attentionScale);
    EXPECT_EQ(again.rotary.pairs, config.rotary.pairs);
    EXPECT_EQ(rotaryFrequencies(again.rotary), rotaryFrequencies(config.rotary));
    EXPECT_EQ(again.experts.groups, config.experts.groups);
    EXPECT_EQ(again.experts.keptGroups, config.experts.keptGroups);
    EXPECT_EQ(again.experts.scale, config.experts.scale);
    EXPECT_EQ(again.experts.renormalise, config.experts.renormalise);
    EXPECT_EQ(again.experts.layers, config.experts.layers);
    auto left = decoderTensors(again), right = decoderTensors(config);
    ASSERT_EQ(left.size(), right.size());
    for (size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].name, right[i].name);
      EXPECT_EQ(left[i].shape, right[i].shape) << left[i].name;
    }
  }
}
