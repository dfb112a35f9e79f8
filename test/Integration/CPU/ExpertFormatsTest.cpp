// Experts of a layer in several formats, against packages in which all have one. The models have one layer and one expert a token,
// so the logits of a token are those of the package with the format of its expert, to the bit.
#include "Inference.h"
#include "Programs.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace coopt::test;

namespace {

constexpr size_t kExperts = 5, kTokens = 60, kVocabulary = 389;

class ExpertFormats : public testing::TestWithParam<std::vector<std::string>> {
protected:
  void SetUp() override {
    directory = generated(GetParam());
    ASSERT_FALSE(directory.empty());
    tokens = someTokens(kTokens, kVocabulary, 3);
  }

  PackagePointer withRules(const std::string &rules) {
    const std::string file =
        directory + "/formats" + std::to_string(files++) + ".json"; // packages are kept by name
    std::ofstream(file) << R"({"quantize": "w8a8", "rules": [)" << rules << "]}";
    return openPackage(compiled(directory, {"--quantize=" + file, "--isa=generic", "--chunk=7"}));
  }

  std::vector<Logits> logits(const std::string &rules) { return logits(withRules(rules), 1); }
  /// Each token's apart.
  std::vector<Logits> logits(const PackagePointer &package, int threads) {
    const Logits all = allLogits(package, tokens, threads);
    std::vector<Logits> rows;
    for (size_t i = 0; i < kTokens; ++i) {
      rows.emplace_back(all.begin() + static_cast<ptrdiff_t>(i * kVocabulary),
                        all.begin() + static_cast<ptrdiff_t>((i + 1) * kVocabulary));
    }
    return rows;
  }

  static std::string rule(const std::string &experts, const std::string &format) {
    return R"({"match": "*/mlp/experts/)" + experts + R"(", "quantize": ")" + format + "\"}";
  }

  std::string directory;
  Tokens tokens;
  size_t files = 0;
};

TEST_P(ExpertFormats, TokensHaveTheFormatOfTheirExpert) {
  const std::string first = "w8a8", second = "w4a8-g32-sym";
  const std::vector<Logits> inFirst = logits(rule("*", first)), inSecond = logits(rule("*", second)),
                            inFloat = logits(rule("*", "f32"));
  // Which expert a token goes to: the one whose format decides its logits.
  std::vector<size_t> expertOf(kTokens, kExperts);
  for (size_t expert = 0; expert < kExperts; ++expert) {
    const std::vector<Logits> alone =
        logits(rule(std::to_string(expert) + "/*", second) + ", " + rule("*", first));
    for (size_t i = 0; i < kTokens; ++i) {
      const bool isIts = difference(alone[i], inSecond[i]).empty();
      EXPECT_NE(isIts, difference(alone[i], inFirst[i]).empty()) << "expert " << expert << ", token " << i;
      if (isIts) {
        EXPECT_EQ(expertOf[i], kExperts) << "two experts of token " << i;
        expertOf[i] = expert;
      }
    }
  }
  std::vector<size_t> counts(kExperts + 1);
  for (size_t expert : expertOf) {
    ++counts[expert];
  }
  EXPECT_EQ(counts[kExperts], 0u);
  EXPECT_GT(*std::max_element(counts.begin(), counts.end()), 1u);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), kTokens);
  // Three classes, one of them of one expert and in float.
  const std::string mixed = rule("[03]/*", first) + ", " + rule("1/*", "f32") + ", " + rule("*", second);
  const PackagePointer package = withRules(mixed);
  for (int threads : {1, 3}) {
    const std::vector<Logits> got = logits(package, threads);
    for (size_t i = 0; i < kTokens; ++i) {
      const size_t expert = expertOf[i];
      const std::vector<Logits> &expected = expert == 1                  ? inFloat
                                            : expert == 0 || expert == 3 ? inFirst
                                                                         : inSecond;
      EXPECT_EQ(difference(got[i], expected[i]), "") << "token " << i << " of expert " << expert;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, ExpertFormats,
    testing::Values(std::vector<std::string>{"--arch=mixtral", "--layers=1", "--hidden=72", "--heads=3",
                                             "--kv-heads=1", "--ffn=172", "--experts=5",
                                             "--experts-per-token=1", "--vocab=389", "--max-positions=96",
                                             "--seed=7"},
                    std::vector<std::string>{"--arch=deepseek_v3", "--layers=1", "--dense-layers=0",
                                             "--hidden=72", "--heads=3", "--ffn=100", "--experts=5",
                                             "--experts-per-token=1", "--expert-ffn=60", "--groups=1",
                                             "--vocab=389", "--max-positions=96", "--seed=8"}),
    [](const auto &info) { return std::string(info.index == 0 ? "mixtral" : "deepseek_v3"); });

} // namespace
