//===- RecipeErrorsTest.cpp - Recipes and sources that can't be evaluated --------------===//
#include "RecipeFixture.h"

namespace coopt {
namespace {

class RecipeErrors : public RecipeFixture {
protected:
  void expectError(const std::string &text, const std::string &part) {
    auto evaluator = evaluate(text);
    ASSERT_FALSE(evaluator);
    EXPECT_NE(evaluator.error().message.find(part), std::string::npos) << evaluator.error().message;
  }
};

TEST_F(RecipeErrors, Sources) {
  writeFile("short", std::vector<float>(9));
  expectError(R"(model.parameter @w : tensor<5x2xf32> from #model.source<"short", 0, tensor<5x2xf32>>)",
              "short: offset 0 with 40 bytes lies outside the file (36 bytes)");
  expectError(R"(model.parameter @w : tensor<4x2xf32> from #model.source<"short", 37, tensor<4x2xf32>>)",
              "lies outside the file");
  expectError(R"(model.parameter @w : tensor<5x2xf32> from #model.source<"absent", 0, tensor<5x2xf32>>)",
              "parameter 'w': " + folder.file("absent") + ": No such file");
  expectError(R"(model.parameter @w : tensor<5x2xf32> from #model.source<"../short", 0, tensor<5x2xf32>>)",
              "expected a file under the model's folder, got '../short'");
  expectError(R"(model.parameter @w : tensor<5x2xf32> from #model.source<"/etc/passwd", 0, tensor<5x2xf32>>)",
              "expected a file under the model's folder");
  expectError(
      R"(model.parameter @w : tensor<4294967296x4294967296xf32> from #model.noise<seed = 1, scale = 1.0>)",
      "parameter 'w': expected a tensor of less than 2^62 bytes");
}

TEST_F(RecipeErrors, Ops) {
  expectError(R"(
    model.parameter @w : tensor<2xf32>
    model.recipe @r defines [@w] {
      %a = arith.constant dense<1.0> : tensor<2xf32>
      %b = arith.addf %a, %a : tensor<2xf32>
      model.yield %b : tensor<2xf32>
    })",
              "recipe 'r': arith.addf: can't be evaluated on the host: expected model.load");
  expectError(R"(
    model.parameter @w : tensor<2xf32>
    model.recipe @r defines [@w] {
      %a = tensor.empty() : tensor<2xf32>
      model.yield %a : tensor<2xf32>
    })",
              "recipe 'r': the value for 'w' is not initialised");
  expectError(R"(
    model.parameter @n : tensor<2x3xf32> from #model.noise<seed = 1, scale = 1.0>
    model.parameter @c : tensor<2x3xi3>
    model.parameter @s : tensor<2x2xi8>
    model.parameter @z : tensor<2x2xi8>
    model.parameter @o : tensor<2xf32>
    model.recipe @r defines [@c, @s, @z, @o] {
      %n = model.load @n : tensor<2x3xf32>
      %c = tensor.empty() : tensor<2x3xi3>
      %b = tensor.empty() : tensor<2x2xi8>
      %s = tensor.empty() : tensor<2xf32>
      %q:4 = quantized.quantize ins(%n : tensor<2x3xf32>)
        outs(%c, %b, %b, %s : tensor<2x3xi3>, tensor<2x2xi8>, tensor<2x2xi8>, tensor<2xf32>)
        scheme(<bits = 3, group = 2, asymmetric, scale = i8, outer = f32>)
        -> tensor<2x3xi3>, tensor<2x2xi8>, tensor<2x2xi8>, tensor<2xf32>
      model.yield %q#0, %q#1, %q#2, %q#3 : tensor<2x3xi3>, tensor<2x2xi8>, tensor<2x2xi8>, tensor<2xf32>
    })",
              "recipe 'r': quantized.quantize in two levels is for asymmetric codes of 4 bits");
  expectError(R"(
    model.parameter @w : tensor<1x2xi8>
    model.recipe @r defines [@w] {
      %a = arith.constant dense<1> : tensor<3x2xi8>
      %b = tensor.extract_slice %a[0, 0] [1, 2] [2, 1] : tensor<3x2xi8> to tensor<1x2xi8>
      model.yield %b : tensor<1x2xi8>
    })",
              "expected a static slice with unit strides");
}

TEST_F(RecipeErrors, RecipesThatNeedThemselves) {
  expectError(R"(
    model.parameter @a : tensor<2xf32>
    model.parameter @b : tensor<2xf32>
    model.recipe @r defines [@a] {
      %b = model.load @b : tensor<2xf32>
      model.yield %b : tensor<2xf32>
    }
    model.recipe @s defines [@b] {
      %a = model.load @a : tensor<2xf32>
      model.yield %a : tensor<2xf32>
    })",
              "needs a parameter that it defines");
}

// Each step reads the one before twice: 2^40 reads of the source for one row.
TEST_F(RecipeErrors, ExponentialRecipe) {
  std::string text = "model.parameter @w : tensor<1x1xi8>\nmodel.recipe @r defines [@w] {\n"
                     "%v0 = arith.constant dense<1> : tensor<1x1xi8>\n";
  for (int i = 0; i < 40; ++i) {
    std::string n = std::to_string(i), next = std::to_string(i + 1);
    text += "%c" + n + " = tensor.concat dim(1) %v" + n + ", %v" + n +
            " : (tensor<1x1xi8>, tensor<1x1xi8>) -> tensor<1x2xi8>\n%v" + next +
            " = tensor.extract_slice %c" + n + "[0, 0] [1, 1] [1, 1] : tensor<1x2xi8> to tensor<1x1xi8>\n";
  }
  expectError(text + "model.yield %v40 : tensor<1x1xi8>\n}", "expected a recipe of at most");
}

TEST_F(RecipeErrors, Names) {
  auto evaluator = evaluate("model.parameter @undefined : tensor<2xf32>");
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  auto sink = [](const uint8_t *, size_t) -> Status { return {}; };
  EXPECT_EQ(evaluator->write("absent", sink).error().message, "no parameter 'absent'");
  EXPECT_EQ(evaluator->write("undefined", sink).error().message,
            "parameter 'undefined' has no origin and no recipe defines it");
  EXPECT_FALSE(evaluator->size("absent"));
}

TEST_F(RecipeErrors, SinkStopsTheStream) {
  auto evaluator =
      evaluate("model.parameter @n : tensor<64x64xf32> from #model.noise<seed = 1, scale = 1.0>", {2, 64});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  int calls = 0;
  Status status = evaluator->write("n", [&](const uint8_t *, size_t) -> Status {
    ++calls;
    return fail("disk full");
  });
  EXPECT_EQ(status.error().message, "parameter 'n': disk full");
  EXPECT_EQ(calls, 1);
}

} // namespace
} // namespace coopt
