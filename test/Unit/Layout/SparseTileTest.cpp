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

class Patterns : public testing::TestWithParam<std::tuple<const char *, unsigned>> {};

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

/// The same of wide runs: a bitmap, or the places of what is kept.
class WideRuns : public Patterns {};

TEST_P(WideRuns, RoundTrip) {
  auto [text, bits] = GetParam();
  auto tile = SparseTile::make(patternOf(text), bits);
  ASSERT_TRUE(tile) << tile.error().message;
  ASSERT_TRUE(tile->isWide());
  std::mt19937 random(19);
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::vector<uint8_t> codes = tileOf(randomMatrix(tile->pattern(), bits, random));
    std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()), 0xa5), back(codes.size(), 0x5a);
    ASSERT_TRUE(tile->pack(codes.data(), storage.data()));
    tile->unpack(storage.data(), back.data());
    EXPECT_EQ(back, codes);
  }
}

TEST_P(WideRuns, Places) {
  auto [text, bits] = GetParam();
  auto tile = SparseTile::make(patternOf(text), bits);
  ASSERT_TRUE(tile) << tile.error().message;
  const numerics::SparsePattern &pattern = tile->pattern();
  unsigned placeBits = 0;
  while ((1 << placeBits) < pattern.of) {
    ++placeBits;
  }
  const int64_t count = kRows * kColumns / pattern.of * pattern.kept;
  const int64_t bitmap = kRows * kColumns / 8, coordinates = count * placeBits / 8;
  ASSERT_EQ(tile->metadataBytes(), std::min(bitmap, coordinates));
  ASSERT_EQ(tile->bytes(), std::min(bitmap, coordinates) + count * bits / 8);
  std::mt19937 random(20);
  const Matrix matrix = randomMatrix(pattern, bits, random);
  std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()));
  ASSERT_TRUE(tile->pack(tileOf(matrix).data(), storage.data()));
  std::vector<uint8_t> values(static_cast<size_t>(count)), places(values.size());
  layout::unpackPlanes(bits, storage.data() + tile->metadataBytes(), count, values.data());
  Matrix found;
  if (coordinates < bitmap) {
    layout::unpackPlanes(placeBits, storage.data(), count, places.data());
    for (int64_t i = 0; i < count; ++i) {
      const int64_t run = i / kRows / pattern.kept;
      found.at[i % kRows][run * pattern.of + places[static_cast<size_t>(i)]] = values[static_cast<size_t>(i)];
    }
  } else {
    size_t next = 0;
    for (int64_t position = 0; position < kRows * kColumns; ++position) {
      if (((storage[static_cast<size_t>(position / 8)] >> (position % 8)) & 1) != 0) {
        found.at[position / 4 % kRows][position / 64 * 4 + position % 4] = values.at(next++);
      }
    }
    EXPECT_EQ(next, values.size());
  }
  EXPECT_EQ(tileOf(found), tileOf(matrix));
}

TEST_P(WideRuns, TooManyCodes) {
  auto [text, bits] = GetParam();
  auto tile = SparseTile::make(patternOf(text), bits);
  ASSERT_TRUE(tile) << tile.error().message;
  const numerics::SparsePattern &pattern = tile->pattern();
  Matrix matrix;
  for (int64_t k = 0; k <= pattern.kept; ++k) {
    matrix.at[15][kColumns - 1 - k] = 1;
  }
  std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()));
  auto packed = tile->pack(tileOf(matrix).data(), storage.data());
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().message, "expected at most " + std::to_string(pattern.kept) + " of " +
                                        std::to_string(pattern.of) +
                                        " blocks with codes that are not zero in row 15 at column " +
                                        std::to_string(kColumns - pattern.of) + " of a tile, got " +
                                        std::to_string(pattern.kept + 1));
}

/// Storage of any bytes means some tile: nothing outside is read or written.
TEST_P(WideRuns, AnyBytes) {
  auto [text, bits] = GetParam();
  auto tile = SparseTile::make(patternOf(text), bits);
  ASSERT_TRUE(tile) << tile.error().message;
  for (int byte : {0x00, 0xff, 0x5b}) {
    std::vector<uint8_t> storage(static_cast<size_t>(tile->bytes()), static_cast<uint8_t>(byte));
    std::vector<uint8_t> codes(static_cast<size_t>(kRows * kColumns), 0xcc);
    tile->unpack(storage.data(), codes.data());
    EXPECT_LT(*std::max_element(codes.begin(), codes.end()), 1u << bits);
  }
}

INSTANTIATE_TEST_SUITE_P(All, WideRuns,
                         testing::Combine(testing::Values("3:4", "1:8", "3:8", "6:8", "1:16", "2:16", "8:16",
                                                          "13:16", "2:32", "16:32", "24:32", "6:32", "7:32",
                                                          "1:64", "10:64", "11:64", "32:64", "63:64"),
                                          testing::Values(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u)));
// Too few codes for vectors of each plane.
INSTANTIATE_TEST_SUITE_P(Rest, WideRuns,
                         testing::Values(std::tuple("2:8", 1u), std::tuple("2:8", 5u),
                                         std::tuple("1:4", 1u)));

INSTANTIATE_TEST_SUITE_P(All, Patterns,
                         testing::Values(std::tuple("2:4", 4u), std::tuple("2:4", 8u), std::tuple("2:4", 2u),
                                         std::tuple("2:4", 3u), std::tuple("1:2", 5u), std::tuple("4:8", 4u),
                                         std::tuple("1:4", 4u), std::tuple("2:8", 8u), std::tuple("1:2", 4u),
                                         std::tuple("2:4x16", 4u), std::tuple("2:4x16", 3u),
                                         std::tuple("3:4x16", 4u), std::tuple("1:2x32", 6u),
                                         std::tuple("3:8x8", 4u), std::tuple("5:16x4", 8u),
                                         std::tuple("2:4x8x16", 4u)));

TEST(SparseTile, Bytes) {
  EXPECT_EQ(SparseTile::make(patternOf("2:4"), 4)->bytes(), 128 + 256);
  EXPECT_EQ(SparseTile::make(patternOf("group16:0.5"), 4)->bytes(), 8 + 256);
  EXPECT_EQ(SparseTile::make(patternOf("1:4"), 4)->bytes(), 64 + 128);
  EXPECT_EQ(SparseTile::make(patternOf("4:8"), 4)->bytes(), 128 + 256);
  EXPECT_EQ(SparseTile::make(patternOf("32:64"), 4)->bytes(), 128 + 256);
  EXPECT_EQ(SparseTile::make(patternOf("1:16"), 4)->bytes(), 32 + 32);
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
  for (auto [text, bits] : {std::pair("2:5", 4u), std::pair("1:2x2", 4u), std::pair("1:3x16", 4u),
                            std::pair("1:4x16", 1u), std::pair("2:4", 0u), std::pair("2:4", 9u)}) {
    EXPECT_FALSE(SparseTile::make(patternOf(text), bits)) << text << ", " << bits;
  }
}

} // namespace
