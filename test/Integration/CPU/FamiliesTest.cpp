// Generated models of every family against logits that an independent implementation (PyTorch and Hugging Face's
// transformers, in binary64) computed from the same directories: Inputs/families.json holds the options of coopt-gen,
// ids that reach beyond the windows and the chunk, and a few logits.
#include "Inference.h"
#include "Programs.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace coopt::test;

namespace {

const nlohmann::json &references() {
  static const nlohmann::json document = nlohmann::json::parse(
      std::ifstream(COOPT_TEST_SOURCE_DIR "/Integration/CPU/Inputs/families.json"), nullptr, false);
  return document;
}

std::vector<std::string> caseNames() {
  std::vector<std::string> names;
  for (const nlohmann::json &entry : references().at("cases")) {
    names.push_back(entry.at("name"));
  }
  return names;
}

class Family : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    size_t turn = 0;
    for (const nlohmann::json &entry : references().at("cases")) {
      if (entry.at("name") == GetParam()) {
        reference = entry;
        variants = variantsInTurn(turn);
      }
      ++turn;
    }
    ids = references().at("ids").get<Tokens>();
    directory = generated(reference.at("options"));
    ASSERT_FALSE(directory.empty());
  }
  PackagePointer package(const std::string &quantize, const std::string &isa) {
    std::string path = compiled(directory, {"--quantize=" + quantize, "--isa=" + joined(variants)});
    return path.empty() ? nullptr : openPackage(path, isa);
  }
  /// Greatest distance of the logits after position `row` from the reference's.
  double distance(const float *logits, size_t row) const {
    double worst = 0;
    for (size_t i = 0; i < references().at("tokens").size(); ++i) {
      size_t token = references().at("tokens")[i];
      double expected = reference.at("logits")[row][i];
      worst = std::max(worst, std::abs(logits[token] - expected));
    }
    return worst;
  }

  nlohmann::json reference;
  std::string directory;
  std::vector<std::string> variants;
  Tokens ids;
};

TEST_P(Family, Float32HasTheLogitsOfAnotherImplementation) {
  for (const std::string &isa : variants) {
    PackagePointer model = package("f32", isa);
    ASSERT_TRUE(model);
    size_t vocabulary = static_cast<size_t>(coopt_package_vocabulary(model.get()));
    Logits all = allLogits(model, ids);
    ASSERT_EQ(all.size(), ids.size() * vocabulary);
    for (size_t row = 0; row < references().at("positions").size(); ++row) {
      size_t position = references().at("positions")[row];
      const float *logits = all.data() + position * vocabulary;
      EXPECT_LT(distance(logits, row), 1e-4) << isa << ", position " << position;
      EXPECT_EQ(std::max_element(logits, logits + vocabulary) - logits, reference.at("largest")[row])
          << isa << ", position " << position;
    }
    // In pieces, the state carries what the whole had.
    Logits pieces = append(openSession(model), model, ids, 29);
    EXPECT_LT(distance(pieces.data() + pieces.size() - vocabulary, references().at("positions").size() - 1),
              1e-4)
        << isa;
  }
}

class CodedFamily : public Family {};

TEST_P(CodedFamily, W8a8IsNearAndHasTheSameBitsEverywhere) {
  Logits first;
  for (const std::string &isa : variants) {
    PackagePointer model = package("w8a8", isa);
    ASSERT_TRUE(model);
    for (size_t piece : {size_t(1), ids.size()}) {
      Logits got = append(openSession(model, 2), model, ids, piece);
      got.erase(got.begin(), got.end() - coopt_package_vocabulary(model.get()));
      EXPECT_LT(distance(got.data(), references().at("positions").size() - 1), 0.25) << isa;
      if (first.empty()) {
        first = got;
      }
      EXPECT_EQ(difference(got, first), "") << isa << ", pieces of " << piece;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Family, testing::ValuesIn(caseNames()),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

// What Llama does not do: windows, norms of 1 + w, capped logits and scores; biases, layer norms and partial rotary;
// experts, shared ones too; latent attention.
INSTANTIATE_TEST_SUITE_P(Families, CodedFamily,
                         testing::Values("Gemma2", "Gemma2Cap2", "Phi", "Mixtral", "DeepseekMoe",
                                         "DeepseekV3"),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

} // namespace
