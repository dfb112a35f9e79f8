//===- coopt-gen.cpp - Models of any size with seeded weights --------------------===//
#include "coopt/Import/HuggingFaceConfig.h"
#include "coopt/Import/ModelGenerator.h"
#include "coopt/Support/StandardOutput.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <unistd.h>

using namespace coopt;
using namespace coopt::import;

namespace {

// From here on a person would wonder whether anything happens.
constexpr uint64_t progressFrom = uint64_t(256) << 20;

/// "yarn:4" to a stretching from maxPositions / factor positions.
Status parseRope(const std::string &text, DecoderConfig &config) {
  size_t colon = text.find(':');
  std::string kind = text.substr(0, colon), number = colon == text.npos ? "" : text.substr(colon + 1);
  char *end = nullptr;
  RopeScaling &scaling = config.rotary.scaling;
  scaling.factor = std::strtod(number.c_str(), &end);
  if (number.empty() || *end || !(scaling.factor >= 1) || !(scaling.factor <= 1e6)) {
    return fail("--rope-scaling: expected KIND:FACTOR, the factor from 1 to 1000000, got '" + text + "'");
  }
  if (kind == "linear") {
    scaling.kind = RopeScaling::Kind::Linear;
  } else if (kind == "llama3") {
    scaling.kind = RopeScaling::Kind::Llama3;
    scaling.highFrequencyFactor = 4;
  } else if (kind == "yarn") {
    scaling.kind = RopeScaling::Kind::Yarn;
    scaling.attentionFactor = 0.1 * std::log(scaling.factor) + 1.0;
    if (config.latent.isUsed()) { // mscale and mscale_all_dim of published models are equal
      scaling.attentionFactor = scaling.scoreScale = 1;
    }
  } else {
    return fail("--rope-scaling: unknown kind '" + kind + "': expected linear, llama3 or yarn");
  }
  double positions = static_cast<double>(config.maxPositions) / scaling.factor;
  scaling.originalMaxPositions = std::max<int64_t>(1, static_cast<int64_t>(positions));
  return {};
}

/// What the command line says of experts; 0: nothing.
struct ExpertSizes {
  int64_t count = 0, perToken = 0, intermediateSize = 0, shared = 0, denseLayers = -1, groups = 0,
          keptGroups = 0;

  bool isGiven() const {
    return count || perToken || intermediateSize || shared || denseLayers >= 0 || groups || keptGroups;
  }
};

/// Puts groups into experts that have their count and those of a token.
Status applyGroups(ExpertsConfig &experts, const std::string &architecture, const ExpertSizes &sizes) {
  bool hasGroups = architecture == "deepseek_v2" || architecture == "deepseek_v3";
  if ((sizes.groups || sizes.keptGroups) && !hasGroups) {
    return fail("--groups: " + architecture + " has no groups of experts");
  }
  const bool byTwoBest = experts.groupsByTwoBest;
  experts.groups = std::max<int64_t>(sizes.groups, 1);
  experts.keptGroups = sizes.keptGroups ? sizes.keptGroups : (experts.groups + 1) / 2;
  experts.groupsByTwoBest = byTwoBest && experts.groups > 1;
  int64_t size = experts.count / experts.groups;
  auto got = [](int64_t value) { return ", got " + std::to_string(value); };
  if (experts.count % experts.groups != 0) {
    return fail("--groups: expected a divisor of --experts (" + std::to_string(experts.count) + ")" +
                got(experts.groups));
  }
  if (experts.groupsByTwoBest && size < 2) {
    return fail("--groups: expected groups of two experts at least, as their two best rank them" +
                got(experts.groups));
  }
  if (experts.keptGroups > experts.groups) {
    return fail("--kept-groups: expected at most --groups (" + std::to_string(experts.groups) + ")" +
                got(experts.keptGroups));
  }
  if (experts.perToken > experts.keptGroups * size) {
    return fail("--experts-per-token: expected at most the " + std::to_string(experts.keptGroups * size) +
                " experts of the groups that are kept" + got(experts.perToken));
  }
  return {};
}

/// What the command line says of latent attention; 0: nothing.
struct LatentSizes {
  int64_t queryRank = 0, keyValueRank = 0, unturned = 0, turned = 0, valueSize = 0;
};

/// Puts them, or what follows from the size of a head, into latent attention.
Status applyLatent(DecoderConfig &config, const DecoderConfig &family, const std::string &architecture,
                   const LatentSizes &sizes) {
  if (!family.latent.isUsed()) {
    bool isGiven = sizes.queryRank || sizes.keyValueRank || sizes.unturned || sizes.turned || sizes.valueSize;
    return isGiven ? Status(fail("--kv-rank and what belongs to it: " + architecture +
                                 " has no latent attention"))
                   : Status();
  }
  if (config.keyValueHeads != config.heads) {
    return fail("--kv-heads: expected --heads (" + std::to_string(config.heads) + "), as each head of " +
                architecture + " has its own key, got " + std::to_string(config.keyValueHeads));
  }
  LatentAttention &latent = config.latent;
  latent = family.latent;
  auto either = [](int64_t given, int64_t otherwise) { return given ? given : otherwise; };
  latent.keyValueRank = either(sizes.keyValueRank, 4 * config.headSize);
  latent.queryRank = either(sizes.queryRank, architecture == "deepseek_v2" ? 0 : 3 * latent.keyValueRank);
  latent.unturned = either(sizes.unturned, config.headSize);
  latent.turned = either(sizes.turned, (config.headSize / 2 + 1) / 2 * 2);
  latent.valueSize = either(sizes.valueSize, config.headSize);
  if (latent.turned % 2 != 0) {
    return fail("--rope-dim: expected an even number, got " + std::to_string(latent.turned));
  }
  if (latent.unturned % 2 != 0) {
    return fail("--nope-dim: expected an even number, got " + std::to_string(latent.unturned));
  }
  if (latent.valueSize > latent.keySize()) {
    return fail("--value-dim: expected at most --nope-dim + --rope-dim (" + std::to_string(latent.keySize()) +
                "), got " + std::to_string(latent.valueSize));
  }
  config.headSize = latent.keySize();
  return {};
}

/// Puts the sizes of `config` into the experts of the family.
Status applyExperts(DecoderConfig &config, const DecoderConfig &family, const std::string &architecture,
                    const ExpertSizes &sizes) {
  if (family.experts.count == 0) {
    return sizes.isGiven()
               ? Status(fail("--experts and what belongs to it: " + architecture + " has no experts"))
               : Status();
  }
  if (sizes.count == 0) {
    return fail("--experts: expected the number of experts of each layer, as " + architecture + " has them");
  }
  ExpertsConfig &experts = config.experts;
  experts = family.experts;
  experts.count = sizes.count;
  experts.perToken = sizes.perToken ? sizes.perToken : std::min<int64_t>(2, sizes.count);
  experts.intermediateSize = sizes.intermediateSize ? sizes.intermediateSize : config.intermediateSize;
  if (experts.perToken > experts.count) {
    return fail("--experts-per-token: expected at most the " + std::to_string(experts.count) +
                " experts, got " + std::to_string(experts.perToken));
  }
  if (auto status = applyGroups(experts, architecture, sizes); !status) {
    return status;
  }
  bool isShared = architecture == "qwen2_moe" || architecture.rfind("deepseek", 0) == 0;
  if (sizes.shared && !isShared) {
    return fail("--shared-experts: " + architecture + " has no shared experts");
  }
  experts.sharedIntermediateSize =
      isShared ? std::max<int64_t>(sizes.shared, 1) * experts.intermediateSize : 0;
  int64_t dense = std::max<int64_t>(sizes.denseLayers, 0);
  if (dense > 0 && (architecture == "mixtral" || architecture == "olmoe")) {
    return fail("--dense-layers: all layers of " + architecture + " have experts");
  }
  experts.layers.clear();
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    experts.layers.push_back(layer >= dense);
  }
  return {};
}

/// Puts the sizes of `config` into what the family has by default.
Status applyFamily(DecoderConfig &config, const std::string &architecture, bool attentionBias, int64_t window,
                   std::optional<double> attentionCap, const std::string &rope, const ExpertSizes &experts,
                   const LatentSizes &latent) {
  DecoderConfig family = huggingFaceDefaults(architecture);
  config.family = family.family;
  config.norm = family.norm;
  config.queryKeyNorm = family.queryKeyNorm;
  config.sandwichNorms = family.sandwichNorms;
  config.parallelResidual = family.parallelResidual;
  config.queryKeyValueBias = family.queryKeyValueBias || attentionBias;
  config.outputBias = family.outputBias || attentionBias;
  config.mlpBias = family.mlpBias;
  config.headBias = family.headBias;
  config.activation = family.activation;
  config.gatedMlp = family.gatedMlp;
  config.names = family.names;
  config.queryKeyNormWhole = family.queryKeyNormWhole;
  config.rotary.pairs = family.rotary.pairs;
  config.tieWordEmbeddings |= family.tieWordEmbeddings;
  config.window.assign(static_cast<size_t>(config.layers), window);
  if (architecture == "gemma2") {
    config.finalSoftcap = 30;
    config.attentionSoftcap = attentionCap.value_or(50);
  } else if (attentionCap) {
    return fail("--attention-cap: expected --arch=gemma2, got " + architecture);
  }
  if (auto status = applyLatent(config, family, architecture, latent); !status) {
    return status;
  }
  if (auto status = applyExperts(config, family, architecture, experts); !status) {
    return status;
  }
  if (!rope.empty()) {
    return parseRope(rope, config);
  }
  return {};
}

int report(const std::string &message) {
  std::fprintf(stderr, "coopt-gen: error: %s\n", message.c_str());
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Writes a model of the given sizes with seeded random weights: config.json, "
               "model*.safetensors and tokenizer.json. The "
               "same sizes and seed give the same weights on every machine and for any number of shards.");
  app.name("coopt-gen");
  app.footer("Example:\n  coopt-gen --layers=2 --hidden=256 --heads=8 --kv-heads=4 --ffn=688 --vocab=512 "
             "--seed=1 -o DIR");
  GeneratorOptions options;
  DecoderConfig &config = options.config;
  config.bos = 1;
  config.eos = {2};
  config.normEpsilon = 1e-5;
  std::string architecture = "llama", type = "f32", directory;
  app.add_option("--arch", architecture, "Family of the model")
      ->check(CLI::IsMember(huggingFaceFamilies()))
      ->capture_default_str();
  auto size = [&](const char *flag, int64_t &value, int64_t most, const std::string &text) {
    return app.add_option(flag, value, text)->check(CLI::Range(int64_t(1), most))->type_name("N");
  };
  size("--layers", config.layers, 4096, "Number of decoder layers")->required();
  size("--hidden", config.hiddenSize, 1 << 20, "Width of the residual stream")->required();
  size("--heads", config.heads, 1 << 14, "Number of attention heads")->required();
  auto *keyValueHeads = size("--kv-heads", config.keyValueHeads, 1 << 14,
                             "Number of key and value heads, a divisor of --heads [default: --heads]");
  size("--ffn", config.intermediateSize, 1 << 20, "Width of the feed-forward layers")->required();
  app.add_option("--vocab", config.vocabularySize,
                 "Number of tokens, at least " + std::to_string(minimumGeneratedVocabulary))
      ->check(CLI::Range(minimumGeneratedVocabulary, int64_t(1) << 22))
      ->type_name("N")
      ->required();
  size("--max-positions", config.maxPositions, int64_t(1) << 28, "Longest context")->capture_default_str();
  auto *headSize =
      size("--head-dim", config.headSize, 4096, "Size of a head, even [default: --hidden / --heads]");
  int64_t window = 0;
  size("--window", window, int64_t(1) << 28, "Sliding window, of families that have one [default: none]");
  std::optional<double> attentionCap;
  app.add_option("--attention-cap", attentionCap,
                 "Cap of attention scores, 0 for none (gemma2) [default: 50]")
      ->check(CLI::Range(0.0, 1e12))
      ->type_name("NUMBER");
  ExpertSizes experts;
  size("--experts", experts.count, 4096, "Number of experts of a layer, of families that have them");
  size("--experts-per-token", experts.perToken, 4096, "Experts that a token goes to [default: 2]");
  size("--expert-ffn", experts.intermediateSize, 1 << 20, "Width of an expert [default: --ffn]");
  size("--shared-experts", experts.shared, 4096,
       "Experts that all tokens go to (qwen2_moe, deepseek, deepseek_v2, deepseek_v3) [default: 1]");
  app.add_option("--dense-layers", experts.denseLayers,
                 "The first so many layers have no experts (qwen2_moe, qwen3_moe, deepseek, deepseek_v2, "
                 "deepseek_v3) [default: 0]")
      ->check(CLI::Range(int64_t(0), int64_t(4096)))
      ->type_name("N");
  size("--groups", experts.groups, 4096,
       "Groups of experts, a divisor of --experts (deepseek_v2, deepseek_v3) [default: 1]");
  size("--kept-groups", experts.keptGroups, 4096,
       "Groups from which a token's experts are chosen [default: half of --groups]");
  app.add_option("--embedding-gain", options.embeddingGain,
                 "Factor of the embedding: layers then change the residual stream little by little, as "
                 "trained ones do; about the "
                 "square root of --hidden makes it begin at 1")
      ->check(CLI::Range(1e-6f, 1e6f))
      ->capture_default_str()
      ->type_name("X");
  app.add_option("--router-skew", options.routerSkew,
                 "Popularity of experts falls about like 1 / rank^S, by the biases of the routers "
                 "(deepseek_v3) [default: by chance]")
      ->check(CLI::Range(0.0, 16.0))
      ->type_name("S");
  LatentSizes latent;
  size("--kv-rank", latent.keyValueRank, 1 << 20,
       "Rank of keys and values (deepseek_v2, deepseek_v3) [default: 4 * --head-dim]");
  size("--q-rank", latent.queryRank, 1 << 20,
       "Rank of queries (deepseek_v2, deepseek_v3) [default: 3 * --kv-rank, deepseek_v2: none]");
  size("--nope-dim", latent.unturned, 4096,
       "Elements of a key without positions, even (deepseek_v2, deepseek_v3) [default: --head-dim]");
  size("--rope-dim", latent.turned, 4096,
       "Elements of a key that are turned, even (deepseek_v2, deepseek_v3) [default: half of --head-dim]");
  size("--value-dim", latent.valueSize, 4096,
       "Size of a value (deepseek_v2, deepseek_v3) [default: --head-dim]");
  std::string rope;
  app.add_option(
         "--rope-scaling", rope,
         "Stretch rotary embeddings, from --max-positions / FACTOR positions: linear:FACTOR, llama3:FACTOR "
         "or yarn:FACTOR")
      ->type_name("KIND:FACTOR");
  bool attentionBias = false;
  app.add_flag("--attention-bias", attentionBias,
               "Biases of the attention's projections (llama, qwen3, qwen3_moe, olmoe, gemma, deepseek, "
               "deepseek_v2, deepseek_v3)");
  app.add_flag("--tied", config.tieWordEmbeddings, "The head is the transposed embedding");
  app.add_option("--dtype", type, "Type of the weights")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  app.add_option("--shards", options.shards, "Number of safetensors files")
      ->check(CLI::Range(size_t(1), size_t(99999)))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of the weights")->type_name("N")->capture_default_str();
  bool noise = false;
  app.add_flag("--noise", noise,
               "Store no matrices: coopt-compile makes the same ones from the seed, in f32");
  app.add_flag("--force", options.overwrite, "Replace a model that the folder holds");
  app.add_option("-o,--output", directory, "Folder to write, made if it does not exist")
      ->type_name("DIR")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &stop) {
    if (stop.get_exit_code() != 0) {
      return report(std::string(stop.what()) + " (--help lists the options)");
    }
    auto shown = writeStandardOutput(app.help());
    return shown ? 0 : report(shown.error().message);
  }

  if (noise && type != "f32") {
    return report("--noise: expected --dtype=f32, got " + type);
  }
  if (noise && options.shards != 1) {
    return report("--noise: expected one shard, got " + std::to_string(options.shards));
  }
  if (noise) {
    config.noiseSeed = options.seed;
  }
  options.type = type == "f32" ? TensorType::F32 : type == "f16" ? TensorType::F16 : TensorType::BF16;
  if (!*keyValueHeads) {
    config.keyValueHeads = config.heads;
  }
  if (config.heads % config.keyValueHeads != 0) {
    return report("--kv-heads: expected a divisor of --heads (" + std::to_string(config.heads) + "), got " +
                  std::to_string(config.keyValueHeads));
  }
  if (!*headSize) {
    if (config.hiddenSize % config.heads != 0) {
      return report("--hidden: expected a multiple of --heads (" + std::to_string(config.heads) + "), got " +
                    std::to_string(config.hiddenSize) + "; or give --head-dim");
    }
    config.headSize = config.hiddenSize / config.heads;
  }
  if (config.headSize % 2 != 0) {
    return report(std::string(*headSize ? "--head-dim" : "--hidden / --heads") +
                  ": expected an even number, got " + std::to_string(config.headSize));
  }
  if (auto status =
          applyFamily(config, architecture, attentionBias, window, attentionCap, rope, experts, latent);
      !status) {
    return report(status.error().message);
  }
  if (options.routerSkew != 0 && !config.experts.choiceBias) {
    return report("--router-skew: the routers of " + architecture + " have no biases");
  }
  if (size_t tensors = decoderTensors(config).size(); options.shards > tensors) {
    return report("--shards: expected at most one shard a tensor (" + std::to_string(tensors) + "), got " +
                  std::to_string(options.shards));
  }
  int shown = -1;
  auto progress = [&](uint64_t done, uint64_t total) {
    int percent = static_cast<int>(done * 100.0 / total);
    if (total >= progressFrom && percent != shown && isatty(STDERR_FILENO)) {
      shown = percent;
      std::fprintf(stderr, "\rcoopt-gen: %3d%% of %.1f GiB%s", percent, total / 1073741824.0,
                   done == total ? "\n" : "");
    }
  };
  if (auto status = generateModel(options, directory, progress); !status) {
    if (shown >= 0 && shown < 100) {
      std::fputc('\n', stderr);
    }
    bool taken = status.error().message.find("already") != std::string::npos;
    return report(status.error().message + (taken ? "; --force replaces it" : ""));
  }
  return 0;
}
