#include "coopt/Numerics/QuantizationPlan.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::numerics;

namespace {

std::string errorOf(const std::string &json) {
  auto plan = parseQuantizationPlan(json, "q.json");
  return plan ? "" : plan.error().message;
}

TEST(QuantizationPlan, RulesInTheirOrder) {
  auto plan = parseQuantizationPlan(R"({"quantize": "w4a16-g32", "rules": [
      {"match": "layers.0/*", "quantize": "w8a8"}, {"match": "*/mlp/down", "quantize": "f32"}]})",
                                    "q.json");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->scheme->groupSize, 32);
  ASSERT_EQ(plan->rules.size(), 2u);
  EXPECT_EQ(plan->rules[0].pattern, "layers.0/*");
  EXPECT_EQ(plan->rules[0].scheme->activationBits, 8);
  EXPECT_EQ(plan->rules[1].pattern, "*/mlp/down");
  EXPECT_FALSE(plan->rules[1].scheme);
}

TEST(QuantizationPlan, FormatsOfOnesOwn) {
  const std::string format =
      R"({"name": "four", "element": {"type": "codebook", "bits": 2, "values": [[-1, -0.25, 0.25, 1]]},
      "scales": [{"type": "f16", "span": 64}], "encoder": {"kind": "amax"}})";
  auto bare = parseQuantizationPlan(format, "q.json");
  ASSERT_TRUE(bare) << bare.error().message;
  EXPECT_EQ(bare->scheme->activationBits, 16);
  EXPECT_EQ(bare->scheme->weightBlockFormat()->name, "four");
  EXPECT_EQ(toString(*bare->scheme), "four-a16");
  auto inside =
      parseQuantizationPlan(R"({"quantize": {"format": )" + format + R"(, "activations": 8}})", "q.json");
  ASSERT_TRUE(inside) << inside.error().message;
  EXPECT_EQ(inside->scheme->activationBits, 8);
  EXPECT_EQ(inside->scheme->weightBlockFormat()->groupSize(), 64);
}

TEST(QuantizationPlan, Names) {
  EXPECT_FALSE(readQuantizationPlan("f32")->scheme);
  EXPECT_EQ(readQuantizationPlan("nf4-a8")->scheme->format, "nf4");
  EXPECT_EQ(readQuantizationPlan("nf3").error().message.substr(0, 24), "quantisation name 'nf3':");
  EXPECT_NE(readQuantizationPlan("no/such.json").error().message.find("no/such.json"), std::string::npos);
}

TEST(QuantizationPlan, MistakesAndTheirPlaces) {
  EXPECT_EQ(errorOf("{").substr(0, 7), "q.json:");
  EXPECT_EQ(errorOf("[]").substr(0, 9), "q.json: $");
  EXPECT_EQ(errorOf("{}").substr(0, 18), "q.json: $.quantize");
  EXPECT_EQ(errorOf(R"({"quantize": "w9"})").substr(0, 18), "q.json: $.quantize");
  EXPECT_EQ(errorOf(R"({"quantize": "w4", "rules": [{"match": 3, "quantize": "w4"}]})").substr(0, 24),
            "q.json: $.rules[0].match");
  EXPECT_EQ(errorOf(R"({"quantize": "w4", "rules": [{"match": "*", "quantise": "w4"}]})").substr(0, 18),
            "q.json: $.rules[0]");
  EXPECT_EQ(errorOf(R"({"quantize": {"format": {"name": "x"}}})").substr(0, 25), "q.json: $.quantize.format");
  EXPECT_EQ(errorOf(R"({"quantize": {"format": 3}})").substr(0, 25), "q.json: $.quantize.format");
}

TEST(QuantizationPlan, Budgets) {
  auto plan = parseQuantizationPlan(
      R"({"quantize": "w8a8", "rules": [{"match": "*/experts/*", "bits": 4.5, "of": ["w8a8", "f32", "w4a8-g128-sym"]}]})",
      "q.json");
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_TRUE(plan->rules[0].budget);
  EXPECT_EQ(plan->rules[0].budget->bits, 4.5);
  ASSERT_EQ(plan->rules[0].budget->of.size(), 3u);
  EXPECT_EQ(plan->rules[0].budget->of[0]->activationBits, 8);
  EXPECT_FALSE(plan->rules[0].budget->of[1]);
  EXPECT_EQ(plan->rules[0].budget->of[2]->groupSize, 128);
  auto budget = [](const std::string &rest) {
    return errorOf(R"({"quantize": "w8a8", "rules": [{"match": "*", )" + rest + "}]}");
  };
  EXPECT_EQ(budget(R"("bits": 4)").substr(0, 22), "q.json: $.rules[0].of:");
  EXPECT_EQ(budget(R"("of": ["w8a8"])").substr(0, 24), "q.json: $.rules[0].bits:");
  EXPECT_EQ(budget(R"("bits": 0, "of": ["w8a8"])"),
            "q.json: $.rules[0].bits: expected a positive number of bits a weight, got 0");
  EXPECT_EQ(budget(R"("bits": 4, "of": [])").substr(0, 42), "q.json: $.rules[0].of: expected a format a");
  EXPECT_EQ(budget(R"("bits": 4, "of": ["w9"])").substr(0, 24), "q.json: $.rules[0].of[0]");
  EXPECT_EQ(budget(R"("bits": 4, "of": ["w8"], "quantize": "w8")").substr(0, 18), "q.json: $.rules[0]");
}

TEST(QuantizationPlan, PatternsForExperts) {
  EXPECT_TRUE(namesExperts("layers.*/mlp/experts/5/*"));
  EXPECT_TRUE(namesExperts("*experts/*/down_proj"));
  for (const char *pattern : {"*", "*5/*", "layers.*/mlp/experts/*", "*/experts/down_proj", "layers.0/*"}) {
    EXPECT_FALSE(namesExperts(pattern)) << pattern;
  }
  EXPECT_EQ(expertId("layers.3/mlp/experts/up_proj", 12), "layers.3/mlp/experts/12/up_proj");
  EXPECT_EQ(expertId("up", 0), "0/up");
}

} // namespace
