#include "HuggingFaceFamilies.h"
#include "coopt/Import/HuggingFaceConfig.h"

using namespace coopt;
using namespace coopt::import;

namespace {

HuggingFaceFamily named(const char *type, const char *architecture) {
  HuggingFaceFamily family;
  family.defaults.family = type;
  family.architecture = architecture;
  return family;
}

HuggingFaceFamily llama() {
  HuggingFaceFamily family = named("llama", "LlamaForCausalLM");
  family.takesAttentionBias = family.takesMlpBias = true;
  return family;
}

HuggingFaceFamily mistral() {
  HuggingFaceFamily family = named("mistral", "MistralForCausalLM");
  family.defaults.maxPositions = 4096 * 32;
  family.keyValueHeads = 8;
  family.windows = WindowRule::All;
  family.window = 4096;
  return family;
}

HuggingFaceFamily qwen2() {
  HuggingFaceFamily family = named("qwen2", "Qwen2ForCausalLM");
  family.defaults.maxPositions = 32768;
  family.defaults.queryKeyValueBias = true;
  family.keyValueHeads = 32;
  family.windows = WindowRule::FromLayer;
  family.window = 4096;
  return family;
}

HuggingFaceFamily qwen3() {
  HuggingFaceFamily family = named("qwen3", "Qwen3ForCausalLM");
  family.defaults.maxPositions = 32768;
  family.defaults.queryKeyNorm = true;
  family.keyValueHeads = 32;
  family.headSize = 128;
  family.windows = WindowRule::FromLayer;
  family.window = 4096;
  family.takesAttentionBias = true;
  return family;
}

HuggingFaceFamily gemma() {
  HuggingFaceFamily family = named("gemma", "GemmaForCausalLM");
  DecoderConfig &config = family.defaults;
  config.maxPositions = 8192;
  config.norm = NormKind::RootMeanSquareOnePlus;
  config.activation = Activation::GeluTanh;
  config.tieWordEmbeddings = true;
  family.keyValueHeads = 16;
  family.headSize = 256;
  family.takesAttentionBias = true;
  family.scaledEmbedding = family.geluMeansTanh = true;
  return family;
}

HuggingFaceFamily gemma2() {
  HuggingFaceFamily family = gemma();
  family.defaults.family = "gemma2";
  family.defaults.sandwichNorms = true;
  DecoderTensorNames &names = family.defaults.names;
  names.afterAttentionNorm = "post_attention_layernorm";
  names.mlpNorm = "pre_feedforward_layernorm";
  names.afterMlpNorm = "post_feedforward_layernorm";
  family.architecture = "Gemma2ForCausalLM";
  family.keyValueHeads = 4;
  family.windows = WindowRule::Alternate;
  family.window = 4096;
  family.queryPreAttentionScalar = 256;
  family.finalSoftcap = 30;
  family.attentionSoftcap = 50;
  family.geluMeansTanh = false;
  return family;
}

HuggingFaceFamily phi() {
  HuggingFaceFamily family = named("phi", "PhiForCausalLM");
  DecoderConfig &config = family.defaults;
  config.norm = NormKind::Layer;
  config.normEpsilon = 1e-5;
  config.parallelResidual = true;
  config.queryKeyValueBias = config.outputBias = config.mlpBias = config.headBias = true;
  config.activation = Activation::GeluTanh;
  config.gatedMlp = false;
  config.names.finalNorm = "model.final_layernorm";
  config.names.output = "self_attn.dense";
  config.names.up = "mlp.fc1";
  config.names.down = "mlp.fc2";
  family.epsilonKey = "layer_norm_eps";
  family.partialRotary = 0.5;
  family.takesPartialRotary = true;
  return family;
}

HuggingFaceFamily mixtral() {
  HuggingFaceFamily family = named("mixtral", "MixtralForCausalLM");
  DecoderConfig &config = family.defaults;
  config.maxPositions = 4096 * 32;
  config.rotary.theta = 1e6;
  config.normEpsilon = 1e-5;
  config.experts.count = 8;
  config.experts.perToken = 2;
  config.experts.renormalise = true;
  ExpertTensorNames &names = config.names.expert;
  names.router = "block_sparse_moe.gate";
  names.experts = "block_sparse_moe.experts";
  names.gate = "w1";
  names.up = "w3";
  names.down = "w2";
  family.keyValueHeads = 8;
  family.windows = WindowRule::All;
  family.experts = ExpertKeys();
  family.experts->count = "num_local_experts";
  family.experts->size = "intermediate_size";
  return family;
}

HuggingFaceFamily qwen2Moe() {
  HuggingFaceFamily family = named("qwen2_moe", "Qwen2MoeForCausalLM");
  DecoderConfig &config = family.defaults;
  config.maxPositions = 32768;
  config.queryKeyValueBias = true;
  config.experts.count = 60;
  config.experts.perToken = 4;
  config.experts.intermediateSize = 1408;
  config.experts.sharedIntermediateSize = 5632;
  config.experts.sharedGate = true;
  config.names.expert.shared = "mlp.shared_expert";
  family.keyValueHeads = 16;
  family.windows = WindowRule::FromLayer;
  family.window = 4096;
  family.experts = ExpertKeys();
  family.experts->renormalise = family.experts->sparseStep = true;
  family.experts->sharedSize = "shared_expert_intermediate_size";
  return family;
}

HuggingFaceFamily qwen3Moe() {
  HuggingFaceFamily family = named("qwen3_moe", "Qwen3MoeForCausalLM");
  DecoderConfig &config = family.defaults;
  config.maxPositions = 32768;
  config.queryKeyNorm = true;
  config.experts.count = 128;
  config.experts.perToken = 8;
  config.experts.intermediateSize = 768;
  family.keyValueHeads = 4;
  family.windows = WindowRule::FromLayer;
  family.window = 4096;
  family.takesAttentionBias = true;
  family.experts = ExpertKeys();
  family.experts->renormalise = family.experts->sparseStep = true;
  return family;
}

HuggingFaceFamily olmoe() {
  HuggingFaceFamily family = named("olmoe", "OlmoeForCausalLM");
  DecoderConfig &config = family.defaults;
  config.maxPositions = 4096;
  config.normEpsilon = 1e-5;
  config.queryKeyNormWhole = true;
  config.experts.count = 64;
  config.experts.perToken = 8;
  family.takesAttentionBias = true;
  family.experts = ExpertKeys();
  family.experts->size = "intermediate_size";
  family.experts->renormalise = true;
  return family;
}

HuggingFaceFamily deepseek() {
  HuggingFaceFamily family = named("deepseek", "DeepseekForCausalLM");
  DecoderConfig &config = family.defaults;
  config.experts.count = 64;
  config.experts.perToken = 6;
  config.experts.intermediateSize = 1407;
  config.experts.epsilon = 1e-20;
  family.takesAttentionBias = true;
  family.experts = ExpertKeys();
  family.experts->count = "n_routed_experts";
  family.experts->renormalise = family.experts->denseFirst = true;
  family.experts->sharedCount = "n_shared_experts";
  return family;
}

/// What DeepSeek V2 and V3 have in common. The sizes are those of a file that lacks them.
HuggingFaceFamily latentExperts(const char *type, const char *architecture) {
  HuggingFaceFamily family = named(type, architecture);
  DecoderConfig &config = family.defaults;
  config.latent = {1536, 512, 128, 64, 128, 1e-6};
  config.rotary.pairs = RotaryEmbedding::Pairs::Neighbours;
  family.takesAttentionBias = true;
  family.experts = ExpertKeys();
  family.experts->count = "n_routed_experts";
  family.experts->denseFirst = true;
  family.experts->sharedCount = "n_shared_experts";
  return family;
}

HuggingFaceFamily deepseekV2() {
  HuggingFaceFamily family = latentExperts("deepseek_v2", "DeepseekV2ForCausalLM");
  DecoderConfig &config = family.defaults;
  config.experts.count = 64;
  config.experts.intermediateSize = 1407;
  family.experts->defaultSharedCount = 2;
  family.experts->groups = ExpertKeys::Groups::ByMethod;
  return family;
}

HuggingFaceFamily deepseekV3() {
  HuggingFaceFamily family = latentExperts("deepseek_v3", "DeepseekV3ForCausalLM");
  DecoderConfig &config = family.defaults;
  config.maxPositions = 4096;
  ExpertsConfig &experts = config.experts;
  experts.count = 256;
  experts.perToken = 8;
  experts.intermediateSize = 2048;
  experts.scores = ExpertsConfig::Scores::Sigmoid;
  experts.groups = 8;
  experts.keptGroups = 4;
  experts.groupsByTwoBest = experts.choiceBias = experts.renormalise = true;
  experts.epsilon = 1e-20;
  experts.scale = 2.5;
  family.takesInterleave = true;
  family.experts->renormalise = true;
  family.experts->defaultSharedCount = 1;
  family.experts->defaultDense = 3;
  family.experts->groups = ExpertKeys::Groups::Always;
  return family;
}

} // namespace

const std::vector<HuggingFaceFamily> &import::huggingFaceFamilyTable() {
  static const std::vector<HuggingFaceFamily> table = {
      llama(),   mistral(),  qwen2(),    qwen3(), gemma(),    gemma2(),     phi(),
      mixtral(), qwen2Moe(), qwen3Moe(), olmoe(), deepseek(), deepseekV2(), deepseekV3()};
  return table;
}

std::vector<std::string> import::huggingFaceFamilies() {
  std::vector<std::string> names;
  for (const HuggingFaceFamily &family : huggingFaceFamilyTable()) {
    names.push_back(family.defaults.family);
  }
  return names;
}

DecoderConfig import::huggingFaceDefaults(const std::string &name) {
  for (const HuggingFaceFamily &family : huggingFaceFamilyTable()) {
    if (family.defaults.family == name) {
      return family.defaults;
    }
  }
  return {};
}
