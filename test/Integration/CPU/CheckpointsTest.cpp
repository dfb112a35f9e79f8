// Quantised checkpoints against float models of the numbers that the methods' definitions give their codes, from the file to the
// logits. That the numbers of all methods are these, bit by bit, is tested in Unit/Package/ImportedNumbersTest.cpp.
#include "Checkpoints.h"
#include "Inference.h"
#include "Programs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>

using namespace coopt::test;
namespace fs = std::filesystem;

namespace {

std::string isaOption() {
  return "--isa=generic" + (runnableVariants().size() > 1 ? "," + runnableVariants().back() : "");
}

/// Compiles into the folder; "" and a failed test if that fails.
PackagePointer package(const std::string &model, const std::string &output, const std::string &isa,
                       std::vector<std::string> options = {}) {
  if (!fs::exists(output)) {
    options.insert(options.end(), {model, isaOption(), "-o", output});
    Outcome outcome = run("coopt-compile", options);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    if (outcome.status != 0) {
      return nullptr;
    }
  }
  return openPackage(output, isa);
}

std::vector<std::string> variants() {
  std::vector<std::string> names = {"generic"};
  if (runnableVariants().size() > 1) {
    names.push_back(runnableVariants().back());
  }
  return names;
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
  void makeModels(const Storage &storage) {
    std::string base = generated({"--layers=1", "--hidden=64", "--heads=4", "--kv-heads=2", "--ffn=96",
                                  "--vocab=355", "--max-positions=40", "--seed=9"});
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

// Every type of blocks in one model.
TEST_F(Checkpoints, BlocksOfGguf) {
  std::ofstream(path("coded.gguf"), std::ios::binary) << ggufModel(ggufBlocks(), false, 3);
  std::ofstream(path("twin.gguf"), std::ios::binary) << ggufModel(ggufBlocks(), true, 3);
  for (const std::string &isa : variants()) {
    expectTwins(package(path("coded.gguf"), path("coded.coopt"), isa),
                package(path("twin.gguf"), path("twin.coopt"), isa));
  }
  // The codes are kept: fewer bytes than the floats have.
  EXPECT_LT(fs::file_size(path("coded.coopt")), fs::file_size(path("twin.coopt")) / 2);
}

struct NamedStorage {
  const char *name;
  Storage storage;
};

class QuantizedDirectory : public Checkpoints, public testing::WithParamInterface<NamedStorage> {};

TEST_P(QuantizedDirectory, CodesMeanTheirNumbers) {
  makeModels(GetParam().storage);
  for (const std::string &isa : variants()) {
    expectTwins(package(path("coded"), path("coded.coopt"), isa),
                package(path("twin"), path("twin.coopt"), isa));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Methods, QuantizedDirectory,
    testing::Values(NamedStorage{"Gptq3", {"gptq_v2", 3, 16}}, NamedStorage{"Awq", {"awq", 4, 32}},
                    NamedStorage{"Packed4AsymmetricRows", {"packed", 4, 0, false}},
                    NamedStorage{"FloatsOneScale", {"floats", 8, 0, true, "BF16", true}}),
    [](const testing::TestParamInfo<NamedStorage> &info) { return info.param.name; });

// Another quantisation than the checkpoint's begins from the numbers that its codes mean: the twin's, bit by bit.
TEST_F(Checkpoints, OtherSchemesAreMadeOfTheDecodedNumbers) {
  makeModels({"gptq", 4, 32});
  PackagePointer coded = package(path("coded"), path("coded.coopt"), "generic", {"--quantize=w8a8"}),
                 twin = package(path("twin"), path("twin.coopt"), "generic", {"--quantize=w8a8"});
  ASSERT_TRUE(coded && twin);
  Tokens prompt = someTokens(9, coopt_package_vocabulary(twin.get()), 6);
  EXPECT_EQ(difference(allLogits(coded, prompt), allLogits(twin, prompt)), "");
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
  spoil("tensor '" + query +
            ".g_idx': column 0: expected group 0, got 1: columns in the order of their activations",
        [&](FileTensors &tensors) { tensors[query + ".g_idx"].bytes[0] = 1; });
  // A zero of 16 has no place in 4 bits.
  spoil("unpack_words|the field 15 plus 1 has no place in 4 bits",
        [&](FileTensors &tensors) { tensors[query + ".qzeros"].bytes[0] = '\xff'; });
  writeSafetensors(path("coded/model.safetensors"), good);
  auto config = nlohmann::json::parse(std::ifstream(path("coded/config.json")));
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
