// A real, trained model against an independent float32 implementation's tokens, logits and likelihoods.
#include "Inference.h"
#include "Programs.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace coopt::test;

namespace {

const std::string directory = COOPT_TEST_DATA "/models/stories260k";

const std::string otherTiles = R"({"schedules": [
  {"op": "layers.*/mlp/*_proj", "set": "#schedule.set<[<[]> -> <tile = [3, 16]>]>"},
  {"op": "layers.*/self_attn/?_proj", "set": "#schedule.set<[<[]> -> <tile = [1, 32]>]>"},
  {"op": "layers.*/*_layernorm", "set": "#schedule.set<[<[]> -> <tile = [5]>]>"},
  {"op": "lm_head", "set": "#schedule.set<[<[]> -> <tile = [2, 48]>]>"}]})";

nlohmann::json readJson(const std::string &name) {
  return nlohmann::json::parse(std::ifstream(directory + "/" + name));
}

void expectTokens(const PackagePointer &model, const std::string &text, const Tokens &expected) {
  Tokens ids(expected.size() + 1); // one more shows what is too much
  int64_t count = coopt_tokenize(model.get(), text.data(), text.size(), 1, ids.data(), ids.size());
  ASSERT_EQ(count, static_cast<int64_t>(expected.size())) << text;
  ids.pop_back();
  EXPECT_EQ(ids, expected) << text;
}

class Stories260k : public testing::Test {
protected:
  void SetUp() override {
    if (!std::filesystem::exists(directory + "/references.json")) {
      GTEST_SKIP() << directory << " is not there: COOPT_TEST_DATA names the folder of test data";
    }
    references = readJson("references.json");
    evaluation = readJson("eval_tokens.json");
    evaluation.at("sequences").get_to(sequences);
  }
  PackagePointer package(const std::string &quantize, const std::string &isa = "",
                         const std::string &schedule = "") {
    std::string path = compiled(directory, {"--quantize=" + quantize}, schedule);
    return path.empty() ? nullptr : openPackage(path, isa);
  }

  nlohmann::json references, evaluation;
  std::vector<Tokens> sequences;
};

TEST_F(Stories260k, Float32LogitsAndTokens) {
  for (const std::string &isa : runnableVariants()) {
    PackagePointer model = package("f32", isa);
    ASSERT_TRUE(model);
    for (const nlohmann::json &reference : references) {
      Tokens prompt = reference.at("prompt_ids"), expected = reference.at("greedy_ids");
      std::string text = reference.at("prompt");
      expectTokens(model, text, prompt);
      Logits logits = lastLogits(model, prompt), wanted = reference.at("last_prompt_token_logits");
      ASSERT_EQ(logits.size(), wanted.size());
      for (size_t i = 0; i < logits.size(); ++i) {
        ASSERT_NEAR(logits[i], wanted[i], 1e-4) << isa << ", prompt '" << text << "', logit " << i;
      }
      EXPECT_EQ(greedy(model, prompt, expected.size()), expected) << isa << ", prompt '" << text << "'";
    }
  }
}

// The same weights, their rows of queries and keys in another order: the same bits.
TEST_F(Stories260k, GgufIsTheSameModel) {
  std::string file = directory + "/stories260k-f32.gguf";
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << file << " is not there";
  }
  PackagePointer other = package("f32"), model = openPackage(compiled(file, {"--quantize=f32"}));
  ASSERT_TRUE(model && other);
  for (const nlohmann::json &reference : references) {
    Tokens prompt = reference.at("prompt_ids"), expected = reference.at("greedy_ids");
    expectTokens(model, reference.at("prompt"), prompt);
    EXPECT_EQ(greedy(model, prompt, expected.size()), expected);
    EXPECT_EQ(difference(lastLogits(model, prompt), lastLogits(other, prompt)), "");
  }
  EXPECT_NEAR(meanNll(model, sequences), evaluation.at("float32_mean_nll"), 1e-4);
}

TEST_F(Stories260k, Float32Text) {
  std::string path = compiled(directory, {"--quantize=f32"});
  ASSERT_FALSE(path.empty());
  for (const nlohmann::json &reference : references) {
    std::string prompt = reference.at("prompt"), text = reference.at("text");
    std::string count = std::to_string(reference.at("greedy_ids").size());
    Outcome outcome = run("coopt-run", {path, "--prompt", prompt, "-n", count});
    EXPECT_EQ(outcome.status, 0);
    // The reference holds prompt and continuation, decoded as one: a space in front; the program ends with a
    // line.
    EXPECT_EQ(" " + prompt + outcome.output, text + "\n");
  }
}

TEST_F(Stories260k, Likelihoods) {
  double reference = evaluation.at("float32_mean_nll");
  PackagePointer plain = package("f32"), coded = package("w8a8");
  ASSERT_TRUE(plain && coded);
  double float32 = meanNll(plain, sequences);
  EXPECT_NEAR(float32, reference, 1e-4);
  EXPECT_NEAR(meanNll(coded, sequences), float32, 0.01);
}

TEST_F(Stories260k, Float32HasTheSameBitsForAnyThreads) {
  for (const std::string &isa : runnableVariants()) {
    PackagePointer model = package("f32", isa);
    ASSERT_TRUE(model);
    Logits one = append(openSession(model, 1), model, sequences[0], 67);
    for (int threads : {2, 3}) {
      EXPECT_EQ(difference(append(openSession(model, threads), model, sequences[0], 67), one), "") << isa;
    }
  }
}

TEST_F(Stories260k, W8a8HasTheSameBitsEverywhere) {
  Tokens tokens(sequences[1].begin(), sequences[1].begin() + 131), prompt(tokens.begin(), tokens.begin() + 5);
  Logits expected;
  Tokens text;
  for (const std::string &schedule : {std::string(), otherTiles}) {
    for (const std::string &isa : runnableVariants()) {
      PackagePointer model = package("w8a8", isa, schedule);
      ASSERT_TRUE(model);
      for (int threads : {1, 2, 3}) {
        std::string place =
            isa + ", threads " + std::to_string(threads) + (schedule.empty() ? "" : ", other tiles");
        for (size_t piece : {1, 7, 64}) {
          Logits got = append(openSession(model, threads), model, tokens, piece);
          got.erase(got.begin(), got.end() - coopt_package_vocabulary(model.get()));
          if (expected.empty()) {
            expected = got;
          }
          EXPECT_EQ(difference(got, expected), "") << place << ", pieces of " << piece;
        }
        Tokens generated = greedy(model, prompt, 100, threads);
        if (text.empty()) {
          text = generated;
        }
        EXPECT_EQ(generated, text) << place;
      }
    }
  }
}

} // namespace
