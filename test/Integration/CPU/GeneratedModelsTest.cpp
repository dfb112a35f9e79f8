// Generated models of odd sizes: float32 near a binary64 forward pass, w8a8 equal to an integer one, on every
// variant, for any threads, tiles and pieces.
#include "Inference.h"
#include "LlamaReference.h"
#include "Programs.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt::test;

namespace {

const std::string otherTiles = R"({"schedules": [
  {"op": "layers.*/mlp/*_proj", "set": "#schedule.set<[<[]> -> <tile = [3, 16]>]>"},
  {"op": "layers.*/self_attn/?_proj", "set": "#schedule.set<[<[]> -> <tile = [1, 32]>]>"},
  {"op": "layers.*/*_layernorm", "set": "#schedule.set<[<[]> -> <tile = [5]>]>"},
  {"op": "lm_head", "set": "#schedule.set<[<[\"outputs\" le 2]> -> <tile = [1, 48]>, <[]> -> <tile = [2, 16]>]>"}]})";

struct Case {
  const char *name;
  size_t turn; ///< of the variants
  std::vector<std::string> options;
};

class GeneratedModel : public testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    directory = generated(GetParam().options);
    ASSERT_FALSE(directory.empty());
    weights = readLlama(directory);
    variants = variantsInTurn(GetParam().turn);
    // More than one chunk of the compiler's default (64), and more than one block of attention.
    tokens = someTokens(83, weights.vocabulary, 11);
  }
  PackagePointer package(const std::string &quantize, const std::string &isa = "",
                         const std::string &schedule = "") {
    std::string path = compiled(directory, {"--quantize=" + quantize, "--isa=" + joined(variants)}, schedule);
    return path.empty() ? nullptr : openPackage(path, isa);
  }
  Logits last(const Logits &all) const { return Logits(all.end() - weights.vocabulary, all.end()); }

  std::string directory;
  std::vector<std::string> variants;
  LlamaWeights weights;
  Tokens tokens;
};

TEST_P(GeneratedModel, Float32IsNearBinary64) {
  std::vector<double> expected = float64Logits(weights, tokens);
  for (const std::string &isa : variants) {
    PackagePointer model = package("f32", isa);
    ASSERT_TRUE(model);
    Logits got = allLogits(model, tokens);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], expected[i], 1e-4) << isa << ", element " << i;
    }
    Logits chunked = lastLogits(model, tokens);
    for (size_t i = 0; i < chunked.size(); ++i) {
      ASSERT_NEAR(chunked[i], expected[expected.size() - chunked.size() + i], 1e-4)
          << isa << ", element " << i;
    }
    for (int threads : {2, 3}) {
      EXPECT_EQ(difference(lastLogits(model, tokens, threads), chunked), "")
          << isa << ", threads " << threads;
    }
  }
}

TEST_P(GeneratedModel, W8a8EqualsIntegerArithmetic) {
  Logits expected = w8a8Logits(weights, tokens);
  for (const std::string &schedule : {std::string(), otherTiles}) {
    for (const std::string &isa : variants) {
      PackagePointer model = package("w8a8", isa, schedule);
      ASSERT_TRUE(model);
      std::string place = isa + (schedule.empty() ? "" : ", other tiles");
      EXPECT_EQ(difference(allLogits(model, tokens), expected), "") << place;
      for (int threads : {1, 2, 3}) {
        for (size_t piece : {7, 64, 83}) {
          Logits got = append(openSession(model, threads), model, tokens, piece);
          EXPECT_EQ(difference(last(got), last(expected)), "")
              << place << ", threads " << threads << ", pieces of " << piece;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, GeneratedModel,
    testing::Values(
        Case{"ThreeHeadsOnOne",
             0,
             {"--layers=2", "--hidden=72", "--heads=3", "--kv-heads=1", "--ffn=172", "--vocab=389",
              "--max-positions=96", "--seed=5"}},
        Case{"TiedBfloat16",
             1,
             {"--layers=1", "--hidden=40", "--heads=4", "--kv-heads=2", "--head-dim=10", "--ffn=37",
              "--vocab=354", "--max-positions=90", "--seed=6", "--tied", "--dtype=bf16"}},
        Case{"ShardedHalf",
             2,
             {"--layers=1", "--hidden=35", "--heads=5", "--kv-heads=5", "--head-dim=2", "--ffn=17",
              "--vocab=355", "--max-positions=84", "--seed=7", "--dtype=f16", "--shards=3"}}),
    [](const testing::TestParamInfo<Case> &info) { return std::string(info.param.name); });

} // namespace
