// Models of which a pattern keeps a part: equal to the same models with zeros in their files, pruned here, and to integer arithmetic.
#include "FunctionsFixture.h"
#include "LlamaReference.h"
#include "Programs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace coopt::test;

namespace {

/// `kept` of every `of` groups of `block` columns.
struct Pattern {
  std::string text;
  int64_t kept, of, block;
};

/// Zeros where the pattern drops: of each run, all groups but those with the greatest sums of squares, the first of equal ones.
void prune(float *weights, int64_t rows, int64_t columns, const Pattern &pattern) {
  const int64_t span = pattern.of * pattern.block;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t run = 0; run < columns; run += span) {
      std::vector<std::pair<double, int64_t>> groups;
      for (int64_t from = run; from < std::min(run + span, columns); from += pattern.block) {
        double sum = 0;
        for (int64_t k = from; k < std::min(from + pattern.block, columns); ++k) {
          sum += static_cast<double>(weights[row * columns + k]) * weights[row * columns + k];
        }
        groups.push_back({-sum, from});
      }
      std::sort(groups.begin(), groups.end());
      for (size_t i = static_cast<size_t>(pattern.kept); i < groups.size(); ++i) {
        const int64_t from = groups[i].second, to = std::min(from + pattern.block, columns);
        std::fill(weights + row * columns + from, weights + row * columns + to, 0.0f);
      }
    }
  }
}

/// Contractions whose weights are coded: not the embedding, unless it is the head, and not what experts are chosen by.
bool isPruned(const std::string &name, bool isTied) {
  auto has = [&](const char *part) { return name.find(part) != std::string::npos; };
  return !has("mlp.gate.weight") && !has("block_sparse_moe.gate.weight") && (isTied || !has("embed_tokens"));
}

/// A copy of a model whose one file has weights of binary32, pruned.
std::string prunedModel(const std::string &directory, const Pattern &pattern, const std::string &name) {
  namespace fs = std::filesystem;
  const std::string copy = scratchPath("pruned-" + name);
  fs::remove_all(copy);
  fs::copy(directory, copy);
  const bool isTied =
      nlohmann::json::parse(std::ifstream(copy + "/config.json")).value("tie_word_embeddings", false);
  std::fstream file(copy + "/model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  uint64_t length = 0;
  file.read(reinterpret_cast<char *>(&length), sizeof(length));
  std::string header(length, ' ');
  file.read(header.data(), static_cast<std::streamsize>(length));
  const nlohmann::json tensors = nlohmann::json::parse(header);
  for (const auto &[tensor, info] : tensors.items()) {
    if (tensor == "__metadata__" || info["shape"].size() != 2 || !isPruned(tensor, isTied)) {
      continue;
    }
    EXPECT_EQ(info["dtype"], "F32");
    const int64_t rows = info["shape"][0], columns = info["shape"][1];
    std::vector<float> weights(static_cast<size_t>(rows * columns));
    const auto place = static_cast<std::streamoff>(8 + length + info["data_offsets"][0].get<uint64_t>());
    const auto bytes = static_cast<std::streamsize>(weights.size() * sizeof(float));
    file.seekg(place);
    file.read(reinterpret_cast<char *>(weights.data()), bytes);
    prune(weights.data(), rows, columns, pattern);
    file.seekp(place);
    file.write(reinterpret_cast<const char *>(weights.data()), bytes);
  }
  EXPECT_TRUE(file.good());
  return copy;
}

const std::vector<std::string> kOddSizes = {"--layers=2", "--hidden=72", "--heads=3",          "--kv-heads=1",
                                            "--ffn=172",  "--vocab=389", "--max-positions=96", "--seed=5"};

struct Case {
  std::string name;
  size_t turn; ///< of the variants
  std::vector<std::string> model;
  Pattern pattern;
  std::string quantize;
};

void PrintTo(const Case &one, std::ostream *out) { *out << one.name; }

std::string nameOf(const testing::TestParamInfo<Case> &info) { return info.param.name; }

class Sparse : public testing::TestWithParam<Case> {
protected:
  PackagePointer package(const std::string &directory, const std::vector<std::string> &variants,
                         const std::string &isa, const std::string &sparsity) {
    std::vector<std::string> options = {"--quantize=" + GetParam().quantize, "--isa=" + joined(variants)};
    if (!sparsity.empty()) {
      options.push_back("--sparsify=" + sparsity);
      options.push_back("--sparse-storage=kept");
    }
    std::string path = compiled(directory, options);
    return path.empty() ? nullptr : openPackage(path, isa);
  }
};

class SparseIntegers : public Sparse {};

// All at once, one token at a time, and in between.
TEST_P(SparseIntegers, EqualIntegerArithmeticOnPrunedWeights) {
  const std::string directory = generated(GetParam().model);
  ASSERT_FALSE(directory.empty());
  LlamaWeights weights = readLlama(directory);
  for (auto &[name, matrix] : weights.tensors) {
    if (matrix.rows > 1 && isPruned(name, weights.tied)) {
      prune(matrix.data.data(), matrix.rows, matrix.columns, GetParam().pattern);
    }
  }
  const Tokens tokens = someTokens(83, weights.vocabulary, 11);
  const Logits expected = w8a8Logits(weights, tokens);
  const std::vector<std::string> variants = variantsInTurn(GetParam().turn);
  for (const std::string &isa : variants) {
    PackagePointer model = package(directory, variants, isa, GetParam().pattern.text);
    ASSERT_TRUE(model);
    EXPECT_EQ(difference(allLogits(model, tokens, 2), expected), "") << isa;
    EXPECT_EQ(difference(append(openSession(model), model, tokens, 1), expected), "")
        << isa << ", one by one";
    const Logits last(expected.end() - weights.vocabulary, expected.end());
    const Logits pieces = append(openSession(model, 2), model, tokens, 7);
    EXPECT_EQ(difference(Logits(pieces.end() - weights.vocabulary, pieces.end()), last), "") << isa;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, SparseIntegers,
                         testing::Values(Case{"TwoOfFour", 0, kOddSizes, {"2:4", 2, 4, 1}, "w8a8"},
                                         Case{"FourOfEight", 1, kOddSizes, {"4:8", 4, 8, 1}, "w8a8"},
                                         Case{"OneOfFour", 2, kOddSizes, {"1:4", 1, 4, 1}, "w8a8"},
                                         Case{"Groups", 1, kOddSizes, {"group16:0.5", 2, 4, 16}, "w8a8"},
                                         Case{"GroupsOfEightTied",
                                              2,
                                              {"--layers=1", "--hidden=40", "--heads=4", "--kv-heads=2",
                                               "--head-dim=10", "--ffn=37", "--vocab=354",
                                               "--max-positions=90", "--seed=6", "--tied"},
                                              {"3:8x8", 3, 8, 8},
                                              "w8a8"}),
                         nameOf);

class SparseFormats : public Sparse {};

TEST_P(SparseFormats, EqualTheModelWithZerosInItsFile) {
  const std::string directory = generated(GetParam().model);
  ASSERT_FALSE(directory.empty());
  const std::string pruned = prunedModel(directory, GetParam().pattern, GetParam().name);
  const std::vector<std::string> variants = variantsInTurn(GetParam().turn);
  const Tokens tokens = someTokens(41, 354, 12);
  // Of integers, one variant has the bits of all.
  PackagePointer dense = package(pruned, {runnableVariants().back()}, "", "");
  for (const std::string &isa : variants) {
    PackagePointer sparse = package(directory, variants, isa, GetParam().pattern.text);
    ASSERT_TRUE(sparse && dense);
    const bool isFloat = GetParam().quantize.find("a8") == std::string::npos;
    for (size_t piece : {size_t(1), size_t(5), tokens.size()}) {
      const Logits got = append(openSession(sparse, 2), sparse, tokens, piece);
      const Logits expected = append(openSession(dense), dense, tokens, piece);
      ASSERT_EQ(got.size(), expected.size());
      if (!isFloat) {
        EXPECT_EQ(difference(got, expected), "") << isa << ", pieces of " << piece;
      }
      if (GetParam().quantize == "f32" && isa == runnableVariants().back()) {
        EXPECT_EQ(difference(got, expected), "") << isa << ", floats in the same order, pieces of " << piece;
      }
      for (size_t i = 0; i < got.size() && isFloat; ++i) {
        ASSERT_NEAR(got[i], expected[i], 1e-4) << isa << ", pieces of " << piece << ", element " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, SparseFormats,
    testing::Values(Case{"FourBitsInGroups", 0, kOddSizes, {"2:4", 2, 4, 1}, "w4a8-g32-sym"},
                    Case{"FourBitsFloat", 1, kOddSizes, {"2:4", 2, 4, 1}, "w4-g32-sym"},
                    Case{"FourBitsFloatOfEight", 2, kOddSizes, {"4:8", 4, 8, 1}, "w4-g32-sym"},
                    Case{"ThreeBits", 2, kOddSizes, {"1:2", 1, 2, 1}, "w3a8-g8-sym"},
                    Case{"SmallFloats", 0, kOddSizes, {"2:4", 2, 4, 1}, "mxfp4"},
                    Case{"GroupsWithZeros", 2, kOddSizes, {"2:4x16", 2, 4, 16}, "w4a8-g16-asym"},
                    Case{"GroupsFloat", 0, kOddSizes, {"2:4x16", 2, 4, 16}, "w4-g128-sym"},
                    Case{"Floats", 0, kOddSizes, {"2:4", 2, 4, 1}, "f32"},
                    Case{"FloatsOfSixtyFourTied",
                         1,
                         {"--layers=1", "--hidden=40", "--heads=4", "--kv-heads=2", "--head-dim=10",
                          "--ffn=37", "--vocab=354", "--max-positions=90", "--seed=6", "--tied"},
                         {"24:64", 24, 64, 1},
                         "f32"},
                    Case{"FloatsOfExperts",
                         2,
                         {"--arch=mixtral", "--layers=1", "--hidden=72", "--heads=4", "--kv-heads=2",
                          "--ffn=100", "--vocab=354", "--experts=5", "--experts-per-token=2", "--seed=9"},
                         {"2:4", 2, 4, 1},
                         "f32"},
                    Case{"FourBitsOfSixtyFour", 2, kOddSizes, {"32:64", 32, 64, 1}, "w4a8-g32-sym"},
                    Case{"Coordinates", 0, kOddSizes, {"2:32", 2, 32, 1}, "w4-g32-sym"},
                    Case{"TwoLevels", 1, kOddSizes, {"1:2x32", 1, 2, 32}, "w4a8-g32-qoq"},
                    Case{"Mixtral",
                         0,
                         {"--arch=mixtral", "--layers=2", "--hidden=72", "--heads=4", "--kv-heads=2",
                          "--ffn=100", "--vocab=354", "--experts=5", "--experts-per-token=2", "--seed=9"},
                         {"2:4", 2, 4, 1},
                         "w4a8-g32-sym"},
                    Case{"DeepseekV2",
                         1,
                         {"--arch=deepseek_v2", "--layers=2", "--hidden=64", "--heads=2", "--ffn=96",
                          "--vocab=354", "--experts=6", "--experts-per-token=2", "--expert-ffn=40",
                          "--dense-layers=1", "--seed=10"},
                         {"group16:0.5", 2, 4, 16},
                         "w4a8-g16-sym"}),
    nameOf);

class SparseFunctions : public FunctionsFixture {
protected:
  SparseFunctions() : FunctionsFixture("sparse.mlir") {}
};

TEST_P(SparseFunctions, PruneAtRunTime) {
  const Pattern pattern = {"2:4", 2, 4, 1};
  for (int64_t rows : {1, 9}) {
    const Array<float> w = numbers({rows, 13}, 4);
    input("w", w);
    call("prune", {"v", "p"});
    Array<float> pruned = w;
    prune(pruned.data.data(), rows, 13, pattern);
    EXPECT_EQ(output<float>("p"), pruned);
    // Two of each run in their order; the last run has one column.
    EXPECT_EQ(output<float>("v"), make<float>({rows, 8}, [&](int64_t i) {
                const int64_t row = i / 8, run = i % 8 / 2 * 4;
                std::vector<std::pair<float, int64_t>> those;
                for (int64_t k = run; k < std::min<int64_t>(run + 4, 13); ++k) {
                  those.push_back({-std::fabs(w.data[row * 13 + k]), k});
                }
                std::sort(those.begin(), those.end());
                those.resize(std::min<size_t>(those.size(), 2));
                std::sort(those.begin(), those.end(), [](auto a, auto b) { return a.second < b.second; });
                const size_t slot = i % 2;
                return slot < those.size() ? w.data[row * 13 + those[slot].second] : 0.0f;
              }));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, SparseFunctions, testing::ValuesIn(runnableVariants()),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

// The share of what is stored that a pattern takes away.
TEST(SparsePackages, AreSmaller) {
  const std::vector<std::string> model = {"--layers=2", "--hidden=512", "--heads=8",
                                          "--ffn=2048", "--vocab=512",  "--seed=3"};
  auto bytes = [&](const std::string &quantize, const std::string &sparsity) {
    std::vector<std::string> options = {"--quantize=" + quantize, "--isa=avx512"};
    if (!sparsity.empty()) {
      options.push_back("--sparsify=" + sparsity);
    }
    return static_cast<double>(std::filesystem::file_size(compiled(generated(model), options)));
  };
  // Bits of a weight: 4 and 1/8 for scales; half of the codes and one bit, or 1/16, for what is kept.
  const double weights = 2 * (4 * 512 * 512 + 3 * 512 * 2048) + 512 * 512;
  const std::string codes = "w4a8-g128-sym";
  const double dense = bytes(codes, ""), half = bytes(codes, "2:4"), groups = bytes(codes, "group16:0.5");
  EXPECT_NEAR((dense - half) / weights * 8, 1.0, 0.1);
  EXPECT_NEAR((dense - groups) / weights * 8, 1.9375, 0.1);
  // Of 32 bits, half of the floats and one bit; beside the weights there is the embedding.
  const double floats = bytes("f32", "");
  EXPECT_NEAR((floats - bytes("f32", "2:4")) / weights * 8, 15, 0.2);
}

// Where no instruction set expands what is kept, zeros are stored. Numbers are those of the package that is read by one that does.
TEST(SparsePackages, AreDenseWhereNothingExpands) {
  const std::string model = generated({"--layers=1", "--hidden=72", "--heads=3", "--kv-heads=1", "--ffn=100",
                                       "--vocab=389", "--max-positions=96", "--seed=5"});
  auto compile = [&](const std::string &quantize, const std::string &isa, const std::string &sparsity) {
    return compiled(model, {"--quantize=" + quantize, "--isa=" + isa, "--sparsify=" + sparsity});
  };
  const Tokens tokens = someTokens(19, 389, 12);
  auto logits = [&](const std::string &path) {
    PackagePointer package = openPackage(path, "generic");
    return allLogits(package, tokens);
  };
  for (auto [quantize, sparsity] : {std::pair("w8a8", "4:8"), std::pair("f32", "2:4")}) {
    const std::string dense = compile(quantize, "generic", sparsity),
                      sparse = compile(quantize, "generic,avx512", sparsity);
    ASSERT_FALSE(dense.empty() || sparse.empty());
    EXPECT_EQ(difference(logits(dense), logits(sparse)), "") << quantize << ", " << sparsity;
  }
}

} // namespace
