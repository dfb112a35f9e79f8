//===- PanelsTest.cpp - Weights in the tiles that an array takes --------------===//
#include "coopt/Layout/BitPlanes.h"
#include "coopt/Layout/Pack.h"
#include "coopt/Layout/Panels.h"

#include <gtest/gtest.h>
#include <random>

using namespace coopt;

namespace {

/// Codes of [rows][depth] as a package stores them: placed by the layout, each tile in planes.
std::vector<uint8_t> store(const layout::Layout &panels, unsigned bits, const std::vector<uint8_t> &codes,
                           bool areSingle = false) {
  std::vector<uint8_t> placed(static_cast<size_t>(panels.storageElements()));
  EXPECT_TRUE(layout::pack(panels, codes.data(), placed.data(), 1, layout::allRows(panels)).has_value());
  const int64_t tile = panels.tileElements(), bytes = layout::planeBytes(bits, tile);
  std::vector<uint8_t> stored(placed.size() / static_cast<size_t>(tile) * static_cast<size_t>(bytes));
  for (int64_t i = 0; i < panels.storageElements() / tile; ++i) {
    layout::packPlanes(bits, placed.data() + i * tile, tile, stored.data() + i * bytes, areSingle);
  }
  return stored;
}

TEST(Panels, CodesOfARowStandSideBySide) {
  std::mt19937 random(5);
  for (unsigned bits : {2u, 4u, 8u}) {
    for (unsigned columnBits : {3u, 4u, 5u, 7u}) {
      const int64_t rows = 75, depth = 13, columns = int64_t(1) << columnBits;
      auto panels = layout::panels({rows, depth}, columnBits, bits);
      ASSERT_TRUE(panels.has_value()) << panels.error().message;
      ASSERT_TRUE(panels->isBijective());
      std::vector<uint8_t> codes(rows * depth);
      for (uint8_t &code : codes) {
        code = static_cast<uint8_t>(random() % (1u << bits));
      }
      const std::vector<uint8_t> stored = store(*panels, bits, codes);
      ASSERT_EQ(static_cast<int64_t>(stored.size()),
                (rows + columns - 1) / columns * columns * depth * bits / 8);
      for (int64_t n = 0; n < rows; ++n) {
        for (int64_t k = 0; k < depth; ++k) {
          const int64_t bit = ((n / columns * depth + k) * columns + n % columns) * bits;
          const int code = (stored[static_cast<size_t>(bit / 8)] >> (bit % 8)) & ((1 << bits) - 1);
          ASSERT_EQ(code, codes[static_cast<size_t>(n * depth + k)])
              << bits << " bits, " << columns << " columns, row " << n << ", column " << k;
        }
      }
    }
  }
}

TEST(Panels, OtherElementsStandOneBehindTheOther) {
  for (unsigned bits : {0u, 3u, 8u}) {
    auto panels = layout::panels({40, 6}, 4, bits);
    ASSERT_TRUE(panels.has_value());
    EXPECT_EQ(layout::print(*panels), "[40, 6] tile(d0:4) outer(d0, d1)");
  }
  EXPECT_EQ(layout::print(*layout::panels({40, 6}, 4, 4)), "[40, 6] basis(d0:8^1^2^4) outer(d0, d1)");
  EXPECT_TRUE(layout::areSideBySide(2, 3));
  EXPECT_FALSE(layout::areSideBySide(3, 5));
  EXPECT_FALSE(layout::areSideBySide(4, 2));
}

// Bit b of the code of column n and step k of a tile [C][T] is number (b C + n) T + k of it.
TEST(Panels, LookUpsArePlanesOfSingleBits) {
  std::mt19937 random(6);
  for (unsigned bits : {1u, 2u, 4u, 8u}) {
    for (auto [columnBits, depthBits] : {std::pair(3u, 0u), {0u, 3u}, {2u, 2u}, {5u, 2u}, {4u, 6u}}) {
      const int64_t rows = 75, depth = 45, columns = int64_t(1) << columnBits,
                    table = int64_t(1) << depthBits;
      auto lookUps = layout::lookUps({rows, depth}, columnBits, depthBits);
      ASSERT_TRUE(lookUps.has_value()) << lookUps.error().message;
      ASSERT_TRUE(lookUps->isBijective());
      std::vector<uint8_t> codes(rows * depth);
      for (uint8_t &code : codes) {
        code = static_cast<uint8_t>(random() % (1u << bits));
      }
      const std::vector<uint8_t> stored = store(*lookUps, bits, codes, true);
      const int64_t tiles = (depth + table - 1) / table;
      ASSERT_EQ(static_cast<int64_t>(stored.size()),
                (rows + columns - 1) / columns * tiles * columns * table * bits / 8);
      for (int64_t n = 0; n < rows; ++n) {
        for (int64_t k = 0; k < depth; ++k) {
          int code = 0;
          for (unsigned b = 0; b < bits; ++b) {
            const int64_t tile = n / columns * tiles + k / table,
                          bit = ((tile * bits + b) * columns + n % columns) * table + k % table;
            code |= ((stored[static_cast<size_t>(bit / 8)] >> (bit % 8)) & 1) << b;
          }
          ASSERT_EQ(code, codes[static_cast<size_t>(n * depth + k)])
              << bits << " bits, " << columns << " by " << table << ", row " << n << ", column " << k;
        }
      }
    }
  }
  EXPECT_EQ(layout::print(*layout::lookUps({120, 90}, 5, 5)),
            "[120, 90] basis(d0:4^8^16^32^64, d1:128^256^512^1^2) outer(d0, d1)");
  EXPECT_EQ(layout::lookUps({40}, 4, 4).error().message, "look-ups: expected a matrix, got 1 dimensions");
  EXPECT_EQ(layout::lookUps({40, 40}, 1, 1).error().message,
            "look-ups: expected tiles of at least 8 codes, got 4");
  EXPECT_FALSE(layout::lookUps({40, 40}, 20, 20).has_value());
}

TEST(Panels, ErrorsSayWhatIsExpected) {
  EXPECT_EQ(layout::panels({40}, 4, 8).error().message, "panels: expected a matrix, got 1 dimensions");
  EXPECT_EQ(layout::panels({40, 6}, 2, 4).error().message,
            "panels: expected codes of 1 to 8 bits in panels of at least 8 rows, got 4 bits in panels of 4");
  EXPECT_FALSE(layout::panels({40, 6}, 4, 9).has_value());
  EXPECT_FALSE(layout::panels({0, 6}, 4, 8).has_value());
}

} // namespace
