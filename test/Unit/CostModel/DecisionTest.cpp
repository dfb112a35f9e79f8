// The trace of a choice as a table and as JSON, read back with the reader that all files are read with.
#include "coopt/CostModel/Decision.h"
#include "coopt/Support/Json.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;

namespace {

Estimate estimate(double microseconds, const std::string &bound) {
  Estimate estimate;
  estimate.seconds = microseconds * 1e-6;
  estimate.rooflineSeconds = 5e-6;
  estimate.bound = bound;
  estimate.terms = {{"compute", 2e-6}, {bound, estimate.seconds}};
  estimate.traffic = {{"memory", 4096}};
  return estimate;
}

Decision decision(const std::string &kernel) {
  Decision decision;
  decision.kernel = kernel;
  decision.entry = "forward";
  decision.guard = "tokens le 1";
  decision.summary.id = kernel;
  decision.summary.m = 1;
  decision.summary.n = 32;
  decision.summary.k = 64;
  decision.summary.operands = {{OperandRole::Weight, "i8", 2048, true}};
  decision.size = "tokens";
  decision.value = 1;
  decision.considered = {
      {"<tile = [1, 16]>", Candidate{1, 16, 0, "avx2"}, estimate(10, "memory"), std::nullopt, ""},
      {"<tile = [1, 32]>", Candidate{1, 32, 0, "avx2"}, estimate(12.5, "overhead"), std::nullopt, ""},
      {"<tile = [8, 32]>", std::nullopt, std::nullopt, std::nullopt, "too many rows"}};
  return decision;
}

} // namespace

TEST(Decision, EqualOnesOfSeveralLayersAreOneLine) {
  Decision other = decision("lm_head");
  other.guard = "";
  other.by = Chooser::Rule;
  other.considered = {{"<tile = [8, 64]>", std::nullopt, std::nullopt, std::nullopt, ""}};
  const DecisionTrace trace = {
      "desk", "a-model", {decision("layers.0/up"), decision("layers.1/up"), std::move(other)}};
  EXPECT_EQ(
      printTable(trace),
      "schedules for machine 'desk' by a-model\n"
      "kernel          entry    case         schedule          by     bound by  us  of roofline  runner-up\n"
      "layers.*/up x2  forward  tokens le 1  <tile = [1, 16]>  model  memory    10          50%  <tile = [1, "
      "32]> +25.0%\n"
      "lm_head         forward  else         <tile = [8, 64]>  rule   -          -            -  -\n");
}

TEST(Decision, JsonHasEveryCandidateAndWhyItLost) {
  const DecisionTrace trace = {"desk", "a-model", {decision("layers.0/up"), decision("layers.1/up")}};
  auto document = JsonDocument::parse(toJson(trace), "trace.json");
  ASSERT_TRUE(document) << document.error().message;
  JsonValue root = document->root();
  EXPECT_EQ(root["machine"].string(), "desk");
  ASSERT_EQ(root["decisions"].size(), 1u);
  JsonValue one = root["decisions"].element(0);
  EXPECT_EQ(one["kernels"].size(), 2u);
  EXPECT_EQ(one["kernels"].element(1).string(), "layers.1/up");
  EXPECT_EQ(one["sizes"]["n"].integer(), 32);
  EXPECT_EQ(one["roofline_seconds"].number(), 5e-6);
  ASSERT_EQ(one["candidates"].size(), 3u);
  EXPECT_TRUE(one["candidates"].element(0)["lost"].isMissing());
  EXPECT_EQ(one["candidates"].element(1)["lost"].string(), "25 % more: overhead 12.5 us");
  EXPECT_EQ(one["candidates"].element(1)["bytes"]["memory"].number(), 4096);
  EXPECT_EQ(one["candidates"].element(2)["refused"].string(), "too many rows");
  EXPECT_TRUE(one["candidates"].element(2)["seconds"].isMissing());
}

TEST(Decision, JsonHasTheKnownErrorOfEachDecision) {
  Decision product = decision("up"), norm = decision("norm"), byRule = decision("attend");
  product.considered[0].estimate->relativeError = 0.125;
  norm.considered[0].estimate->relativeError = 0.25;
  byRule.considered = {{"<tile = [8, 64]>", std::nullopt, std::nullopt, std::nullopt, ""}};
  auto document =
      JsonDocument::parse(toJson({"desk", "a-model", {product, norm, decision("down"), byRule}}), "t.json");
  ASSERT_TRUE(document) << document.error().message;
  JsonValue root = document->root();
  EXPECT_TRUE(root["relative_error"].isMissing());
  ASSERT_EQ(root["decisions"].size(), 4u);
  EXPECT_EQ(root["decisions"].element(0)["relative_error"].number(), 0.125);
  EXPECT_EQ(root["decisions"].element(1)["relative_error"].number(), 0.25);
  EXPECT_TRUE(root["decisions"].element(2)["relative_error"].isNull()); // never compared
  EXPECT_TRUE(root["decisions"].element(3)["relative_error"].isNull()); // no estimate
}

TEST(Decision, SummaryNamesTheSecondThatCouldHaveBeenTaken) {
  EXPECT_EQ(summarize(decision("up")),
            "<tile = [1, 16]>, 10 us, bound by memory (compute 2 us, memory 10 us); then "
            "<tile = [1, 32]>, 12.5 us, bound by overhead (compute 2 us, overhead 12.5 us)");
  Decision alone = decision("up");
  alone.considered.erase(alone.considered.begin() + 1);
  EXPECT_EQ(alone.runnerUp(), nullptr);
}

TEST(Decision, TextThatIsNoUtf8IsReplaced) {
  const DecisionTrace trace = {"desk", "a-model", {decision("layers.\xff")}};
  EXPECT_TRUE(JsonDocument::parse(toJson(trace), "trace.json"));
}

TEST(Decision, WhatWasWrittenCanBePricedAgain) {
  const DecisionTrace trace = {"desk", "a-model", {decision("layers.0/up"), decision("layers.1/up")}};
  auto read = parseTrace(toJson(trace), "trace.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->machine, "desk");
  ASSERT_EQ(read->decisions.size(), 2u);
  const Decision &second = read->decisions[1];
  EXPECT_EQ(second.kernel, "layers.1/up");
  EXPECT_EQ(second.size, "tokens");
  EXPECT_EQ(second.value, 1);
  EXPECT_EQ(second.summary.n, 32);
  ASSERT_EQ(second.summary.operands.size(), 1u);
  EXPECT_EQ(second.summary.operands[0].bytes, 2048);
  EXPECT_TRUE(second.summary.operands[0].cold);
  ASSERT_EQ(second.considered.size(), 3u);
  ASSERT_TRUE(second.considered[1].candidate);
  EXPECT_EQ(second.considered[1].candidate->columnTile, 32);
  EXPECT_EQ(second.considered[2].refusal, "too many rows");
  EXPECT_FALSE(second.considered[2].candidate);
}

TEST(Decision, WhatAnAcceleratorDoesForATileIsPartOfTheKey) {
  Decision one = decision("up");
  TileOp load, map, product;
  load.kind = TileOp::Kind::Load;
  load.elementBytes = 1;
  load.nest = -1;
  map.function = "exp2";
  map.operands = 1.25;
  map.hasRows = false;
  product.kind = TileOp::Kind::Product;
  product.product = {32, 64, 16, 4, true, false};
  product.scales = TileOp::Scales::TwoLevels;
  product.tableDepth = 4;
  product.kept = 2;
  product.group = 4;
  product.groupBytes = 5;
  one.summary.tileOps = {load, map, product};
  one.summary.segments = 3;
  auto read = parseTrace(toJson({"desk", "a-model", {one}}), "trace.json");
  ASSERT_TRUE(read) << read.error().message;
  const KernelSummary &summary = read->decisions[0].summary;
  EXPECT_EQ(kernelKey(summary), kernelKey(one.summary));
  ASSERT_EQ(summary.tileOps.size(), 3u);
  EXPECT_EQ(summary.segments, 3);
  EXPECT_EQ(summary.tileOps[0].nest, -1);
  EXPECT_EQ(summary.tileOps[1].operands, 1.25);
  EXPECT_EQ(summary.tileOps[2].product.span, 16);
  EXPECT_EQ(summary.tileOps[2].scales, TileOp::Scales::TwoLevels);
  Decision other = one;
  other.summary.tileOps[1].function = "mul";
  EXPECT_NE(kernelKey(other.summary), kernelKey(one.summary));
  EXPECT_NE(kernelKey(decision("up").summary), kernelKey(one.summary));
}

TEST(Decision, MistakesInATraceHaveTheirPlace) {
  auto messageOf = [](const std::string &text) { return parseTrace(text, "t.json").error().message; };
  EXPECT_EQ(messageOf("{}").substr(0, 20), "t.json: $.format: ex");
  std::string text = toJson({"desk", "a-model", {decision("up")}});
  auto replaced = [&](const std::string &from, const std::string &to) {
    std::string copy = text;
    return copy.replace(copy.find(from), from.size(), to);
  };
  EXPECT_EQ(
      messageOf(replaced("\"weight\"", "\"heavy\"")),
      "t.json: $.decisions[0].operands[0].role: expected activation, weight, state or output, got 'heavy'");
  EXPECT_EQ(messageOf(replaced("\"n\": 32", "\"n\": -1")).substr(0, 30), "t.json: $.decisions[0].sizes.n");
}

TEST(Decision, MeasuredTimesAreComparedWithEachOther) {
  Decision tuned = decision("up");
  tuned.by = Chooser::Tuned;
  tuned.considered[0].measured = 20e-6;
  tuned.considered[1].measured = 22e-6;
  EXPECT_EQ(summarize(tuned).substr(0, 55), "<tile = [1, 16]>, measured 20 us, 10 us, bound by memor");
  const std::string table = printTable({"desk", "a-model", {tuned}});
  EXPECT_NE(table.find("tuned  memory    20          25%  <tile = [1, 32]> +10.0%"), std::string::npos)
      << table;
}

TEST(Decision, KernelsOfTheSameSizesHaveOneKey) {
  KernelSummary up = decision("layers.0/up").summary, other = decision("layers.1/up").summary;
  EXPECT_EQ(kernelKey(up), kernelKey(other));
  other.codes.bits = 4;
  EXPECT_NE(kernelKey(up), kernelKey(other));
  other = up;
  other.operands[0].bytes += 1;
  EXPECT_NE(kernelKey(up), kernelKey(other));
}
