//===- CalibratedRecipesTest.cpp - Recipes that round with statistics --------------------===//
#include "RecipeFixture.h"

#include "coopt/Calibration/ChannelScales.h"
#include "coopt/Import/CalibrationFile.h"
#include "coopt/Numerics/Half.h"

#include <random>

namespace coopt {
namespace {

using namespace coopt::calibration;

constexpr int64_t kRows = 37, kColumns = 21;
const WeightFormat kFormat{{3, 8, false, numerics::ScaleType::F16}, false};

class CalibratedRecipes : public RecipeFixture {
protected:
  CalibratedRecipes() : weights(kRows * kColumns), moments(kColumns, true) {
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    for (float &w : weights) {
      w = normal(random);
    }
    for (int64_t r = 0; r < 50; ++r) {
      std::vector<float> x;
      float common = normal(random);
      for (int64_t k = 0; k < kColumns; ++k) {
        x.push_back((common + 0.4f * normal(random)) * static_cast<float>(1 + k % 5));
      }
      moments.add(x.data(), 1);
    }
    writeFile("m.safetensors", weights);
    EXPECT_TRUE(import::writeCalibrationFile(folder.file("s.safetensors"), {{"a/q", {"a/k"}, &moments}}));
  }

  /// A module whose statistics are the file's.
  std::string header(const std::string &file = "s.safetensors") const {
    return "module attributes {model.calibration = \"" + folder.file(file) + "\"} {\n" + R"mlir(
      model.parameter @w : tensor<37x21xf32> from #model.source<"m.safetensors", 0, tensor<37x21xf32>>
      model.parameter @codes : tensor<37x21xi8>
      model.parameter @scales : tensor<37x3xf16>
      model.parameter @zeros : tensor<37x3xi8>
    )mlir";
  }

  static std::string quantize(const std::string &source, const std::string &rounding,
                              const std::string &more = "") {
    return more + R"mlir(
      model.recipe @r defines [@codes, @scales, @zeros] {
        %w = model.load @)mlir" +
           source + R"mlir( : tensor<37x21xf32>
        %c = tensor.empty() : tensor<37x21xi8>
        %s = tensor.empty() : tensor<37x3xf16>
        %z = tensor.empty() : tensor<37x3xi8>
        %q:3 = quantized.quantize ins(%w : tensor<37x21xf32>) outs(%c, %s, %z : tensor<37x21xi8>, tensor<37x3xf16>, tensor<37x3xi8>)
          scheme(<bits = 3, group = 8, asymmetric, scale = f16>) rounding()mlir" +
           rounding + R"mlir() -> tensor<37x21xi8>, tensor<37x3xf16>, tensor<37x3xi8>
        model.yield %q#0, %q#1, %q#2 : tensor<37x21xi8>, tensor<37x3xf16>, tensor<37x3xi8>
      }
    })mlir";
  }

  /// What the statistics file holds: sums in binary32.
  double gram(int64_t i, int64_t j) const {
    return static_cast<double>(static_cast<float>(moments.gram(i, j))) / 50;
  }
  std::vector<double> meanSquares() const {
    std::vector<double> values = moments.squares();
    for (double &value : values) {
      value /= 50;
    }
    return values;
  }

  void expectEqual(const RecipeEvaluator &evaluator, const RoundedMatrix &expected) {
    EXPECT_EQ(valuesOf<uint8_t>(evaluator, "codes"), expected.codes);
    EXPECT_EQ(valuesOf<uint8_t>(evaluator, "zeros"), expected.zeros);
    std::vector<float> scales;
    for (uint16_t half : valuesOf<uint16_t>(evaluator, "scales")) {
      scales.push_back(numerics::floatFromHalf(half));
    }
    EXPECT_EQ(scales, expected.scales);
  }

  std::vector<float> weights;
  InputMoments moments;
};

TEST_F(CalibratedRecipes, AreTheRoundingForAnyBlocksAndThreads) {
  auto factor = InverseFactor::compute(kColumns, [&](int64_t i, int64_t j) { return gram(i, j); });
  ASSERT_TRUE(factor);
  std::vector<double> squares = meanSquares();
  struct Case {
    const char *text;
    RoundingMethod method;
  };
  for (Case c : {Case{"<gptq, statistics = \"a/q\">", {false, true}},
                 Case{"<clip, statistics = \"a/k\">", {true, false}},
                 Case{"<clip_gptq, statistics = \"a/k\">", {true, true}}}) {
    RoundedMatrix expected = RoundedMatrix::make(kFormat, kRows, kColumns);
    roundRows(kFormat, c.method, {squares.data(), &*factor}, weights.data(), kRows, expected, 0);
    for (unsigned threads : {1u, 2u, 5u}) {
      for (uint64_t block : {1u, 100u, 100000u}) {
        auto evaluator = evaluate(header() + quantize("w", c.text), {threads, block});
        ASSERT_TRUE(evaluator) << evaluator.error().message;
        expectEqual(*evaluator, expected);
      }
    }
  }
}

TEST_F(CalibratedRecipes, ScaledColumnsDivideTheStatistics) {
  auto factorsOf = [&] {
    std::vector<float> magnitudes;
    for (double sum : moments.magnitudes()) {
      magnitudes.push_back(static_cast<float>(sum / 50));
    }
    std::vector<double> squares = meanSquares();
    std::vector<float> sums;
    for (int64_t i = 0; i < kColumns * kColumns; ++i) {
      sums.push_back(static_cast<float>(moments.gram(i / kColumns, i % kColumns)));
    }
    ScaledWeights all{kFormat, kRows, [&](int64_t row, float *out) -> Status {
                        std::copy_n(weights.data() + row * kColumns, kColumns, out);
                        return {};
                      }};
    return searchChannelScales({all}, kColumns, {magnitudes.data(), squares.data(), sums.data(), 50}, false,
                               1);
  };
  auto factors = factorsOf();
  ASSERT_TRUE(factors);
  ASSERT_NE(*factors, std::vector<float>(kColumns, 1.0f)); // else nothing is tested here
  std::vector<float> scaled, balanced;
  for (size_t i = 0; i < weights.size(); ++i) {
    scaled.push_back(weights[i] * (*factors)[i % kColumns]);
  }
  auto factor = InverseFactor::compute(kColumns, [&](int64_t i, int64_t j) {
    return gram(i, j) / (static_cast<double>((*factors)[static_cast<size_t>(i)]) *
                         static_cast<double>((*factors)[static_cast<size_t>(j)]));
  });
  ASSERT_TRUE(factor);
  RoundedMatrix expected = RoundedMatrix::make(kFormat, kRows, kColumns);
  roundRows(kFormat, {false, true}, {nullptr, &*factor}, scaled.data(), kRows, expected, 0);

  std::string more = R"mlir(
      model.parameter @s : tensor<21xf32>
      model.recipe @search defines [@s] {
        %w = model.load @w : tensor<37x21xf32>
        %s = quantized.channel_scales ins(%w : tensor<37x21xf32>) scheme(<bits = 3, group = 8, asymmetric, scale = f16>) statistics("a/q") -> tensor<21xf32>
        model.yield %s : tensor<21xf32>
      }
      model.parameter @scaled : tensor<37x21xf32>
      model.parameter @divided : tensor<21xf32>
      model.recipe @rescale defines [@scaled, @divided] {
        %w = model.load @w : tensor<37x21xf32>
        %s = model.load @s : tensor<21xf32>
        %scaled = quantized.rescale %w by %s dimension(1) : tensor<37x21xf32>, tensor<21xf32>
        %one = arith.constant dense<3.0> : tensor<21xf32>
        %divided = quantized.rescale %one by %s dimension(0) divide : tensor<21xf32>, tensor<21xf32>
        model.yield %scaled, %divided : tensor<37x21xf32>, tensor<21xf32>
      }
  )mlir";
  auto evaluator = evaluate(header() + quantize("scaled", "<gptq, statistics = \"a/q\">", more), {3, 64});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  EXPECT_EQ(valuesOf<float>(*evaluator, "s"), *factors);
  EXPECT_EQ(valuesOf<float>(*evaluator, "scaled"), scaled);
  std::vector<float> divided;
  for (float f : *factors) {
    divided.push_back(3.0f / f);
  }
  EXPECT_EQ(valuesOf<float>(*evaluator, "divided"), divided);
  expectEqual(*evaluator, expected);
}

TEST_F(CalibratedRecipes, ErrorsNameFileAndTensor) {
  std::string file = folder.file("s.safetensors"), gptq = "<gptq, statistics = \"b\">";
  auto unknown = evaluate(header() + quantize("w", gptq));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find(file + ": no tensor 'b.rows'"), std::string::npos)
      << unknown.error().message;

  InputMoments others(20, true), plain(kColumns, false);
  std::vector<float> x(21, 1.0f);
  others.add(x.data(), 1);
  plain.add(x.data(), 1);
  ASSERT_TRUE(
      import::writeCalibrationFile(folder.file("t.safetensors"), {{"b", {}, &others}, {"c", {}, &plain}}));
  auto narrow = evaluate(header("t.safetensors") + quantize("w", gptq));
  ASSERT_FALSE(narrow);
  EXPECT_NE(narrow.error().message.find("t.safetensors: tensor 'b.mean_abs': expected F32 21, got F32 20"),
            std::string::npos)
      << narrow.error().message;
  auto noGram = evaluate(header("t.safetensors") + quantize("w", "<gptq, statistics = \"c\">"));
  ASSERT_FALSE(noGram);
  EXPECT_NE(noGram.error().message.find("no tensor 'c.gram'"), std::string::npos) << noGram.error().message;
  EXPECT_TRUE(evaluate(header("t.safetensors") + quantize("w", "<clip, statistics = \"c\">")));

  auto missing = evaluate(header("missing") + quantize("w", gptq));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find(folder.file("missing")), std::string::npos)
      << missing.error().message;
  std::string bare = header();
  auto none = evaluate("module {" + bare.substr(bare.find('\n')) + quantize("w", gptq));
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("the module has no 'model.calibration'"), std::string::npos)
      << none.error().message;
}

} // namespace
} // namespace coopt
