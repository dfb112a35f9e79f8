#include "Bench/Report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace coopt::bench;

namespace {
Result example() {
  Result result;
  result.path = "folder/quo\"ted.coopt";
  result.name = "model";
  result.checked = "all";
  Series series;
  series.name = "decode at 5";
  series.unit = "ms/token";
  series.samples = {4, 2, 8};
  series.summary = *summarize(series.samples);
  series.limit = "read bandwidth";
  series.shares = *pairRatios({1, 1, 1}, series.samples);
  series.share = *summarize(series.shares);
  result.series.push_back(series);
  for (int layer : {0, 17}) {
    OpRow op;
    op.row.opId = "layers." + std::to_string(layer) + "/mlp/up_proj";
    op.row.calls = 1;
    op.row.seconds = 0.001;
    op.row.operations = 2e9;
    op.share = layer ? 0.5 : 0.25;
    result.prefillOps.push_back(op);
  }
  return result;
}
} // namespace

TEST(Report, JsonParsesAndAgreesWithItself) {
  std::string text = json({"processor", 3, "date"}, Options(), {example()});
  nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << text;
  EXPECT_EQ(document["machine"]["cores"], 3);
  const auto &package = document["packages"][0], &measure = package["measures"][0];
  EXPECT_EQ(package["path"], "folder/quo\"ted.coopt");
  EXPECT_EQ(measure["samples"], (std::vector<double>{4, 2, 8}));
  EXPECT_EQ(measure["median"], 4);
  EXPECT_EQ(measure["share"]["median"], 0.25);
  EXPECT_EQ(package["prefill_ops"].size(), 2u);
}

TEST(Report, TableIsAlignedAndMergesLayers) {
  std::string text = table({"processor", 3, "date"}, {example()});
  EXPECT_EQ(text.rfind("machine  processor, 3 cores, date\n", 0), 0u);
  EXPECT_NE(text.find("checked: all\n"), text.npos);
  EXPECT_NE(
      text.find(
          "quo\"ted.coopt  decode at 5       4    2    8  150.0%     25.0%  ms/token; read bandwidth\n"),
      text.npos)
      << text;
  // Both layers: 2 ms, 4e9 operations, and 0.75 of 2 ms at the limit.
  EXPECT_NE(text.find("layers.*/mlp/up_proj      2   2  100.0%     -     2     37.5%\n"), text.npos) << text;
}
