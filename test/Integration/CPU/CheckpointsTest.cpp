// Quantised checkpoints against float models of the numbers that the methods' definitions give their codes, from the file to the
// logits. That the numbers of all methods are these, bit by bit, is tested in Unit/Package/ImportedNumbersTest.cpp.
#include "Checkpoints.h"
#include "Inference.h"
#include "Programs.h"

#include "coopt/Import/Gguf.h"
#include "coopt/Numerics/BlockEncoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>

using namespace coopt::test;
namespace fs = std::filesystem;

namespace {

/// The variants of the model that is compiled for several: the plainest, and the best that runs here.
std::vector<std::string> variants() {
  std::vector<std::string> names = {"generic"};
  if (runnableVariants().size() > 1) {
    names.push_back(runnableVariants().back());
  }
  return names;
}

/// Compiles to `output` for these variants, separated by commas; false and a failed test if that fails.
bool compile(const std::string &model, const std::string &output, const std::string &isa,
             std::vector<std::string> options = {}) {
  options.insert(options.end(), {model, "--isa=" + isa, "-o", output});
  Outcome outcome = run("coopt-compile", options);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  return outcome.status == 0;
}

/// Compiles for one variant; null and a failed test if that fails.
PackagePointer package(const std::string &model, const std::string &output, const std::string &isa,
                       std::vector<std::string> options = {}) {
  return compile(model, output, isa, std::move(options)) ? openPackage(output, isa) : nullptr;
}

/// Logits of both for one prompt: near each other as sums of other orders are, and not all alike.
void expectTwins(const PackagePointer &coded, const PackagePointer &twin) {
  ASSERT_TRUE(coded && twin);
  const int64_t vocabulary = coopt_package_vocabulary(twin.get());
  Tokens prompt = someTokens(13, vocabulary, 5);
  Logits got = allLogits(coded, prompt), expected = allLogits(twin, prompt);
  ASSERT_EQ(got.size(), expected.size());
  double largest = 0, distance = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << i;
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    distance = std::max(distance, std::abs(static_cast<double>(got[i]) - static_cast<double>(expected[i])));
  }
  EXPECT_GT(largest, 0.1);
  EXPECT_LT(distance, 2e-5 * largest);
}

/// A folder of its own, removed in the end.
class Checkpoints : public testing::Test {
protected:
  void SetUp() override {
    folder = scratchPath(
        "checkpoint-" +
        std::regex_replace(std::string(testing::UnitTest::GetInstance()->current_test_info()->name()),
                           std::regex("/"), "-"));
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const std::string &name) const { return folder / name; }

  /// A small model whose linear layers are stored so, and its twin.
  void makeModels(const Storage &storage, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--layers=1", "--hidden=64", "--heads=4", "--kv-heads=2", "--ffn=96",
                                   "--vocab=355", "--max-positions=40", "--seed=9"});
    std::string base = generated(options);
    ASSERT_FALSE(base.empty());
    FileTensors coded = readSafetensors(base + "/model.safetensors"), twin = coded;
    std::mt19937 random(17);
    const FileTensors tensors = coded;
    for (const auto &[name, tensor] : tensors) {
      if (name.find("_proj.weight") != std::string::npos) {
        coded.erase(name);
        addLayer(storage, name.substr(0, name.size() - 7), tensor.shape[0], tensor.shape[1], random, coded,
                 twin);
      }
    }
    for (const char *each : {"coded", "twin"}) {
      fs::create_directories(folder / each);
      fs::copy(base + "/tokenizer.json", folder / each / "tokenizer.json");
    }
    auto config = nlohmann::json::parse(std::ifstream(base + "/config.json"));
    std::ofstream(path("twin/config.json")) << config;
    config["quantization_config"] = nlohmann::json::parse(storage.config());
    std::ofstream(path("coded/config.json")) << config;
    writeSafetensors(path("coded/model.safetensors"), coded);
    writeSafetensors(path("twin/model.safetensors"), twin);
  }
  void expectMessage(const std::string &model, const std::string &message) {
    Outcome outcome = run("coopt-compile", {path(model), "--isa=generic", "-o", path("out.coopt")});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(std::regex_search(outcome.output, std::regex("^coopt-compile: error: .*" + message)))
        << outcome.output << "expected: " << message;
    EXPECT_FALSE(fs::exists(path("out.coopt")));
  }

  fs::path folder;
};

// Every type of blocks in one model; the only one here that is compiled for several variants.
TEST_F(Checkpoints, BlocksOfGguf) {
  std::ofstream(path("coded.gguf"), std::ios::binary) << ggufModel(ggufBlocks(), false, 3);
  std::ofstream(path("twin.gguf"), std::ios::binary) << ggufModel(ggufBlocks(), true, 3);
  std::string all = variants().front() + (variants().size() > 1 ? "," + variants().back() : "");
  ASSERT_TRUE(compile(path("coded.gguf"), path("coded.coopt"), all));
  ASSERT_TRUE(compile(path("twin.gguf"), path("twin.coopt"), all));
  for (const std::string &isa : variants()) {
    expectTwins(openPackage(path("coded.coopt"), isa), openPackage(path("twin.coopt"), isa));
  }
  // The codes are kept: fewer bytes than the floats have.
  EXPECT_LT(fs::file_size(path("coded.coopt")), fs::file_size(path("twin.coopt")) / 2);
}

/// The real model, its matrices of whole blocks quantised (K = 172 has none) by ggml's rule; `isTwin`: what the codes mean, as F32.
std::string quantisedStories(const std::string &type, bool isTwin) {
  using namespace coopt;
  auto model = import::GgufModel::open(COOPT_TEST_DATA "/models/stories260k/stories260k-f32.gguf");
  const import::GgufFile &file = model->contents();
  const uint8_t *bytes = model->files()[0].data(), *end = bytes;
  for (const auto &[key, value] : file.metadata) {
    end = std::max(end, value.data + value.bytes);
  }
  auto raw = [](auto value) { return std::string(reinterpret_cast<const char *>(&value), sizeof(value)); };
  const numerics::GgufType blocks = *numerics::ggufTypeNamed(type == "Q8_0" ? "q8_0" : "q4_0");
  std::string infos, data;
  for (const import::TensorInfo &tensor : file.tensors) {
    const bool isCoded = tensor.shape.size() == 2 && tensor.shape[1] % 32 == 0;
    infos += raw(static_cast<uint64_t>(tensor.name.size())) + tensor.name;
    infos += raw(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) {
      infos += raw(static_cast<uint64_t>(tensor.shape[i]));
    }
    infos +=
        raw(isCoded && !isTwin ? blocksNumber(type) : uint32_t(0)) + raw(static_cast<uint64_t>(data.size()));
    std::vector<float> numbers(tensor.bytes / 4);
    std::memcpy(numbers.data(), model->data(tensor), tensor.bytes);
    if (isCoded) {
      auto codes = numerics::encodeMatrix(numerics::ggufFormat(blocks), numbers.data(), tensor.shape[0],
                                          tensor.shape[1]);
      auto joined = numerics::joinGguf(blocks, *codes);
      numbers = decodeBlocks(type, *joined);
      if (!isTwin) {
        data.append(joined->begin(), joined->end());
        numbers.clear();
      }
    }
    data.append(reinterpret_cast<const char *>(numbers.data()), numbers.size() * 4);
    data.resize((data.size() + 31) / 32 * 32);
  }
  std::string head(reinterpret_cast<const char *>(bytes), static_cast<size_t>(end - bytes));
  head += infos;
  head.resize((head.size() + 31) / 32 * 32);
  return head + data;
}

TEST_F(Checkpoints, StoriesInBlocks) {
  const std::string directory = COOPT_TEST_DATA "/models/stories260k";
  if (!fs::exists(directory + "/stories260k-f32.gguf")) {
    GTEST_SKIP() << directory << " is not there: COOPT_TEST_DATA names the folder of test data";
  }
  auto evaluation = nlohmann::json::parse(std::ifstream(directory + "/eval_tokens.json"));
  std::vector<Tokens> sequences = evaluation.at("sequences");
  sequences.resize(std::min<size_t>(sequences.size(), 4));
  const std::string isa = variants().back();
  const double original =
      meanNll(package(directory + "/stories260k-f32.gguf", path("plain.coopt"), isa), sequences);
  for (const auto &[type, bound] : {std::pair<std::string, double>{"Q8_0", 0.01}, {"Q4_0", 0.3}}) {
    std::ofstream(path(type + ".gguf"), std::ios::binary) << quantisedStories(type, false);
    std::ofstream(path(type + "-twin.gguf"), std::ios::binary) << quantisedStories(type, true);
    PackagePointer coded = package(path(type + ".gguf"), path(type + ".coopt"), isa),
                   twin = package(path(type + "-twin.gguf"), path(type + "-twin.coopt"), isa);
    ASSERT_TRUE(coded && twin);
    const double likelihood = meanNll(coded, sequences);
    EXPECT_NEAR(likelihood, meanNll(twin, sequences), 1e-4) << type;
    EXPECT_NEAR(likelihood, original, bound) << type;
    // The tokenizer is the file's.
    Outcome text = run("coopt-run", {path(type + ".coopt"), "--prompt", "Once upon a time", "-n", "8"});
    EXPECT_EQ(text.status, 0) << text.output;
    EXPECT_EQ(text.output.find(", there was"), 0u) << text.output;
  }
}

struct NamedStorage {
  const char *name;
  Storage storage;
};

class QuantizedDirectory : public Checkpoints, public testing::WithParamInterface<NamedStorage> {};

TEST_P(QuantizedDirectory, CodesMeanTheirNumbers) {
  makeModels(GetParam().storage);
  const std::string isa = variants().back();
  expectTwins(package(path("coded"), path("coded.coopt"), isa),
              package(path("twin"), path("twin.coopt"), isa));
}

INSTANTIATE_TEST_SUITE_P(
    Methods, QuantizedDirectory,
    testing::Values(NamedStorage{"Gptq3", {"gptq_v2", 3, 16}}, NamedStorage{"Awq", {"awq", 4, 32}},
                    NamedStorage{"GptqSorted", {"gptq", 4, 32, false, "F16", false, true}},
                    NamedStorage{"PackedSorted", {"packed", 4, 16, true, "BF16", false, true}},
                    NamedStorage{"Packed4AsymmetricRows", {"packed", 4, 0, false}},
                    NamedStorage{"FloatsOneScale", {"floats", 8, 0, true, "BF16", true}}),
    [](const testing::TestParamInfo<NamedStorage> &info) { return info.param.name; });

// Experts of 40 rows, each followed by 8 of zeros.
const std::vector<std::string> kExperts = {"--arch=qwen3_moe", "--experts=12", "--expert-ffn=40",
                                           "--head-dim=16"};

TEST_F(Checkpoints, ExpertsKeepTheirCodes) {
  makeModels({"awq", 4, 8}, kExperts);
  const std::string isa = variants().back();
  expectTwins(package(path("coded"), path("coded.coopt"), isa),
              package(path("twin"), path("twin.coopt"), isa));
  const auto saved = static_cast<double>(fs::file_size(path("twin.coopt"))) -
                     static_cast<double>(fs::file_size(path("coded.coopt")));
  // Of the 32 bits of each weight of twelve experts, a fourth at least: the code of such small groups is long.
  EXPECT_GT(saved, 12.0 * 3 * 48 * 64 * 4 / 4);
}

TEST_F(Checkpoints, SortedColumnsOfExpertsAreRefused) {
  makeModels({"packed", 4, 8, true, "BF16", false, true}, kExperts);
  expectMessage("coded",
                "tensor 'model.layers.0.mlp.experts.0.gate_proj.weight': columns in the order of their "
                "activations are not supported in this version for experts");
}

// Another quantisation than the checkpoint's begins from the numbers that its codes mean: the twin's, bit by bit.
TEST_F(Checkpoints, OtherSchemesAreMadeOfTheDecodedNumbers) {
  makeModels({"gptq", 4, 32});
  const std::string isa = variants().back();
  PackagePointer coded = package(path("coded"), path("coded.coopt"), isa, {"--quantize=w8a8"}),
                 twin = package(path("twin"), path("twin.coopt"), isa, {"--quantize=w8a8"});
  ASSERT_TRUE(coded && twin);
  Tokens prompt = someTokens(9, coopt_package_vocabulary(twin.get()), 6);
  EXPECT_EQ(difference(allLogits(coded, prompt), allLogits(twin, prompt)), "");
}

// compressed-tensors has a tensor of the same meaning.
TEST_F(Checkpoints, SortedColumnsNeedTheirGroups) {
  makeModels({"packed", 4, 32, true});
  auto config = nlohmann::json::parse(std::ifstream(path("coded/config.json")));
  config["quantization_config"]["config_groups"]["group_0"]["weights"]["actorder"] = "group";
  std::ofstream(path("coded/config.json")) << config;
  expectMessage("coded",
                "model.safetensors: tensor 'model.layers.0.self_attn.q_proj.weight_packed': expected "
                "'model.layers.0.self_attn.q_proj.weight_g_idx' with the group of each column");
}

TEST_F(Checkpoints, WhatIsWrongIsSaid) {
  makeModels({"gptq", 4, 32});
  const FileTensors good = readSafetensors(path("coded/model.safetensors"));
  const std::string query = "model.layers.0.self_attn.q_proj";
  auto spoil = [&](const std::string &message, auto change) {
    FileTensors tensors = good;
    change(tensors);
    writeSafetensors(path("coded/model.safetensors"), tensors);
    expectMessage("coded", message);
  };
  spoil("tensor '" + query +
            ".scales' \\[2, 64\\]: expected by the quantisation, in none of the model's files",
        [&](FileTensors &tensors) { tensors.erase(query + ".scales"); });
  spoil("tensor '" + query + ".qweight': expected shape \\[8, 64\\] by the quantisation, got \\[64, 8\\]",
        [&](FileTensors &tensors) { tensors[query + ".qweight"].shape = {64, 8}; });
  spoil("tensor '" + query + ".qzeros': expected I32, got F32",
        [&](FileTensors &tensors) { tensors[query + ".qzeros"].type = "F32"; });
  spoil("tensor '" + query + ".g_idx': expected 32 columns of group 0, got 31",
        [&](FileTensors &tensors) { tensors[query + ".g_idx"].bytes[0] = 1; });
  spoil("tensor '" + query + ".g_idx': column 1: expected a group from 0 to 1, got 2",
        [&](FileTensors &tensors) { tensors[query + ".g_idx"].bytes[4] = 2; });
  // By what the configuration says, only that tensor tells the groups.
  auto config = nlohmann::json::parse(std::ifstream(path("coded/config.json")));
  auto sorted = config;
  sorted["quantization_config"]["desc_act"] = true;
  std::ofstream(path("coded/config.json")) << sorted;
  spoil("model.safetensors: tensor '" + query + ".qweight': expected '" + query +
            ".g_idx' with the group of each column, as columns are in the order of their activations",
        [&](FileTensors &tensors) { tensors.erase(query + ".g_idx"); });
  std::ofstream(path("coded/config.json")) << config;
  // A zero of 16 has no place in 4 bits.
  spoil("unpack_words|the field 15 plus 1 has no place in 4 bits",
        [&](FileTensors &tensors) { tensors[query + ".qzeros"].bytes[0] = '\xff'; });
  writeSafetensors(path("coded/model.safetensors"), good);
  for (auto [key, value, message] :
       {std::tuple<std::string, nlohmann::json, std::string>{"bits", 5,
                                                             "bits: expected 2, 3, 4 or 8 bits, got 5"},
        {"quant_method", "hqq",
         "quant_method: expected 'gptq', 'awq' or 'compressed-tensors', got 'hqq'|\"hqq\""},
        {"group_size", 0, "group_size: expected the size of a group, or -1 for whole rows, got 0"},
        {"rotation", "hadamard", "rotation: is not supported in this version"},
        {"dynamic", {{"-:.*up", {}}}, "dynamic: is not supported in this version"}}) {
    auto wrong = config;
    wrong["quantization_config"][key] = value;
    std::ofstream(path("coded/config.json")) << wrong;
    expectMessage("coded", "\\$.quantization_config." + message);
  }
}

} // namespace
