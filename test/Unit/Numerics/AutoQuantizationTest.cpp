// What budgets for all formats say, and what is none.
#include "coopt/Numerics/QuantizationPlan.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::numerics;

namespace {

std::vector<std::string> namesOf(const AutoQuantization &made) {
  std::vector<std::string> names;
  for (const auto &format : made.of) {
    names.push_back(storageName(format));
  }
  return names;
}

TEST(AutoQuantization, LimitsHaveUnits) {
  auto bytes = [](const std::string &size) { return parseAutoQuantization("auto:size=" + size)->bytes; };
  EXPECT_EQ(bytes("4096"), 4096);
  EXPECT_EQ(bytes("2K"), 2048);
  EXPECT_EQ(bytes("300M"), 300.0 * 1024 * 1024);
  EXPECT_EQ(bytes("1.5G"), 1.5 * 1024 * 1024 * 1024);
  EXPECT_EQ(bytes("4.5bits"), std::nullopt);
  EXPECT_EQ(parseAutoQuantization("auto:size=4.5bits")->bitsPerWeight, 4.5);
  auto seconds = [](const std::string &time) {
    return *parseAutoQuantization("auto:latency=" + time)->seconds;
  };
  EXPECT_DOUBLE_EQ(seconds("5ms"), 0.005);
  EXPECT_DOUBLE_EQ(seconds("0.25s"), 0.25);
  EXPECT_DOUBLE_EQ(seconds("300us"), 0.0003);
  auto both = parseAutoQuantization("auto:latency=5ms,size=2G");
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->bytes, 2.0 * 1024 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(*both->seconds, 0.005);
}

TEST(AutoQuantization, Formats) {
  EXPECT_EQ(namesOf(*parseAutoQuantization("auto:size=4bits")),
            (std::vector<std::string>{"w2a16-g32-asym", "w3a16-g32-asym", "w4a16-g32-asym", "w5a16-g32-asym",
                                      "w6a16-g32-asym", "w7a16-g32-asym", "w8a16-g32-asym"}));
  EXPECT_EQ(namesOf(*parseAutoQuantization("auto:size=4bits,of=w8a8+f32+w4a8-g128")),
            (std::vector<std::string>{"w8a8", "f32", "w4a8-g128"}));
  auto plan = readQuantizationPlan("auto:of=nf4,size=1M");
  ASSERT_TRUE(plan && plan->automatic);
  EXPECT_EQ(namesOf(*plan->automatic), (std::vector<std::string>{"nf4-a16"}));
}

TEST(AutoQuantization, WhatIsWrongIsSaidWithItsPlace) {
  auto message = [](const std::string &text) {
    auto plan = readQuantizationPlan("auto:" + text);
    return plan ? std::string() : plan.error().message;
  };
  EXPECT_EQ(message("size=3Q"),
            "quantisation 'auto:size=3Q': expected a size such as 300M or 4.5bits, got '3Q'");
  for (const char *size : {"", "M", "-3M", "0", "nan", "inf", "1e9", "3MB", "4.5bit", "3KM", " 3M"}) {
    EXPECT_NE(message("size=" + std::string(size)).find("expected a size such as"), std::string::npos)
        << size;
  }
  for (const char *time : {"", "5", "ms", "-1s", "5m", "5 ms"}) {
    EXPECT_NE(message("latency=" + std::string(time)).find("expected a time such as"), std::string::npos)
        << time;
  }
  EXPECT_EQ(message(""), "quantisation 'auto:': expected size=.., latency=.. or of=.., got nothing");
  EXPECT_EQ(message("4"), "quantisation 'auto:4': expected size=.., latency=.. or of=.., got '4'");
  EXPECT_EQ(message("size=3M,"),
            "quantisation 'auto:size=3M,': expected size=.., latency=.. or of=.., got nothing");
  EXPECT_EQ(message("of=w8a8"), "quantisation 'auto:of=w8a8': expected a limit, size=.. or latency=..");
  EXPECT_EQ(message("size=3M,size=4bits"), "quantisation 'auto:size=3M,size=4bits': size is there twice");
  EXPECT_EQ(message("size=3M,of=w4+w4a16"),
            "quantisation 'auto:size=3M,of=w4+w4a16': format w4a16 stands there twice");
  EXPECT_EQ(message("size=3M,of=w4+w8a8"), "quantisation 'auto:size=3M,of=w4+w8a8': expected formats of one "
                                           "kind of activations, got w8a8 beside others");
  EXPECT_NE(message("size=3M,of=w4+").find("expected 'w' and the bits of a weight"), std::string::npos);
  EXPECT_NE(message("size=3M,of=w9").find("quantisation name 'w9'"), std::string::npos);
}

TEST(AutoQuantization, PlansAreReadBack) {
  QuantizationPlan plan;
  plan.rules.push_back(
      {patternOf("layers.0/mlp/gate_proj"), *parseQuantizationName("w4-g32-asym"), std::nullopt});
  plan.rules.push_back({patternOf("odd [id]*{\"\\"), std::nullopt, std::nullopt});
  const std::string text = toJson(plan);
  auto again = parseQuantizationPlan(text, "plan");
  ASSERT_TRUE(again.has_value()) << again.error().message << text;
  ASSERT_EQ(again->rules.size(), 2u);
  EXPECT_EQ(again->rules[0].pattern, "layers.0/mlp/gate_proj");
  EXPECT_EQ(again->rules[0].scheme, plan.rules[0].scheme);
  EXPECT_EQ(again->rules[1].pattern, R"(odd \[id\]\*\{"\\)");
  EXPECT_FALSE(again->rules[1].scheme || again->scheme);
}

TEST(AutoQuantization, MeasuredLosses) {
  auto read = Sensitivities::parse(
      R"({"a/b": {"w4-g32-asym": 0.5, "f32": 0}, "c": {"w4a16-g32-asym": -1e-9}})", "s.json");
  ASSERT_TRUE(read.has_value());
  const auto w4 = *parseQuantizationName("w4a16-g32-asym");
  EXPECT_EQ(*read->lossOf("a/b", w4), 0.5);
  EXPECT_EQ(*read->lossOf("a/b", std::nullopt), 0);
  EXPECT_EQ(*read->lossOf("c", w4), -1e-9);
  EXPECT_EQ(read->lossOf("c", std::nullopt).error().message, "s.json: $: expected a loss of 'c' in f32");
  EXPECT_EQ(read->lossOf("d", w4).error().message, "s.json: $: expected a loss of 'd' in w4a16-g32-asym");
  auto message = [](const char *text) {
    auto read = Sensitivities::parse(text, "s.json");
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(message(R"({"a": {"w4": "much"}})"), "s.json: $.a.w4: expected a number, got 'much'");
  EXPECT_NE(message(R"({"a": {"w44": 1}})").find("s.json: $.a.w44: quantisation name 'w44'"),
            std::string::npos);
  EXPECT_NE(message("[]").find("s.json: $: expected an object"), std::string::npos);
  EXPECT_NE(message(R"({"a": 3})").find("s.json: $.a: expected an object"), std::string::npos);
}

} // namespace
