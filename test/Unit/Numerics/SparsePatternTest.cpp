//===- SparsePatternTest.cpp - Which elements are kept -------------------------===//
#include "coopt/Numerics/SparsePattern.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

using namespace coopt;
using namespace coopt::numerics;

namespace {

SparsePattern patternOf(const std::string &text) {
  auto pattern = parseSparsePattern(text);
  EXPECT_TRUE(pattern) << text;
  return *pattern;
}

TEST(SparsePattern, Text) {
  for (auto [text, printed] :
       {std::pair("2:4", "2:4"), std::pair("1:4", "1:4"), std::pair("4:8", "4:8"),
        std::pair("2:4x16", "2:4x16"), std::pair("2:4x1", "2:4"), std::pair("2:4x8x16", "2:4x8x16"),
        std::pair("2:4x4x1", "2:4x4x1"), std::pair("group16:0.5", "2:4x16"),
        std::pair("group8:0.375", "3:8x8"), std::pair("block8x16:0.25", "1:4x8x16")}) {
    EXPECT_EQ(toString(patternOf(text)), printed);
    EXPECT_EQ(toString(patternOf(printed)), printed);
  }
}

TEST(SparsePattern, Refused) {
  for (auto [text, message] : {std::pair("", "expected N:M"),
                               std::pair("2", "expected N:M"),
                               std::pair("2:4:", "expected N:M"),
                               std::pair("2:4x", "expected N:M"),
                               std::pair("2:4x0", "expected N:M"),
                               std::pair("x:4", "expected N:M"),
                               std::pair("-2:4", "expected N:M"),
                               std::pair("0:4", "fewer than all"),
                               std::pair("4:4", "fewer than all"),
                               std::pair("5:4", "fewer than all"),
                               std::pair("2:99", "at most 64 columns"),
                               std::pair("2:4x32", "at most 64 columns"),
                               std::pair("99999:4", "expected N:M"),
                               std::pair("2:4x3x16", "1, 2, 4, 8 or 16 rows"),
                               std::pair("group16", "expected N:M"),
                               std::pair("group16:half", "expected N:M"),
                               std::pair("group16:0.4", "whole number of the 4 groups"),
                               std::pair("group16:1", "not all"),
                               std::pair("group16:nan", "whole number"),
                               std::pair("group24:0.5", "divisor of 64"),
                               std::pair("group0:0.5", "expected N:M"),
                               std::pair("block16:0.5", "expected N:M"),
                               std::pair("block3x16:0.5", "1, 2, 4, 8 or 16 rows")}) {
    auto pattern = parseSparsePattern(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_NE(pattern.error().message.find(message), std::string::npos) << pattern.error().message;
    EXPECT_EQ(pattern.error().message.rfind("sparsity '" + std::string(text) + "'", 0), 0u);
  }
}

/// The blocks that are kept, by sorting.
std::vector<uint8_t> sorted(const SparsePattern &pattern, const std::vector<float> &scores, int64_t rows,
                            int64_t columns, const std::vector<float> &factors) {
  const int64_t blocks = (columns + pattern.block - 1) / pattern.block;
  std::vector<double> sums(static_cast<size_t>(blocks));
  for (int64_t k = 0; k < columns; ++k) {
    for (int64_t row = 0; row < rows; ++row) {
      double score = scores[static_cast<size_t>(row * columns + k)];
      score *= factors.empty() ? 1.0 : factors[static_cast<size_t>(k)];
      sums[static_cast<size_t>(k / pattern.block)] += score * score;
    }
  }
  std::vector<uint8_t> kept(static_cast<size_t>(rows * blocks));
  for (int64_t first = 0; first < blocks; first += pattern.of) {
    std::vector<int64_t> order(static_cast<size_t>(std::min(pattern.of, blocks - first)));
    std::iota(order.begin(), order.end(), first);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      const double x = sums[static_cast<size_t>(a)], y = sums[static_cast<size_t>(b)];
      return x > y || (x == y && a < b);
    });
    order.resize(std::min(order.size(), static_cast<size_t>(pattern.kept)));
    for (int64_t b : order) {
      for (int64_t row = 0; row < rows; ++row) {
        kept[static_cast<size_t>(row * blocks + b)] = 1;
      }
    }
  }
  return kept;
}

TEST(SparsePattern, Select) {
  std::mt19937 random(5);
  for (const char *text : {"2:4", "1:4", "4:8", "1:2", "3:4", "8:16", "2:32", "32:64", "2:5", "2:4x16", "3:8x8", "2:4x8x16", "2:4x4x1"}) {
    const SparsePattern pattern = patternOf(text);
    for (int64_t columns : {1, 3, 4, 15, 64, 65, 100, 172}) {
      for (bool hasFactors : {false, true}) {
        const int64_t rows = 1 + static_cast<int64_t>(random() % pattern.rows);
        std::vector<float> scores(static_cast<size_t>(rows * columns)), factors;
        for (float &x : scores) {
          x = static_cast<float>(static_cast<int>(random() % 7) - 3); // many ties
        }
        for (int64_t k = 0; k < columns && hasFactors; ++k) {
          factors.push_back(static_cast<float>(random() % 4));
        }
        std::vector<uint8_t> kept(static_cast<size_t>(rows * pattern.blocks(columns)), 9);
        selectKept(pattern, scores.data(), rows, columns, hasFactors ? factors.data() : nullptr, kept.data());
        EXPECT_EQ(kept, sorted(pattern, scores, rows, columns, factors)) << text << ", " << columns;
      }
    }
  }
}

TEST(SparsePattern, SelectNumbersThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const float scores[] = {1, inf, nan, 5, 0, -0.0f, 0, 0};
  uint8_t kept[8];
  selectKept(patternOf("2:4"), scores, 1, 8, nullptr, kept);
  EXPECT_EQ(std::vector<uint8_t>(kept, kept + 8), (std::vector<uint8_t>{0, 1, 1, 0, 1, 1, 0, 0}));
}

TEST(SparsePattern, CompactForm) {
  std::mt19937 random(6);
  for (const char *text : {"2:4", "1:4", "4:8", "24:32", "1:64", "2:4x16", "3:8x8"}) {
    const SparsePattern pattern = patternOf(text);
    for (int64_t columns : {1, 3, 4, 15, 64, 65, 100, 172}) {
      std::vector<float> row(static_cast<size_t>(columns));
      for (float &x : row) {
        x = static_cast<float>(random() % 100 + 1);
      }
      std::vector<uint8_t> kept(static_cast<size_t>(pattern.blocks(columns)));
      selectKept(pattern, row.data(), 1, columns, nullptr, kept.data());
      std::vector<float> values(static_cast<size_t>(pattern.keptColumns(columns)), 7), back(row.size(), 7);
      compressRow(pattern, row.data(), columns, sizeof(float), kept.data(), values.data());
      decompressRow(pattern, values.data(), kept.data(), columns, sizeof(float), back.data());
      std::vector<float> wanted, compact;
      for (int64_t k = 0; k < columns; ++k) {
        const bool isKept = kept[static_cast<size_t>(k / pattern.block)] != 0;
        wanted.push_back(isKept ? row[static_cast<size_t>(k)] : 0.0f);
        if (isKept) {
          compact.push_back(row[static_cast<size_t>(k)]);
        }
      }
      EXPECT_EQ(back, wanted) << text << ", " << columns;
      // The values that are there stand in their order, zeros between them only at the ends of runs.
      values.erase(std::remove(values.begin(), values.end(), 0.0f), values.end());
      EXPECT_EQ(values, compact) << text << ", " << columns;
    }
  }
}

} // namespace
