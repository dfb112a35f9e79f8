//===- SparseTileTest.cpp - Tiles under a pattern ----------------------------===//
#include "coopt/Layout/SparseTile.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace coopt;
using layout::SparseTile;

namespace {

constexpr int64_t kRows = 16, kColumns = 64;

numerics::SparsePattern patternOf(const std::string &text) {
  auto pattern = numerics::parseSparsePattern(text);
  EXPECT_TRUE(pattern) << text;
  return *pattern;
}

struct Matrix {
  uint8_t at[kRows][kColumns] = {};
};

/// Random codes, not more of a run than the pattern keeps, and in places fewer.
Matrix randomMatrix(const numerics::SparsePattern &pattern, unsigned bits, std::mt19937 &random) {
  Matrix matrix;
  for (auto &row : matrix.at) {
    for (int64_t run = 0; run < kColumns; run += pattern.span()) {
      std::vector<int64_t> blocks(static_cast<size_t>(pattern.of));
      for (size_t b = 0; b < blocks.size(); ++b) {
        blocks[b] = run + static_cast<int64_t>(b) * pattern.block;
      }
      std::shuffle(blocks.begin(), blocks.end(), random);
      blocks.resize(random() % 4 == 0 ? static_cast<size_t>(random() % pattern.kept)
                                      : static_cast<size_t>(pattern.kept));
      for (int64_t block : blocks) {
        for (int64_t k = block; k < block + pattern.block; ++k) {
          row[k] = static_cast<uint8_t>((random() >> 7) & ((1u << bits) - 1));
        }
      }
    }
  }
  return matrix;
}

/// A dense tile's order.
std::vector<uint8_t> tileOf(const Matrix &matrix) {
  std::vector<uint8_t> codes;
  for (int64_t quad = 0; quad < kColumns; quad += 4) {
    for (const auto &row : matrix.at) {
      codes.insert(codes.end(), row + quad, row + quad + 4);
    }
  }
  return codes;
}

class Patterns : public testing::TestWithParam<std::pair<const char *, unsigned>> {};

TEST_P(Patterns, RoundTrip) {
  auto [text, bits] = GetParam();
  auto tile = SparseTile::make(patternOf(text), bits);
  ASSERT_TRUE(tile) << tile.error().message;
  std::mt19937 random(17);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::vector<uint8_t> codes = tileOf(randomMatrix(tile->pattern(), bits, random));
    std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()), 0xa5), back(codes.size(), 0x5a);
    ASSERT_TRUE(tile->pack(codes.data(), storage.data()));
    tile->unpack(storage.data(), back.data());
    EXPECT_EQ(back, codes);
  }
}

/// Where the header says that a bit and a code stand, said again.
TEST_P(Patterns, Places) {
  auto [text, bits] = GetParam();
  auto tile = SparseTile::make(patternOf(text), bits);
  ASSERT_TRUE(tile) << tile.error().message;
  const numerics::SparsePattern &pattern = tile->pattern();
  std::mt19937 random(18);
  Matrix matrix = randomMatrix(pattern, bits, random);
  std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()));
  ASSERT_TRUE(tile->pack(tileOf(matrix).data(), storage.data()));
  std::vector<uint8_t> values(static_cast<size_t>(tile->values())), places(values.size());
  layout::unpackPlanes(bits, storage.data() + tile->metadataBytes(), tile->values(), values.data());
  const bool hasPlaces = pattern.block == 1 && pattern.of <= 4;
  if (hasPlaces) {
    layout::unpackPlanes(pattern.of == 4 ? 2 : 1, storage.data(), tile->values(), places.data());
  }
  auto bitAt = [&](int64_t row, int64_t k) {
    const int64_t bit =
        pattern.block == 1 ? 512 * (k / 32) + 32 * row + k % 32 : 16 * (k / pattern.block) + row;
    return ((storage[static_cast<size_t>(bit / 8)] >> (bit % 8)) & 1) != 0;
  };
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t run = 0; run < kColumns; run += pattern.span()) {
      auto kept = [&](int64_t i) {
        const int64_t column = run / pattern.of * pattern.kept + i;
        return static_cast<size_t>(64 * (column / 4) + 4 * row + column % 4);
      };
      int64_t count = 0;
      for (int64_t k = run; k < run + pattern.span(); ++k) {
        bool isKept = !hasPlaces && bitAt(row, k);
        for (int64_t i = 0; i < pattern.kept && hasPlaces; ++i) {
          isKept |= run + places[kept(i)] == k;
        }
        if (isKept) {
          EXPECT_EQ(values[kept(count++)], matrix.at[row][k]);
        } else {
          EXPECT_EQ(matrix.at[row][k], 0);
        }
      }
      EXPECT_EQ(count, pattern.kept * pattern.block);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Patterns,
                         testing::Values(std::pair("2:4", 4u), std::pair("2:4", 8u), std::pair("2:4", 2u),
                                         std::pair("2:4", 3u), std::pair("1:2", 5u), std::pair("4:8", 4u),
                                         std::pair("1:4", 4u), std::pair("2:8", 8u), std::pair("1:2", 4u),
                                         std::pair("2:4x16", 4u), std::pair("2:4x16", 3u),
                                         std::pair("3:4x16", 4u), std::pair("1:2x32", 6u),
                                         std::pair("3:8x8", 4u), std::pair("5:16x4", 8u),
                                         std::pair("2:4x8x16", 4u)));

TEST(SparseTile, Bytes) {
  EXPECT_EQ(SparseTile::make(patternOf("2:4"), 4)->bytes(), 128 + 256);
  EXPECT_EQ(SparseTile::make(patternOf("group16:0.5"), 4)->bytes(), 8 + 256);
  EXPECT_EQ(SparseTile::make(patternOf("1:4"), 4)->bytes(), 64 + 128);
  EXPECT_EQ(SparseTile::make(patternOf("4:8"), 4)->bytes(), 128 + 256);
}

TEST(SparseTile, TooManyCodes) {
  Matrix matrix;
  matrix.at[3][8] = matrix.at[3][9] = matrix.at[3][11] = 1;
  auto tile = SparseTile::make(patternOf("2:4"), 4);
  std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()));
  auto packed = tile->pack(tileOf(matrix).data(), storage.data());
  ASSERT_FALSE(packed);
  EXPECT_EQ(
      packed.error().message,
      "expected at most 2 of 4 blocks with codes that are not zero in row 3 at column 8 of a tile, got 3");
}

TEST(SparseTile, Refused) {
  for (auto [text, bits] :
       {std::pair("3:4", 4u), std::pair("2:16", 4u), std::pair("1:2x2", 4u), std::pair("1:3x16", 4u),
        std::pair("1:8", 4u), std::pair("2:8", 1u), std::pair("2:4", 0u), std::pair("2:4", 9u)}) {
    EXPECT_FALSE(SparseTile::make(patternOf(text), bits)) << text << ", " << bits;
  }
}

} // namespace
