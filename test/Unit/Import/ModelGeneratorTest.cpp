#include "coopt/Import/ModelGenerator.h"
#include "ImportTestSupport.h"
#include "coopt/Import/TokenizerJson.h"

#include <cmath>
#include <cstring>
#include <map>
#include <random>

using namespace coopt;
using namespace coopt::import;
using namespace coopt::test;

namespace {

GeneratorOptions small() {
  GeneratorOptions options;
  DecoderConfig &config = options.config;
  config.hiddenSize = 36;
  config.intermediateSize = 67;
  config.layers = 2;
  config.heads = 6;
  config.keyValueHeads = 3;
  config.headSize = 6;
  config.vocabularySize = 359;
  config.maxPositions = 77;
  config.bos = 1;
  config.eos = {2};
  options.seed = 5;
  return options;
}

/// All weights, by name.
std::map<std::string, std::string> weights(const std::string &folder) {
  std::map<std::string, std::string> all;
  auto model = SafetensorsModel::open(folder);
  if (!model) {
    ADD_FAILURE() << model.error().message;
    return all;
  }
  for (const TensorInfo &tensor : model->tensors()) {
    all[tensor.name] = std::string(reinterpret_cast<const char *>(model->data(tensor)), tensor.bytes);
  }
  return all;
}

std::map<std::string, std::string> generated(const GeneratorOptions &options) {
  TemporaryFolder folder;
  auto status = generateModel(options, folder.path);
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().message);
  return weights(folder.path);
}

} // namespace

TEST(ModelGenerator, ReadersTakeIt) {
  TemporaryFolder folder;
  auto options = small();
  options.shards = 3;
  ASSERT_TRUE(generateModel(options, folder.path).has_value());
  auto config = readHuggingFaceConfig(folder.path);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->headSize, 6);
  EXPECT_EQ(config->maxPositions, 77);
  EXPECT_EQ(config->bos, 1);
  EXPECT_EQ(config->eos, (std::vector<int64_t>{2}));
  auto model = SafetensorsModel::open(folder.path);
  ASSERT_TRUE(model.has_value()) << model.error().message;
  EXPECT_EQ(model->files().size(), 3u);
  EXPECT_EQ(model->tensors().size(), 21u);
  auto status = checkDecoderTensors(*config, *model);
  EXPECT_TRUE(status.has_value()) << status.error().message;
  auto tokenizer = readTokenizerJson(folder.path);
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->vocabularySize(), 359u);
  EXPECT_FALSE(tokenizer->hasPostProcessor);

  status = generateModel(options, folder.path);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, folder.path + ": holds config.json already");
  options.overwrite = true;
  options.shards = 1;
  EXPECT_TRUE(generateModel(options, folder.path).has_value());
  EXPECT_FALSE(std::filesystem::exists(folder.file("model.safetensors.index.json")));
}

TEST(ModelGenerator, ShardsDoNotChangeWeightsSeedsDo) {
  auto options = small();
  auto one = generated(options);
  EXPECT_EQ(one.size(), 21u);
  for (size_t shards : {2, 21}) {
    options.shards = shards;
    EXPECT_EQ(generated(options), one);
  }
  options.seed = 6;
  EXPECT_NE(generated(options)["model.embed_tokens.weight"], one["model.embed_tokens.weight"]);
}

TEST(ModelGenerator, TiedModelsHaveNoHead) {
  auto options = small();
  options.config.tieWordEmbeddings = true;
  options.type = TensorType::BF16;
  auto all = generated(options);
  EXPECT_EQ(all.size(), 20u);
  EXPECT_EQ(all["model.embed_tokens.weight"].size(), 359u * 36 * 2);
}

// The documented formula, written a second time: SplitMix64 (Steele, Lea, Flood 2014) and FNV-1a by their
// papers.
TEST(ModelGenerator, ElementsFollowTheFormula) {
  auto splitMix = [](uint64_t seed, uint64_t index) {
    uint64_t z = seed + 0x9E3779B97F4A7C15u * (index + 1);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  };
  auto options = small();
  auto all = generated(options);
  for (const ExpectedTensor &tensor : decoderTensors(options.config)) {
    uint64_t hash = 14695981039346656037u;
    for (unsigned char c : tensor.name) {
      hash = (hash ^ c) * 1099511628211u;
    }
    const std::string &bytes = all[tensor.name];
    for (uint64_t i = 0; i < bytes.size() / 4; i += 13) {
      float got;
      std::memcpy(&got, bytes.data() + 4 * i, 4);
      double uniform = static_cast<double>(splitMix(splitMix(options.seed, hash), i) >> 40) / 8388608 - 1;
      double expected =
          tensor.shape.size() == 1 ? 1 + uniform / 8 : std::sqrt(3.0 / tensor.shape.back()) * uniform;
      EXPECT_NEAR(got, expected, 2e-7) << tensor.name << " " << i;
    }
  }
}

TEST(ModelGenerator, NarrowTypesAreRounded) {
  auto options = small();
  auto wide = generated(options)["lm_head.weight"];
  for (auto type : {TensorType::F16, TensorType::BF16}) {
    options.type = type;
    auto narrow = generated(options)["lm_head.weight"];
    ASSERT_EQ(narrow.size() * 2, wide.size());
    for (size_t i = 0; i < narrow.size() / 2; ++i) {
      uint16_t code;
      float exact;
      std::memcpy(&code, narrow.data() + 2 * i, 2);
      std::memcpy(&exact, wide.data() + 4 * i, 4);
      int exponentBits = type == TensorType::F16 ? 5 : 8, mantissaBits = 15 - exponentBits;
      int exponent = code >> mantissaBits & ((1 << exponentBits) - 1),
          mantissa = code & ((1 << mantissaBits) - 1);
      int bias = (1 << (exponentBits - 1)) - 1;
      double value = exponent ? std::ldexp(1 + std::ldexp(mantissa, -mantissaBits), exponent - bias)
                              : std::ldexp(mantissa, 1 - bias - mantissaBits);
      value = code & 0x8000 ? -value : value;
      double half = std::max(std::ldexp(std::fabs(double(exact)), -mantissaBits - 1),
                             std::ldexp(1.0, -bias - mantissaBits));
      EXPECT_LE(std::fabs(value - exact), half) << i;
    }
  }
}

TEST(ModelGenerator, GainsAreOfTheEmbeddingAlone) {
  auto options = small();
  auto plain = generated(options);
  options.embeddingGain = 4;
  auto gained = generated(options);
  for (auto &[name, bytes] : plain) {
    if (name != "model.embed_tokens.weight") {
      EXPECT_EQ(gained[name], bytes) << name;
      continue;
    }
    ASSERT_EQ(gained[name].size(), bytes.size());
    for (size_t i = 0; i < bytes.size(); i += 4) {
      float before, after;
      std::memcpy(&before, bytes.data() + i, 4);
      std::memcpy(&after, gained[name].data() + i, 4);
      EXPECT_FLOAT_EQ(after, 4 * before);
    }
  }
}

// Tokens whose logits are normal choose experts as often as draws without replacement by Zipf's law do; both are simulated.
TEST(ModelGenerator, RoutersAreSkewed) {
  constexpr size_t experts = 32, chosen = 4, tokens = 40000;
  GeneratorOptions options;
  options.config.experts.perToken = chosen;
  options.routerSkew = 1;
  ExpectedTensor tensor{"layers.3.bias", {experts}, ExpectedTensor::Role::ChoiceBias};
  std::vector<float> biases(experts);
  generateElements(options, tensor, 0, experts, biases.data());
  std::vector<float> tail(5);
  generateElements(options, tensor, 7, tail.size(), tail.data());
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), biases.begin() + 7));

  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::extreme_value_distribution<double> gumbel;
  std::vector<double> got(experts), expected(experts);
  auto count = [&](std::vector<double> &counts, auto score) {
    for (size_t token = 0; token < tokens; ++token) {
      std::vector<std::pair<double, size_t>> scores;
      for (size_t i = 0; i < experts; ++i) {
        scores.push_back({-score(i), i});
      }
      std::partial_sort(scores.begin(), scores.begin() + chosen, scores.end());
      for (size_t i = 0; i < chosen; ++i) {
        counts[scores[i].second] += 1.0 / tokens;
      }
    }
    std::sort(counts.rbegin(), counts.rend());
  };
  count(got, [&](size_t i) { return 1 / (1 + std::exp(-normal(random))) + static_cast<double>(biases[i]); });
  // The Gumbel-max trick: the largest of log p + noise are draws without replacement.
  count(expected, [&](size_t i) { return gumbel(random) - std::log(static_cast<double>(i + 1)); });
  for (size_t i = 0; i < experts; ++i) {
    EXPECT_NEAR(got[i], expected[i], 0.25 * expected[i]) << "place " << i;
  }
  double half = 0, expectedHalf = 0;
  for (size_t i = 0; i < experts / 2; ++i) {
    half += got[i] / chosen;
    expectedHalf += expected[i] / chosen;
  }
  EXPECT_NEAR(half, expectedHalf, 0.03);
  options.routerSkew = 0;
  std::vector<float> plain(experts);
  generateElements(options, tensor, 0, experts, plain.data());
  EXPECT_NE(plain, biases);
}

TEST(ModelGenerator, Errors) {
  TemporaryFolder folder;
  auto options = small();
  options.config.vocabularySize = 353;
  auto status = generateModel(options, folder.path);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message,
            "vocabulary of 353 tokens, a generated tokenizer takes at least 354: 3 special "
            "tokens, 256 bytes, a space and 94 printable characters");
  options = small();
  options.config.keyValueHeads = 4;
  status = generateModel(options, folder.path);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "configuration: $.num_key_value_heads: expected a divisor of "
                                    "num_attention_heads (6), got 4");
  options = small();
  options.type = TensorType::I8;
  EXPECT_FALSE(generateModel(options, folder.path).has_value());
  options = small();
  options.config.hiddenSize = options.config.intermediateSize = 1 << 20;
  options.config.layers = 4096;
  status = generateModel(options, folder.path);
  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message.find("the file system has room for"), std::string::npos)
      << status.error().message;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}
