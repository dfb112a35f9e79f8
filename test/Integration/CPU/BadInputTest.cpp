// What a person may get wrong: every program says it in one message, with the place, and ends with status 1.
#include "Programs.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <regex>

using namespace coopt::test;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> smallModel = {"--layers=1",         "--hidden=20", "--heads=2",
                                             "--kv-heads=1",       "--ffn=17",    "--vocab=354",
                                             "--max-positions=40", "--seed=3"};

/// Status 1 and one message, "<program>: error: " and `message`, an ECMAScript expression; further lines are notes.
void expectMessage(const std::string &program, const std::vector<std::string> &arguments,
                   const std::string &message) {
  Outcome outcome = run(program, arguments);
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  size_t first = outcome.output.find("error: ");
  EXPECT_EQ(outcome.output.find("error: ", first + 1), std::string::npos) << outcome.output;
  EXPECT_TRUE(std::regex_search(outcome.output, std::regex("^" + program + ": error: .*" + message)))
      << outcome.output << "expected: " << message;
}

std::string read(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path &path, const std::string &text) { std::ofstream(path, std::ios::binary) << text; }

/// Replaces text that must be there.
void replace(const fs::path &path, const std::string &from, const std::string &to) {
  std::string text = read(path);
  size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  write(path, text.replace(at, from.size(), to));
}

/// A folder of its own, removed in the end.
class BadInput : public testing::Test {
protected:
  void SetUp() override {
    folder = scratchPath("bad");
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const std::string &name) const { return folder / name; }
  /// A good model to spoil.
  std::string model() const {
    fs::remove_all(folder / "model");
    fs::copy(generated(smallModel), folder / "model");
    return path("model");
  }
  void expectCompileMessage(const std::string &input, const std::string &message,
                            std::vector<std::string> options = {}) const {
    options.insert(options.end(), {input, "--isa=generic", "-o", path("out.coopt")});
    expectMessage("coopt-compile", options, message);
    EXPECT_FALSE(fs::exists(folder / "out.coopt"));
  }

  fs::path folder;
};

TEST_F(BadInput, ModelDirectories) {
  expectCompileMessage(path("nothing"), "nothing: no such file or directory");
  expectCompileMessage(folder.string(), "config.json: No such file");
  fs::remove(model() + "/model.safetensors");
  expectCompileMessage(path("model"), "model: .*safetensors");
  fs::remove(model() + "/tokenizer.json");
  expectCompileMessage(path("model"), "tokenizer.json: No such file");
}

TEST_F(BadInput, Weights) {
  fs::path weights = model() + "/model.safetensors";
  std::string whole = read(weights);
  for (size_t size : {size_t(0), size_t(5), size_t(8), size_t(100), whole.size() / 2, whole.size() - 1}) {
    fs::resize_file(weights, size);
    expectCompileMessage(path("model"), "model.safetensors: ");
    write(weights, whole);
  }
  write(weights, whole + "x");
  expectCompileMessage(path("model"), "model.safetensors: ");
  write(weights, std::string(8, '\xff') + whole.substr(8));
  expectCompileMessage(path("model"), "model.safetensors: ");
  replace(model() + "/model.safetensors", "self_attn.q_proj", "self_attn.x_proj");
  expectCompileMessage(path("model"), "model: .*'model.layers.0.self_attn.q_proj.weight'");
  replace(model() + "/model.safetensors", "\"F32\"", "\"I32\"");
  expectCompileMessage(path("model"), "model.safetensors: tensor '.*I32");
  replace(model() + "/model.safetensors", "\"F32\"", "\"F33\"");
  expectCompileMessage(path("model"), "model.safetensors: .*F33");
}

TEST_F(BadInput, Configuration) {
  struct {
    const char *from, *to, *message;
  } cases[] = {
      {"\"intermediate_size\": 17", "\"intermediate_size\": 18",
       "model.safetensors: tensor 'model.layers.0.mlp.gate_proj.weight': expected shape \\[18, 20\\].*got "
       "\\[17, 20\\]"},
      {"\"num_hidden_layers\": 1", "\"num_hidden_layers\": 2",
       "model: .*'model.layers.1.input_layernorm.weight'"},
      {"LlamaForCausalLM", "OtherForCausalLM", "config.json: .*OtherForCausalLM"},
      {"\"hidden_size\": 20", "\"hidden_size\": \"20\"", "config.json: .*hidden_size"},
      {"\"hidden_size\": 20", "\"hidden_size\": 4000000000000000000", "config.json: .*hidden_size"},
      {"\"hidden_size\": 20", "\"hidden_size\": -20", "config.json: .*hidden_size"},
      {"\"num_key_value_heads\": 1", "\"num_key_value_heads\": 0", "config.json: .*num_key_value_heads"},
      {"\"hidden_size\": 20,", "\"hidden_size\": 20", "config.json: [0-9]+:[0-9]+: "},
      {"{", "[", "config.json: "},
  };
  for (auto [from, to, message] : cases) {
    replace(model() + "/config.json", from, to);
    expectCompileMessage(path("model"), message);
  }
}

TEST_F(BadInput, Tokenizer) {
  write(model() + "/tokenizer.json", "{\"model\": ");
  expectCompileMessage(path("model"), "tokenizer.json: 1:[0-9]+: ");
  replace(model() + "/tokenizer.json", "\"BPE\"", "\"WordPiece\"");
  expectCompileMessage(path("model"), "tokenizer.json: .*WordPiece");
}

TEST_F(BadInput, Options) {
  std::string good = generated(smallModel);
  for (const char *name : {"foo", "w9a9", "W8A8", "w0a8", "w4a8-g0", "w8a8-qoq", "q4_k", "q8_k"}) {
    expectCompileMessage(good, name, {std::string("--quantize=") + name});
  }
  expectMessage("coopt-compile", {good, "--isa=sse", "-o", path("x")}, "--isa: .*'sse'");
  expectMessage("coopt-compile", {good, "--isa=generic,generic", "-o", path("x")}, "--isa: .*'generic'");
  expectCompileMessage(good, "--target: .*'toaster'", {"--target=toaster"});
  expectCompileMessage(good, "--compile-to: .*'nowhere'", {"--compile-to=nowhere"});
  expectCompileMessage(good, "--compile-from: .*'package'", {"--compile-from=package"});
  expectCompileMessage(good, "model directory", {"--compile-from=fuse"});
  expectCompileMessage(good, "context of 41 positions .* allows 40", {"--context=41"});
  expectCompileMessage(good, "--chunk", {"--chunk=0"});
  expectCompileMessage(good, "--unknown", {"--unknown"});
  expectMessage("coopt-compile", {good}, "--output is required");
  expectMessage("coopt-compile", {}, "MODEL is required");
  expectMessage("coopt-compile", {good, "--isa=generic", "-o", path("no/folder/x.coopt")}, "no/folder");
}

TEST_F(BadInput, ScheduleFiles) {
  std::string good = generated(smallModel), file = path("schedule.json");
  auto expect = [&](const std::string &text, const std::string &message) {
    write(file, text);
    expectCompileMessage(good, message, {"--quantize=w8a8", "--schedule=" + file});
  };
  auto expectSet = [&](const std::string &op, const std::string &set, const std::string &message) {
    expect("{\"schedules\": [{\"op\": \"" + op + "\", \"set\": \"" + set + "\"}]}", message);
  };
  expectCompileMessage(good, "none.json: No such file", {"--schedule=" + path("none.json")});
  expect("{\"schedules\": [", "schedule.json: ");
  expect("[]", "schedule.json: \\$.schedules: expected an array");
  expect("{\"schedules\": [3]}", "schedule.json: \\$.schedules\\[0\\]");
  expect("{\"schedules\": [{\"op\": \"lm_head\"}]}", "schedule.json: \\$.schedules\\[0\\]");
  expectSet("lm_head[", "#schedule.set<[<[]> -> <tile = [1, 16]>]>",
            "schedule.json: \\$.schedules\\[0\\].op: ");
  expectSet("lm_head", "#schedule.set<", "schedule.json: \\$.schedules\\[0\\].set: ");
  expectSet("lm_head", "#other.set<[]>", "schedule.json: \\$.schedules\\[0\\].set: ");
  expectSet("lm_head", "42 : i32", "schedule.json: \\$.schedules\\[0\\].set: ");
  expectSet("lm_head", "#schedule.set<[<[]> -> <tile = [-1, 16]>]>",
            "schedule.json: \\$.schedules\\[0\\].set: .*got -1");
  expectSet("lm_head", "#schedule.set<[<[\\\"outputs\\\" le 1]> -> <tile = [1, 16]>]>",
            "schedule.json: \\$.schedules\\[0\\].set: .*last guard");
  expectSet("nothing/*", "#schedule.set<[<[]> -> <tile = [1, 16]>]>",
            "schedule.json: no kernel.*'nothing/\\*'");
  expectSet("lm_head", "#schedule.set<[<[]> -> <tile = [1]>]>", "lm_head: .*2 .*loops.*got 1");
  expectSet("lm_head", "#schedule.set<[<[]> -> <tile = [1, 17]>]>", "lm_head: .*multiple of 16.*got 17");
  expectSet("lm_head", "#schedule.set<[<[\\\"rows\\\" le 1]> -> <tile = [1, 16]>, <[]> -> <tile = [1, 16]>]>",
            "lm_head: .*\"rows\"");
}

TEST_F(BadInput, MlirFiles) {
  struct {
    const char *text, *message;
  } cases[] = {
      {"", "is empty: expected a module"},
      {"module {}", "is empty: expected a module"},
      {"\x01\x02\x03", "bad.mlir:1:1: "},
      {"func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %y : tensor<4xf32>\n}",
       "bad.mlir:2:10: .*undeclared"},
      {"func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  other.op\n}", "bad.mlir:2:3: "},
      {"func.func @f(%x: vector<4xf32>) -> vector<4xf32> { return %x : vector<4xf32> }",
       "bad.mlir:1:1: expected ranked tensors, got 'vector<4xf32>'"},
      {"func.func @f(%x: tensor<?xf32> {coopt.dims = [\"m\"]}, %y: tensor<?xf32> {coopt.dims = [\"n\"]})\n"
       "    -> (tensor<?xf32> {coopt.dims = [\"m\"]}) {\n"
       "  %0 = arith.addf %x, %y : tensor<?xf32>\n  return %0 : tensor<?xf32>\n}",
       "bad.mlir:3:8: 'linalg.generic' needs sizes 'm' and 'n' to be equal"},
      {"func.func @f(%x: tensor<?xf32> {coopt.dims = [\"m\"]}, %y: tensor<?xf32> {coopt.dims = [\"n\"]})\n"
       "    -> (tensor<?xf32> {coopt.dims = [\"n\"]}) {\n  return %x : tensor<?xf32>\n}",
       "bad.mlir:3:3: result 0 has extent 'm' in dimension 0, but is said to have 'n'"},
      {"func.func @f(%a: tensor<?x4xf32>, %b: tensor<5x?xf32>, %c: tensor<?x?xf32>) -> tensor<?x?xf32> {\n"
       "  %0 = linalg.matmul ins(%a, %b : tensor<?x4xf32>, tensor<5x?xf32>) outs(%c : tensor<?x?xf32>) -> "
       "tensor<?x?xf32>\n  return %0 : tensor<?x?xf32>\n}",
       "bad.mlir:2:8: 'linalg.matmul' needs equal extents, got 4 and 5"},
      {"func.func @f(%x: tensor<4xf32>) -> tensor<1xf32> {\n  %c = arith.constant 4 : index\n"
       "  %0 = tensor.extract %x[%c] : tensor<4xf32>\n  %1 = tensor.from_elements %0 : tensor<1xf32>\n"
       "  return %1 : tensor<1xf32>\n}",
       "bad.mlir:3:8: index 4 is outside \\[0, 4\\)"},
      {"func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %p = llvm.mlir.zero : !llvm.ptr\n"
       "  return %x : tensor<4xf32>\n}",
       "bad.mlir:2:8: 'llvm.mlir.zero' is not supported: expected ops of linalg"},
      {"func.func @f(%x: memref<4xf32>) { return }", "bad.mlir:1:1: expected "},
      {"func.func @f() { return }", "bad.mlir:1:1: expected at least one result"},
      {"func.func @f(%x: tensor<*xf32>) -> tensor<*xf32> { return %x : tensor<*xf32> }",
       "expected ranked tensors"},
      {"func.func @f(%x: tensor<?x?xf32>) -> tensor<?xf32> {\n"
       "  %0 = tensor.collapse_shape %x [[0, 1]] : tensor<?x?xf32> into tensor<?xf32>\n  return %0 : "
       "tensor<?xf32>\n}",
       "bad.mlir:1:1: result0 has dynamic extents: name them"},
      {"func.func private @g(tensor<4xf32>) -> tensor<4xf32>\n"
       "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
       "  %0 = call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>\n  return %0 : tensor<4xf32>\n}",
       "bad.mlir:3:8: "},
      {"func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %0 = math.sin %x : tensor<4xf32>\n"
       "  return %0 : tensor<4xf32>\n}",
       "bad.mlir:2:8: 'math.sin'"},
  };
  for (auto [text, message] : cases) {
    write(folder / "bad.mlir", text);
    expectCompileMessage(path("bad.mlir"), message);
  }
}

TEST_F(BadInput, PackagesAndPrompts) {
  std::string good = compiled(generated(smallModel), {"--isa=generic"}), bad = path("bad.coopt");
  ASSERT_FALSE(good.empty());
  std::string whole = read(good);
  auto prompt = [](const std::string &package, const std::string &tokens) {
    return std::vector<std::string>{package, "--tokens", tokens, "--print-tokens", "-n", "2"};
  };
  EXPECT_EQ(run("coopt-run", prompt(good, "1,2,353")).status, 0);
  expectMessage("coopt-run", prompt(path("none.coopt"), "1"), "none.coopt: No such file");
  for (size_t size : {size_t(0), size_t(3), size_t(64), size_t(4096), whole.size() / 2, whole.size() - 1}) {
    write(bad, whole.substr(0, size));
    expectMessage("coopt-run", prompt(bad, "1"), "bad.coopt: ");
  }
  // Manifest and code are checked at load, weights by --verify.
  for (size_t place : {size_t(0), size_t(9), size_t(40), size_t(4096), size_t(4500), whole.size() - 10}) {
    std::string spoiled = whole;
    spoiled[place] = static_cast<char>(spoiled[place] ^ 0x10);
    write(bad, spoiled);
    Outcome outcome = run("coopt-run", {bad, "--verify"});
    EXPECT_TRUE(outcome.status == 1 || (outcome.status == 0 && place > 4096))
        << place << ": " << outcome.output;
    if (outcome.status == 1) {
      EXPECT_EQ(outcome.output.rfind("coopt-run: error: " + bad, 0), 0u) << outcome.output;
    }
  }
  expectMessage("coopt-run", prompt(good, "1,354"), "id 354 is not in the vocabulary");
  expectMessage("coopt-run", prompt(good, "1,-1"), "-1");
  expectMessage("coopt-run", prompt(good, "1,x"), "x");
  expectMessage("coopt-run", prompt(good, "1,99999999999"), "99999999999");
  std::string many = "1";
  for (int i = 1; i < 41; ++i) {
    many += ",7";
  }
  expectMessage("coopt-run", prompt(good, many), "context of 40 tokens exceeded: 0 held, 41 more");
  EXPECT_EQ(run("coopt-run", prompt(good, many.substr(2))).status, 0);
  expectMessage("coopt-run", {good, "--prompt", "", "-n", "2", "--isa", "avx2"}, "'avx2'");
  expectMessage("coopt-run", {good, "--function", "nothing"}, "'nothing'");
  expectMessage("coopt-run", {good}, "nothing to do");
}

} // namespace
