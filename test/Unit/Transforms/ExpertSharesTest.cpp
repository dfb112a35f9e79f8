//===- ExpertSharesTest.cpp - What a budget asks about the experts of a model ----------===//
#include "coopt/Transforms/Compress.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace coopt {
namespace {

/// Two layers of three experts, each with two contractions of 32 rows and 64 columns.
const char *const kModel = R"(
  model.parameter @au : tensor<96x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.parameter @ag : tensor<96x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.parameter @bu : tensor<96x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.parameter @bg : tensor<96x64xf32> from #model.noise<seed = 1, scale = 1.0>
  model.entry @forward(%x: tensor<?x64xf32>, %s: tensor<?x3xi32>, %t: tensor<?x3xi32>)
      -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>)
      sizes [#model.size<"n", min = 1, max = 9, multiple = 1>, #model.size<"m", min = 1, max = 3, multiple = 1>]
      dims [["n"], ["m"], ["m"]] -> [["n"], ["n"], ["n"], ["n"]] {
    %c0 = arith.constant 0 : index
    %n = model.size "n" : index
    %y = tensor.empty(%n) : tensor<?x32xf32>
    %au = model.load @au : tensor<96x64xf32>
    %ag = model.load @ag : tensor<96x64xf32>
    %bu = model.load @bu : tensor<96x64xf32>
    %bg = model.load @bg : tensor<96x64xf32>
    %0 = moe.contract ins(%x, %au : tensor<?x64xf32>, tensor<96x64xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
        outs(%y : tensor<?x32xf32>) stride(32) {coopt.id = "a/experts/up"} -> tensor<?x32xf32>
    %1 = moe.contract ins(%x, %ag : tensor<?x64xf32>, tensor<96x64xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
        outs(%y : tensor<?x32xf32>) stride(32) {coopt.id = "a/experts/gate"} -> tensor<?x32xf32>
    %2 = moe.contract ins(%x, %bu : tensor<?x64xf32>, tensor<96x64xf32>) segments(%t : tensor<?x3xi32>) at %c0, %c0
        outs(%y : tensor<?x32xf32>) stride(32) {coopt.id = "b/experts/up"} -> tensor<?x32xf32>
    %3 = moe.contract ins(%x, %bg : tensor<?x64xf32>, tensor<96x64xf32>) segments(%t : tensor<?x3xi32>) at %c0, %c0
        outs(%y : tensor<?x32xf32>) stride(32) {coopt.id = "b/experts/gate"} -> tensor<?x32xf32>
    model.return %0, %1, %2, %3 : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
  }
)";

class ExpertShares : public ::testing::Test {
protected:
  ExpertShares() {
    context.loadDialect<model::ModelDialect, moe::MoeDialect, mlir::arith::ArithDialect,
                        mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
    // 8 bits and a scale for each row of 64: 8.5; 4 bits: 4.5. Two of six experts get the former.
    auto plan = numerics::parseQuantizationPlan(
        R"({"quantize": "w8a8", "rules": [{"match": "*/experts/*", "bits": 5.84, "of": ["w8a8", "w4a8"]}]})",
        "plan");
    EXPECT_TRUE(plan.has_value());
    options.plan = *plan;
    // All experts weigh the same: only the shares tell them apart.
    options.knowledge.weights = [](const std::string &, const ModelKnowledge::Sink &sink) -> Status {
      std::vector<float> expert(32 * 64);
      for (size_t i = 0; i < expert.size(); ++i) {
        expert[i] = static_cast<float>(i * 37 % 101) - 50.0f;
      }
      for (int i = 0; i < 3; ++i) {
        Status taken = sink(reinterpret_cast<const uint8_t *>(expert.data()), expert.size() * sizeof(float));
        if (!taken) {
          return taken;
        }
      }
      return {};
    };
    options.report = [this](const std::string &line) { lines.push_back(line); };
  }

  bool compressModel() {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(kModel, &context);
    return module && mlir::succeeded(compress(*module, options));
  }

  mlir::MLIRContext context;
  CompressOptions options;
  std::vector<std::string> lines;
};

TEST_F(ExpertShares, AreAskedOnceForEachLayer) {
  std::map<std::string, int> asked; // by layer
  options.knowledge.rows = [&](const std::string &opId, int64_t experts) -> Expected<std::vector<double>> {
    EXPECT_EQ(experts, 3);
    ++asked[opId.substr(0, 1)];
    return opId[0] == 'a' ? std::vector<double>{1, 10, 2} : std::vector<double>{3, 1, 20};
  };
  ASSERT_TRUE(compressModel());
  EXPECT_EQ(asked, (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "rule for '*/experts/*': 5.8333 bits a weight for 6 experts",
                       "a/experts/class.0: w4a8, experts 0, 2", "a/experts/class.1: w8a8, experts 1",
                       "b/experts/class.0: w4a8, experts 0, 1", "b/experts/class.1: w8a8, experts 2"}));
}

TEST_F(ExpertShares, ThatCannotBeHadAreAnError) {
  options.knowledge.rows = [](const std::string &opId, int64_t) -> Expected<std::vector<double>> {
    return fail("nobody counted for " + opId);
  };
  std::string said;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) { said += diagnostic.str(); });
  EXPECT_FALSE(compressModel());
  EXPECT_EQ(said, "nobody counted for a/experts/up");
}

} // namespace
} // namespace coopt
