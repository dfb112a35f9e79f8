// Layers with experts as functions, against loops written here. Numbers are such that sums are exact.
#include "FunctionsFixture.h"

#include <algorithm>
#include <numeric>

using namespace coopt::test;

namespace {

constexpr int64_t kExperts = 3, kRows = 10, kStride = 16, kColumns = 6;

class Experts : public FunctionsFixture {
protected:
  Experts() : FunctionsFixture("experts.mlir") {}

  Array<float> layer(const Array<float> &x, const Array<int32_t> &experts, const Array<float> &scores,
                     const Array<float> &w) {
    input("x", x);
    input("e", experts);
    input("s", scores);
    input("w", w);
    call("layer", {"y"});
    return output<float>("y");
  }

  /// Token by token, expert by expert.
  static Array<float> expected(const Array<float> &x, const Array<int32_t> &experts,
                               const Array<float> &scores, const Array<float> &w) {
    return make<float>({x.shape[0], kRows}, [&](int64_t i) {
      float sum = 0;
      for (int64_t slot = 0; slot < 2; ++slot) {
        const int64_t token = i / kRows, row = experts.data[token * 2 + slot] * kStride + i % kRows;
        float dot = 0;
        for (int64_t k = 0; k < kColumns; ++k) {
          dot += x.data[token * kColumns + k] * w.data[row * kColumns + k];
        }
        sum += scores.data[token * 2 + slot] * dot;
      }
      return sum;
    });
  }

  static Array<float> halves(int64_t tokens) {
    return make<float>({tokens, 2}, [](int64_t i) { return static_cast<float>(i % 5) / 4; });
  }
};

TEST_P(Experts, TokensGoToTheirExperts) {
  const Array<float> w = numbers({kExperts * kStride, kColumns}, 2);
  // Any balance: by turns, all to one expert, the same twice, one expert without tokens.
  const std::vector<std::function<int32_t(int64_t)>> routes = {
      [](int64_t i) { return static_cast<int32_t>((i * 7 + i / 3) % 3); }, [](int64_t) { return 1; },
      [](int64_t i) { return static_cast<int32_t>(i / 2 % 3); },
      [](int64_t i) { return static_cast<int32_t>(i % 2 * 2); }};
  for (int64_t tokens : {0, 1, 2, 5, 37}) {
    const Array<float> x = numbers({tokens, kColumns}, 1), scores = halves(tokens);
    for (const auto &route : routes) {
      const Array<int32_t> experts = make<int32_t>({tokens, 2}, route);
      EXPECT_EQ(layer(x, experts, scores, w), expected(x, experts, scores, w)) << tokens << " tokens";
    }
  }
}

// Expert 1 alone, 0 and 2 together: what comes of them joins in one matrix.
TEST_P(Experts, ClassesOfExpertsAreTheLayer) {
  const Array<float> w = numbers({kExperts * kStride, kColumns}, 2);
  const auto rowsOf = [&](std::vector<int64_t> experts) {
    return make<float>({static_cast<int64_t>(experts.size()) * kStride, kColumns}, [&](int64_t i) {
      const int64_t row = i / kColumns;
      return w.data[(experts[row / kStride] * kStride + row % kStride) * kColumns + i % kColumns];
    });
  };
  for (int64_t tokens : {0, 1, 2, 5, 37}) {
    const Array<float> x = numbers({tokens, kColumns}, 1), scores = halves(tokens);
    for (int32_t step : {0, 1, 2, 7}) {
      const Array<int32_t> experts =
          make<int32_t>({tokens, 2}, [&](int64_t i) { return static_cast<int32_t>((i * step + 1) % 3); });
      input("x", x);
      input("e", experts);
      input("s", scores);
      input("v", rowsOf({0, 2}));
      input("w", rowsOf({1}));
      input("p", Array<int32_t>{{3}, {0, -1, 1}});
      input("q", Array<int32_t>{{3}, {-1, 0, -1}});
      call("classes", {"y"});
      EXPECT_EQ(output<float>("y"), expected(x, experts, scores, w)) << tokens << " tokens, step " << step;
    }
  }
}

TEST_P(Experts, RestrictedSegmentsHavePlacesAsNumbers) {
  const auto restricted = [&](std::vector<int32_t> segments, std::vector<int32_t> places) {
    input("t", Array<int32_t>{{6, 3}, std::move(segments)});
    input("p", Array<int32_t>{{4}, std::move(places)});
    call("restrict", {"c"});
    return output<int32_t>("c").data;
  };
  using Numbers = std::vector<int32_t>;
  const Numbers all = {0, 0, 2, 1, 2, 5, 2, 7, 1, 3, 8, 4, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(restricted(all, {-1, 0, -7, 1}), (Numbers{0, 2, 5, 1, 8, 4, 0, 0, 0}));
  EXPECT_EQ(restricted(all, {-1, -1, -1, -1}), Numbers(9, 0));
  // No room for the fourth; an expert that is none counts as the last.
  EXPECT_EQ(restricted(all, {3, 2, 1, 0}), (Numbers{3, 0, 2, 2, 2, 5, 1, 7, 1}));
  EXPECT_EQ(restricted({9, 0, 2, -3, 2, 5, 0, 7, 1, 0, 8, 4, 0, 0, 0, 0, 0, 0}, {-1, -1, -1, 6}),
            (Numbers{6, 0, 2, 6, 2, 5, 0, 0, 0}));
}

TEST_P(Experts, PermutedTokensHavePermutedResults) {
  const int64_t tokens = 23;
  const Array<float> x = numbers({tokens, kColumns}, 3), w = numbers({kExperts * kStride, kColumns}, 4),
                     scores = halves(tokens);
  const Array<int32_t> experts =
      make<int32_t>({tokens, 2}, [](int64_t i) { return static_cast<int32_t>(i * i % 3); });
  const auto permuted = [&](const auto &array) {
    auto result = array;
    const int64_t width = array.shape[1];
    for (int64_t row = 0; row < tokens; ++row) {
      std::copy_n(array.data.begin() + row * 9 % tokens * width, width, result.data.begin() + row * width);
    }
    return result;
  };
  const Array<float> y = layer(x, experts, scores, w);
  EXPECT_EQ(layer(permuted(x), permuted(experts), permuted(scores), w), permuted(y));
}

TEST_P(Experts, RoutesToTheLargestAndOfEqualOnesToTheFirst) {
  const int64_t tokens = 9;
  Array<float> logits = numbers({tokens, 6}, 5);
  logits.data[6 + 2] = logits.data[6 + 5] = 9; // two of row 1 are the largest
  std::fill_n(logits.data.begin() + 12, 6, 0.25f);
  input("l", logits);
  call("route", {"w", "e"});
  const Array<float> weights = output<float>("w");
  const Array<int32_t> experts = output<int32_t>("e");
  for (int64_t token = 0; token < tokens; ++token) {
    const float *row = logits.data.data() + token * 6;
    std::vector<int32_t> order(6);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return row[a] > row[b]; });
    EXPECT_EQ(experts.data[token * 2], order[0]) << token;
    EXPECT_EQ(experts.data[token * 2 + 1], order[1]) << token;
    const double second = std::exp(static_cast<double>(row[order[1]] - row[order[0]]));
    EXPECT_NEAR(weights.data[token * 2], 1 / (1 + second), 1e-6) << token;
    EXPECT_NEAR(weights.data[token * 2 + 1], second / (1 + second), 1e-6) << token;
  }
}

// With as many slots as experts, what is left is the sum over all experts, weighted by the softmax of the logits.
TEST_P(Experts, AllExpertsAreTheDenseSum) {
  for (int64_t tokens : {1, 19}) {
    const Array<float> x = numbers({tokens, kColumns}, 8), logits = numbers({tokens, kExperts}, 9),
                       w = numbers({kExperts * kStride, kColumns}, 10);
    input("x", x);
    input("l", logits);
    input("w", w);
    call("all", {"y"});
    const Array<float> y = output<float>("y");
    ASSERT_EQ(y.shape, (std::vector<int64_t>{tokens, kRows}));
    for (int64_t i = 0; i < tokens * kRows; ++i) {
      const int64_t token = i / kRows;
      double sum = 0, total = 0, magnitude = 0;
      for (int64_t expert = 0; expert < kExperts; ++expert) {
        const double weight = std::exp(static_cast<double>(logits.data[token * kExperts + expert]));
        double dot = 0;
        for (int64_t k = 0; k < kColumns; ++k) {
          dot += static_cast<double>(x.data[token * kColumns + k]) *
                 w.data[(expert * kStride + i % kRows) * kColumns + k];
        }
        total += weight;
        sum += weight * dot;
        magnitude += weight * std::fabs(dot);
      }
      EXPECT_NEAR(y.data[i], sum / total, 1e-6 * magnitude / total) << tokens << " tokens, element " << i;
    }
  }
}

// What a function is given may say anything: numbers beyond a tensor count as the last there is.
TEST_P(Experts, WildSegmentsAndPlacesStayInside) {
  constexpr int32_t most = std::numeric_limits<int32_t>::max(), least = std::numeric_limits<int32_t>::min();
  input("x", numbers({14, kColumns}, 6));
  input("t", Array<int32_t>{{3, 3}, {most, -5, most, -7, 0, 14, 1, 1 << 30, 1 << 30}});
  input("w", numbers({kExperts * kStride, kColumns}, 7));
  input("p", make<int32_t>({7, 2}, [](int64_t i) { return i % 2 ? most : least; }));
  input("s", halves(7));
  call("given", {"y"});
  // All rows are those of the last expert, all places the last.
  const Array<float> x = numbers({14, kColumns}, 6), w = numbers({kExperts * kStride, kColumns}, 7),
                     s = halves(7);
  EXPECT_EQ(output<float>("y"), make<float>({7, kRows}, [&](int64_t i) {
              float dot = 0;
              for (int64_t k = 0; k < kColumns; ++k) {
                dot += x.data[13 * kColumns + k] * w.data[(2 * kStride + i % kRows) * kColumns + k];
              }
              return s.data[i / kRows * 2] * dot + s.data[i / kRows * 2 + 1] * dot;
            }));
}

TEST_P(Experts, ColumnsNeedNotBeSideBySide) {
  const Array<float> a = numbers({5, 14}, 8), w = numbers({6, 7}, 9), y = numbers({8, 20}, 10), s = halves(4);
  const Array<int32_t> places =
      make<int32_t>({4, 2}, [](int64_t i) { return static_cast<int32_t>(i * 5 % 8); });
  input("a", a);
  input("w", w);
  input("y", y);
  input("s", s);
  input("p", places);
  call("strided", {"l", "o"});
  EXPECT_EQ(output<float>("l"), make<float>({5, 6}, [&](int64_t i) {
              float dot = 0;
              for (int64_t k = 0; k < 7; ++k) {
                dot += a.data[i / 6 * 14 + 2 * k] * w.data[i % 6 * 7 + k];
              }
              return dot;
            }));
  EXPECT_EQ(output<float>("o"), make<float>({4, 10}, [&](int64_t i) {
              float sum = 0;
              for (int64_t slot = i / 10 * 2; slot < i / 10 * 2 + 2; ++slot) {
                sum += s.data[slot] * y.data[places.data[slot] * 20 + i % 10 * 2];
              }
              return sum;
            }));
}

INSTANTIATE_TEST_SUITE_P(Variants, Experts, testing::ValuesIn(runnableVariants()),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

} // namespace
