// Quantised checkpoints through the importers and recipes, against the numbers that the methods' definitions give their
// codes: bit by bit, without compiling the models.
#include "Checkpoints.h"
#include "Files.h"
#include "coopt/Import/HuggingFace.h"
#include "coopt/Import/ModelGenerator.h"
#include "coopt/Package/RecipeEvaluator.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <map>

using namespace coopt;
using namespace coopt::test;

namespace {

struct NamedStorage {
  const char *name;
  Storage storage;
};

class ImportedNumbers : public testing::Test {
protected:
  ImportedNumbers() {
    context.loadDialect<model::ModelDialect, quantized::QuantizedDialect, attention::AttentionDialect,
                        mlir::arith::ArithDialect, mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                        mlir::scf::SCFDialect, mlir::tensor::TensorDialect, schedule::ScheduleDialect>();
  }

  std::string bytesOf(const RecipeEvaluator &evaluator, const std::string &name) {
    std::string bytes;
    Status status = evaluator.write(name, [&](const uint8_t *data, size_t size) -> Status {
      bytes.append(reinterpret_cast<const char *>(data), size);
      return {};
    });
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return bytes;
  }
  /// Rows of f32 with their columns by ascending groups, if the matrix has some: as they are decoded.
  std::string byGroups(const std::string &name, const std::string &rows) {
    auto found = groups.find(name);
    if (found == groups.end()) {
      return rows;
    }
    const size_t K = found->second.size();
    std::vector<std::pair<int32_t, size_t>> order;
    for (size_t k = 0; k < K; ++k) {
      order.push_back({found->second[k], k});
    }
    std::sort(order.begin(), order.end());
    std::string sorted;
    for (size_t row = 0; row < rows.size(); row += 4 * K) {
      for (auto [group, k] : order) {
        sorted += rows.substr(row + 4 * k, 4);
      }
    }
    return sorted;
  }
  /// All matrices of one model equal those of the other.
  size_t expectEqual(mlir::ModuleOp coded, mlir::ModuleOp twin) {
    RecipeOptions options;
    options.blockBytes = 5000; // several pieces
    auto left = RecipeEvaluator::create(coded, folder.path, options),
         right = RecipeEvaluator::create(twin, folder.path + "/twin", options);
    EXPECT_TRUE(left && right);
    size_t matrices = 0;
    for (auto parameter : twin.getOps<model::ParameterOp>()) {
      const std::string name = parameter.getSymName().str();
      if (left && right && parameter.getTensorType().getRank() == 2 && name.find(".weight") != name.npos) {
        EXPECT_TRUE(bytesOf(*left, name) == byGroups(name, bytesOf(*right, name))) << name;
        ++matrices;
      }
    }
    return matrices;
  }

  mlir::MLIRContext context;
  TemporaryFolder folder;
  std::map<std::string, std::vector<int32_t>> groups; ///< of columns, by the matrix
};

TEST_F(ImportedNumbers, BlocksOfGguf) {
  std::filesystem::create_directories(folder.file("twin"));
  for (const std::string &type : ggufBlocks()) {
    writeFile(folder.file("m.gguf"), ggufModel({type}, false, 11));
    writeFile(folder.file("twin/m.gguf"), ggufModel({type}, true, 11));
    auto coded = import::importGguf(&context, folder.file("m.gguf"), {});
    auto twin = import::importGguf(&context, folder.file("twin/m.gguf"), {});
    ASSERT_TRUE(succeeded(coded) && succeeded(twin)) << type;
    EXPECT_EQ(expectEqual(**coded, **twin), 9u) << type;
    auto info = (**coded)->getAttrOfType<mlir::DictionaryAttr>("model.info");
    EXPECT_NE(info.getAs<mlir::StringAttr>("quantization").getValue(), "f32");
  }
}

class ImportedMethod : public ImportedNumbers, public testing::WithParamInterface<NamedStorage> {};

TEST_P(ImportedMethod, CodesMeanTheirNumbers) {
  import::GeneratorOptions options;
  options.config = import::huggingFaceDefaults("llama");
  import::DecoderConfig &config = options.config;
  config.hiddenSize = 64;
  config.intermediateSize = 96;
  config.layers = 1;
  config.heads = 4;
  config.keyValueHeads = 2;
  config.headSize = 16;
  config.vocabularySize = 354;
  config.maxPositions = 40;
  config.rotary.size = 16;
  config.window = {0};
  config.attentionScale = import::defaultAttentionScale(16);
  options.overwrite = true;
  for (const std::string &each : {folder.path, folder.file("twin")}) {
    Status made = import::generateModel(options, each);
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }
  FileTensors coded = readSafetensors(folder.file("model.safetensors")), twin = coded;
  const FileTensors tensors = coded;
  std::mt19937 random(23);
  for (const auto &[name, tensor] : tensors) {
    if (name.find("_proj.weight") != std::string::npos) {
      coded.erase(name);
      addLayer(GetParam().storage, name.substr(0, name.size() - 7), tensor.shape[0], tensor.shape[1], random,
               coded, twin);
    }
  }
  for (const auto &[name, tensor] : coded) {
    if (size_t end = name.find("_g_idx"); end != name.npos || (end = name.find(".g_idx")) != name.npos) {
      const std::string weight = name.substr(0, end) + (name[end] == '.' ? ".weight" : "");
      groups[weight].resize(static_cast<size_t>(tensor.shape[0]));
      std::memcpy(groups[weight].data(), tensor.bytes.data(), tensor.bytes.size());
    }
  }
  writeSafetensors(folder.file("model.safetensors"), coded);
  writeSafetensors(folder.file("twin/model.safetensors"), twin);
  std::string text = readFile(folder.file("config.json"));
  writeFile(
      folder.file("config.json"),
      text.insert(text.find('{') + 1, "\"quantization_config\": " + GetParam().storage.config() + ", "));
  auto left = import::importHuggingFace(&context, folder.path, {});
  auto right = import::importHuggingFace(&context, folder.file("twin"), {});
  ASSERT_TRUE(succeeded(left) && succeeded(right));
  EXPECT_EQ(expectEqual(**left, **right), 9u);
  size_t decoded = 0;
  (*left)->walk([&](quantized::DequantizeOp) { ++decoded; });
  EXPECT_EQ(decoded, 7u);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, ImportedMethod,
    testing::Values(NamedStorage{"Gptq4", {"gptq", 4, 32}}, NamedStorage{"Gptq2Rows", {"gptq", 2, 0}},
                    NamedStorage{"Gptq3", {"gptq_v2", 3, 16}},
                    NamedStorage{"GptqSorted", {"gptq", 4, 20, false, "F16", false, true}},
                    NamedStorage{"PackedSorted", {"packed", 4, 16, false, "BF16", false, true}},
                    NamedStorage{"IntegersSorted", {"integers", 4, 32, true, "F16", false, true}},
                    NamedStorage{"Gptq8ShortGroup", {"gptq", 8, 64}}, NamedStorage{"Awq", {"awq", 4, 32}},
                    NamedStorage{"AwqRows", {"awq", 4, 0, false, "F32"}},
                    NamedStorage{"Packed4", {"packed", 4, 32, true, "BF16"}},
                    NamedStorage{"Packed4Asymmetric", {"packed", 4, 16, false}},
                    NamedStorage{"Packed8Rows", {"packed", 8, 0, true, "F32"}},
                    NamedStorage{"Packed4AsymmetricRows", {"packed", 4, 0, false}},
                    NamedStorage{"Integers8", {"integers", 8, 0, true, "BF16"}},
                    NamedStorage{"Integers4", {"integers", 4, 32, true}},
                    NamedStorage{"Floats", {"floats", 8, 0, true, "F32"}},
                    NamedStorage{"FloatsOneScale", {"floats", 8, 0, true, "BF16", true}}),
    [](const testing::TestParamInfo<NamedStorage> &info) { return info.param.name; });

} // namespace
