//===- AllocateFormatsTest.cpp - The losses of formats, counted by loops of the test's own ------===//
#include "coopt/Transforms/Compress.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <cmath>
#include <gtest/gtest.h>

#include <map>

namespace coopt {
namespace {

/// Two blocks with a contraction each, one of them by three experts of 30 rows (two of padding), and a head that is the embedding, too.
const char *const kModel = R"(
  #x = affine_map<(m, n, k) -> (m, k)>
  #w = affine_map<(m, n, k) -> (n, k)>
  #y = affine_map<(m, n, k) -> (m, n)>
  model.parameter @one : tensor<24x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.parameter @experts : tensor<96x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.parameter @table : tensor<40x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.parameter @norm : tensor<64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.entry @forward(%ids: tensor<?xi32>, %s: tensor<?x3xi32>)
      -> (tensor<?x24xf32>, tensor<?x30xf32>, tensor<?x40xf32>, tensor<64xf32>)
      sizes [#model.size<"n", min = 1, max = 9, multiple = 1>, #model.size<"m", min = 1, max = 3, multiple = 1>]
      dims [["n"], ["m"]] -> [["n"], ["n"], ["n"], []] {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = model.size "n" : index
    %one = model.load @one : tensor<24x64xf32>
    %experts = model.load @experts : tensor<96x64xf32>
    %table = model.load @table : tensor<40x64xf32>
    %norm = model.load @norm : tensor<64xf32>
    %e0 = tensor.empty(%n) : tensor<?x64xf32>
    %x = model.gather ins(%table, %ids : tensor<40x64xf32>, tensor<?xi32>) outs(%e0 : tensor<?x64xf32>) {coopt.id = "embed_tokens"} -> tensor<?x64xf32>
    %e1 = tensor.empty(%n) : tensor<?x24xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x24xf32>) -> tensor<?x24xf32>
    %0 = linalg.matmul indexing_maps = [#x, #w, #y] ins(%x, %one : tensor<?x64xf32>, tensor<24x64xf32>) outs(%f1 : tensor<?x24xf32>) {coopt.id = "a/up"} -> tensor<?x24xf32>
    %e2 = tensor.empty(%n) : tensor<?x30xf32>
    %1 = moe.contract ins(%x, %experts : tensor<?x64xf32>, tensor<96x64xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
        outs(%e2 : tensor<?x30xf32>) stride(32) {coopt.id = "b/experts/up"} -> tensor<?x30xf32>
    %e3 = tensor.empty(%n) : tensor<?x40xf32>
    %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?x40xf32>) -> tensor<?x40xf32>
    %2 = linalg.matmul indexing_maps = [#x, #w, #y] ins(%x, %table : tensor<?x64xf32>, tensor<40x64xf32>) outs(%f3 : tensor<?x40xf32>) {coopt.id = "lm_head"} -> tensor<?x40xf32>
    model.return %0, %1, %2, %norm : tensor<?x24xf32>, tensor<?x30xf32>, tensor<?x40xf32>, tensor<64xf32>
  }
)";

constexpr int64_t kColumns = 64;

std::vector<float> numbersOf(const std::string &parameter) {
  const size_t rows = parameter == "one" ? 24 : parameter == "experts" ? 96 : 40;
  std::vector<float> numbers(rows * kColumns);
  for (size_t i = 0; i < numbers.size(); ++i) {
    // Each expert has a scale of its own, and the padding is far off.
    const bool isPadding = parameter == "experts" && i / kColumns % 32 >= 30;
    numbers[i] = isPadding ? 1e6f
                           : static_cast<float>(i * 37 % 101 - 40.0) * (1.0f + static_cast<float>(i / 2048)) *
                                 (i % 3 == 0 ? 0.01f : 1.0f);
  }
  return numbers;
}

double meanSquareOf(const std::string &id, size_t k) {
  return static_cast<double>(k * k % 17 + 1) * (id == "a/up" ? 0.25 : 3);
}

/// What w4 makes of a number of a row: codes of -7 to 7, one f32 scale, the largest magnitude over 7.
double roundedBySym4(const float *row, size_t k) {
  float largest = 0;
  for (int64_t i = 0; i < kColumns; ++i) {
    largest = std::max(largest, std::abs(row[i]));
  }
  const float scale = largest / 7;
  return scale == 0 ? 0 : static_cast<double>(std::nearbyint(row[k] / scale) * scale);
}

struct Sums {
  double error = 0, energy = 0;
};

Sums sumsOf(const std::vector<float> &numbers, size_t begin, size_t count, const std::string &id) {
  Sums sums;
  for (size_t row = begin; row < begin + count; ++row) {
    for (size_t k = 0; k < size_t(kColumns); ++k) {
      const double h = id.empty() ? 1 : meanSquareOf(id, k);
      const float *of = numbers.data() + row * kColumns;
      const double difference = static_cast<double>(of[k]) - roundedBySym4(of, k);
      sums.error += h * difference * difference;
      sums.energy += h * static_cast<double>(of[k]) * static_cast<double>(of[k]);
    }
  }
  return sums;
}

class AllocateFormats : public ::testing::Test {
protected:
  AllocateFormats() {
    context.loadDialect<model::ModelDialect, moe::MoeDialect, mlir::arith::ArithDialect,
                        mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
    options.knowledge.weights = [](const std::string &name, const ModelKnowledge::Sink &sink) -> Status {
      const std::vector<float> numbers = numbersOf(name);
      return sink(reinterpret_cast<const uint8_t *>(numbers.data()), numbers.size() * sizeof(float));
    };
    options.report = [this](const std::string &line) {
      const size_t at = line.find(", loss ");
      if (at != std::string::npos) {
        losses[line.substr(0, line.find(':'))] = std::stod(line.substr(at + 7));
      } else {
        heads.push_back(line);
      }
    };
  }

  void statistics() {
    options.knowledge.meanSquares = [](const std::string &id, int64_t K) -> Expected<std::vector<double>> {
      std::vector<double> squares;
      for (int64_t k = 0; k < K; ++k) {
        squares.push_back(meanSquareOf(id, static_cast<size_t>(k)));
      }
      return squares;
    };
    options.knowledge.rows = [](const std::string &, int64_t) -> Expected<std::vector<double>> {
      return std::vector<double>{5, 0, 2};
    };
  }

  mlir::LogicalResult run(const std::string &text) {
    auto plan = numerics::readQuantizationPlan(text);
    EXPECT_TRUE(plan.has_value());
    options.plan = *plan;
    module = mlir::parseSourceString<mlir::ModuleOp>(kModel, &context);
    EXPECT_TRUE(module);
    return compress(*module, options);
  }

  mlir::MLIRContext context;
  CompressOptions options;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, double> losses;
  std::vector<std::string> heads;
};

void expectNear(double said, double counted) { EXPECT_NEAR(said, counted, 1e-5 * counted); }

TEST_F(AllocateFormats, LossesAreNoiseOverSignalOfWeightsAlone) {
  ASSERT_TRUE(mlir::succeeded(run("auto:size=100G,of=w4a16")));
  const Sums one = sumsOf(numbersOf("one"), 0, 24, ""), head = sumsOf(numbersOf("table"), 0, 40, "");
  expectNear(losses["a/up"], 0.5 * one.error / one.energy);
  expectNear(losses["lm_head"], 1.5 * head.error / head.energy);
  Sums experts;
  for (size_t expert = 0; expert < 3; ++expert) {
    const Sums own = sumsOf(numbersOf("experts"), expert * 32, 30, "");
    experts.error += own.error, experts.energy += own.energy;
  }
  expectNear(losses["b/experts/up"], 0.5 * experts.error / experts.energy);
  // 4 bits of 64 columns and 32 of a row; the norm is f32.
  const int64_t bits = (24 + 90 + 40) * (64 * 4 + 32) + 64 * 32;
  EXPECT_EQ(heads.front().substr(heads.front().rfind('(')), "(" + std::to_string(bits / 8) + " bytes)");
}

TEST_F(AllocateFormats, LossesAreWeighedByInputsAndTokens) {
  statistics();
  ASSERT_TRUE(mlir::succeeded(run("auto:size=100G,of=w4a16")));
  const Sums one = sumsOf(numbersOf("one"), 0, 24, "a/up");
  expectNear(losses["a/up"], 0.5 * one.error / one.energy);
  const Sums head = sumsOf(numbersOf("table"), 0, 40, "lm_head"),
             table = sumsOf(numbersOf("table"), 0, 40, "");
  expectNear(losses["lm_head"], head.error / head.energy + 0.5 * table.error / table.energy);
  const Sums first = sumsOf(numbersOf("experts"), 0, 30, "b/experts/up"),
             third = sumsOf(numbersOf("experts"), 64, 30, "b/experts/up");
  expectNear(losses["b/experts/up"],
             0.5 * (5 * first.error + 2 * third.error) / (5 * first.energy + 2 * third.energy));
}

TEST_F(AllocateFormats, LimitsInBytesCountWhatIsNotChosenFor) {
  // Eight bits for all but one weight, to the byte: 4 bits of the smallest one are enough, or not.
  const int64_t whole = ((24 + 90 + 40) * (64 * 8 + 32) + 64 * 32) / 8, half = 24 * 64 * 4 / 8;
  for (int64_t less : {int64_t(0), int64_t(1), half, half + 1}) {
    losses.clear(), heads.clear();
    ASSERT_TRUE(mlir::succeeded(run("auto:size=" + std::to_string(whole - less) + ",of=w4+w8")));
    const int64_t said = std::stoll(heads.front().substr(heads.front().rfind('(') + 1));
    EXPECT_LE(said, whole - less);
    EXPECT_EQ(said == whole, less == 0);
    EXPECT_NE(heads[1].find("proven least"), std::string::npos) << heads[1];
  }
}

TEST_F(AllocateFormats, WeightsThatAreNotFiniteAreAnError) {
  std::string said;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) { said += diagnostic.str(); });
  options.knowledge.weights = [](const std::string &name, const ModelKnowledge::Sink &sink) -> Status {
    std::vector<float> numbers = numbersOf(name);
    numbers[7] = name == "experts" ? std::nanf("") : 1;
    return sink(reinterpret_cast<const uint8_t *>(numbers.data()), numbers.size() * sizeof(float));
  };
  EXPECT_TRUE(mlir::failed(run("auto:size=100G,of=w4a16")));
  EXPECT_EQ(
      said,
      "quantisation 'auto:size=100G,of=w4a16': 'b/experts/up': 'experts', expert 0: weights that are not "
      "finite");
  said.clear();
  options.knowledge.weights = nullptr;
  EXPECT_TRUE(mlir::failed(run("auto:size=100G,of=w4a16")));
  EXPECT_EQ(
      said,
      "quantisation 'auto:size=100G,of=w4a16': 'a/up': a budget needs the weights, which can't be had here");
}

} // namespace
} // namespace coopt
