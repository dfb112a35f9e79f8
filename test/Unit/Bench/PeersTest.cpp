// What peers are compared with. The peers themselves: tools/coopt-bench/peers.test.
#include "Bench/Benchmark.h"
#include "Bench/Report.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::bench;

namespace {

double sum(const Product &product, int64_t row, int64_t column) {
  double total = 0;
  for (int64_t k = 0; k < product.K; ++k) {
    total += leftEntry(row, k) * rightEntry(column, k);
  }
  return total;
}

TEST(Peers, EntriesAreSmallAndDiffer) {
  int left[8] = {}, right[16] = {};
  for (int64_t i = 0; i < 100; ++i) {
    for (int64_t k = 0; k < 100; ++k) {
      ASSERT_GE(leftEntry(i, k), 0);
      ASSERT_LE(leftEntry(i, k), 7);
      ASSERT_GE(rightEntry(i, k), -8);
      ASSERT_LE(rightEntry(i, k), 7);
      ++left[leftEntry(i, k)];
      ++right[rightEntry(i, k) + 8];
    }
  }
  for (int count : left) {
    EXPECT_NEAR(count, 1250, 250);
  }
  for (int count : right) {
    EXPECT_NEAR(count, 625, 150);
  }
}

TEST(Peers, WrongEntriesAreFound) {
  for (Product product : {Product{1, 1, 1}, Product{1, 37, 130}, Product{67, 129, 3}}) {
    auto right = [&](int64_t row, int64_t column) { return sum(product, row, column); };
    EXPECT_TRUE(checkProduct(product, right));
    for (auto [row, column] :
         {std::pair<int64_t, int64_t>{0, 0}, {product.rows - 1, -1}, {-1, product.N - 1}}) {
      auto status = checkProduct(product, [&, row = row, column = column](int64_t i, int64_t j) {
        return right(i, j) + ((row < 0 || i == row) && (column < 0 || j == column));
      });
      ASSERT_FALSE(status) << toString(product);
      EXPECT_NE(status.error().message.find(toString(product) + ": expected "), std::string::npos);
    }
  }
  EXPECT_FALSE(checkProduct({1, largestDepth + 1, 1}, [](int64_t, int64_t) { return 0.0; }));
}

TEST(Peers, QuickestOfCalls) {
  int64_t calls = 0;
  auto seconds = quickestSeconds([&](int64_t i) -> Status {
    EXPECT_EQ(i, calls++);
    return {};
  });
  ASSERT_TRUE(seconds);
  EXPECT_GT(*seconds, 0);
  EXPECT_EQ(calls, 64);
  EXPECT_EQ(quickestSeconds([](int64_t) -> Status { return fail("broken"); }).error().message, "broken");
}

/// Takes as many microseconds as a product has rows.
class FakePeer : public Peer {
public:
  std::string name() const override { return "fake"; }
  int64_t weightBytes() const override { return 1; }
  Expected<double> seconds(const Product &product, int64_t copies) override {
    asked.push_back({product, copies});
    return product.rows < 100 ? Expected<double>(static_cast<double>(product.rows) * 1e-6) : fail("too many");
  }
  std::vector<std::pair<Product, int64_t>> asked;
};

Result example(int64_t rows) {
  Result result;
  result.path = "m.coopt";
  for (int layer : {0, 1}) {
    OpRow op;
    op.row.opId = "layers." + std::to_string(layer) + "/mlp/up_proj";
    op.row.calls = 1;
    op.row.seconds = 0.001;
    // Two calls of two products: the quicker layer's 0.4 ms count.
    op.row.products = {{{{rows, 8, 3}, {rows, 8, 3}}, {2, layer ? 0.0004 : 0.0005}}};
    result.prefillOps.push_back(op);
    op.row.opId = "norm";
    op.row.products.clear();
    result.prefillOps.push_back(op);
    result.decodeOps.push_back(op);
  }
  return result;
}

TEST(Peers, AreTimedOnceForEachProductAndSummedForEachOp) {
  Options options;
  auto fake = std::make_shared<FakePeer>();
  options.peers = {fake};
  Result result = example(50);
  ASSERT_TRUE(measurePeers(options, result, [](const std::string &) {}));
  ASSERT_EQ(fake->asked.size(), 1u);
  EXPECT_EQ(fake->asked[0].second, 8); // one for each call: they are small
  std::string text = table({"processor", 1, "date"}, {result});
  EXPECT_NE(text.find("m.coopt: prefill, quickest calls in ms, beside plain matrix products of others\n"
                      "op id                 coopt  fake  products, rows x K x N\n"
                      "layers.*/mlp/up_proj    1.6   0.4  8 of 50x8x3\n"),
            std::string::npos)
      << text;
  std::string document = json({"processor", 1, "date"}, options, {result});
  EXPECT_NE(document.find("\"peers\""), std::string::npos);
  EXPECT_NE(document.find("\"rows\": 50"), std::string::npos);

  Result large = example(100);
  auto status = measurePeers(options, large, [](const std::string &) {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "fake: too many");
}

} // namespace
