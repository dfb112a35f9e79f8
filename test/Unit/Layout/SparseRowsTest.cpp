//===- SparseRowsTest.cpp - Panels under a pattern for an array ---------------===//
#include "coopt/Layout/Pack.h"
#include "coopt/Layout/Panels.h"
#include "coopt/Layout/SparseRows.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace coopt;
using layout::SparseRows;

namespace {

numerics::SparsePattern patternOf(const char *text) { return *numerics::parseSparsePattern(text); }

/// Pattern, bits of a code, bits of a panel's rows, columns.
class Rows : public testing::TestWithParam<std::tuple<const char *, unsigned, unsigned, int64_t>> {
protected:
  numerics::SparsePattern pattern = patternOf(std::get<0>(GetParam()));
  unsigned bits = std::get<1>(GetParam()), columnBits = std::get<2>(GetParam());
  int64_t depth = std::get<3>(GetParam()), width = int64_t(1) << columnBits;
  std::mt19937 random{11};

  /// [width][depth]: at most as many codes of a run that are not zero as it keeps, zeros among them.
  std::vector<uint8_t> codes() {
    std::vector<uint8_t> result(static_cast<size_t>(width * depth));
    for (int64_t row = 0; row < width; ++row) {
      for (int64_t first = 0; first < depth; first += pattern.of) {
        std::vector<int64_t> columns;
        for (int64_t k = first; k < std::min(first + pattern.of, depth); ++k) {
          columns.push_back(k);
        }
        std::shuffle(columns.begin(), columns.end(), random);
        columns.resize(std::min(columns.size(), static_cast<size_t>(pattern.kept)));
        for (int64_t k : columns) {
          result[static_cast<size_t>(row * depth + k)] = static_cast<uint8_t>(random() % (1u << bits));
        }
      }
    }
    return result;
  }
  /// As the layout of dense panels has them.
  std::vector<uint8_t> placed(const std::vector<uint8_t> &matrix) {
    auto panels = layout::panels({width, depth}, columnBits, bits);
    EXPECT_TRUE(panels.has_value());
    std::vector<uint8_t> panel(matrix.size());
    EXPECT_TRUE(layout::pack(*panels, matrix.data(), panel.data(), 1, layout::allRows(*panels)).has_value());
    return panel;
  }
};

int64_t numberAt(const uint8_t *bytes, int64_t bit, unsigned count) {
  int64_t number = 0;
  for (unsigned i = 0; i < count; ++i, ++bit) {
    number |= int64_t((bytes[bit / 8] >> (bit % 8)) & 1) << i;
  }
  return number;
}

/// Read bit by bit, as the array reads its rows: for every row the same matrix, places ascending, all of them kept; and back.
TEST_P(Rows, LinesAreWhatTheArrayTakes) {
  auto rows = SparseRows::make(pattern, columnBits, bits);
  ASSERT_TRUE(rows) << rows.error().message;
  const std::vector<uint8_t> matrix = codes(), panel = placed(matrix);
  unsigned placeBits = 1;
  while ((int64_t(1) << placeBits) < pattern.of) {
    ++placeBits;
  }
  const int64_t runs = (depth + pattern.of - 1) / pattern.of, lines = runs * pattern.kept;
  const int64_t lineBytes = width * bits / 8 + (width * placeBits + 7) / 8;
  ASSERT_EQ(rows->lines(depth), lines);
  ASSERT_EQ(rows->lineBytes(), lineBytes);
  std::vector<uint8_t> storage(static_cast<size_t>(lines * lineBytes), 0xa5);
  ASSERT_EQ(rows->panelBytes(depth), static_cast<int64_t>(storage.size()));
  ASSERT_TRUE(rows->pack(panel.data(), depth, storage.data()).has_value());
  std::vector<uint8_t> read(matrix.size());
  for (int64_t row = 0; row < width; ++row) {
    int64_t before = -1;
    for (int64_t line = 0; line < lines; ++line) {
      const uint8_t *bytes = storage.data() + line * lineBytes;
      const auto code = static_cast<uint8_t>(numberAt(bytes, row * bits, bits));
      const int64_t place = numberAt(bytes + width * bits / 8, row * placeBits, placeBits);
      const int64_t run = line / pattern.kept, column = run * pattern.of + place;
      ASSERT_LT(place, pattern.of);
      ASSERT_GT(column, before) << "row " << row << ", line " << line;
      before = column;
      if (column < depth) {
        read[static_cast<size_t>(row * depth + column)] = code;
      } else {
        ASSERT_EQ(code, 0);
      }
    }
  }
  EXPECT_EQ(read, matrix);
  std::vector<uint8_t> back(panel.size(), 0x5a);
  rows->unpack(storage.data(), depth, back.data());
  EXPECT_EQ(back, panel);
}

/// Storage of any bytes means some panel: nothing outside is read or written.
TEST_P(Rows, AnyBytes) {
  auto rows = SparseRows::make(pattern, columnBits, bits);
  ASSERT_TRUE(rows) << rows.error().message;
  std::vector<uint8_t> storage(static_cast<size_t>(rows->panelBytes(depth))),
      panel(static_cast<size_t>(width * depth), 0xff);
  for (uint8_t &byte : storage) {
    byte = static_cast<uint8_t>(random());
  }
  rows->unpack(storage.data(), depth, panel.data());
  for (int64_t row = 0; row < width; ++row) {
    for (int64_t first = 0; first < depth; first += pattern.of) {
      int64_t full = 0;
      for (int64_t k = first; k < std::min(first + pattern.of, depth); ++k) {
        const uint8_t code = panel[static_cast<size_t>(k * width + row)];
        EXPECT_LT(code, 1u << bits);
        full += code != 0;
      }
      EXPECT_LE(full, pattern.kept);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Rows,
                         testing::Combine(testing::Values("2:4", "1:4", "1:2", "3:8", "2:5", "1:16"),
                                          testing::Values(2u, 4u, 8u), testing::Values(3u, 4u, 5u, 7u),
                                          testing::Values(int64_t(1), int64_t(4), int64_t(11), int64_t(64),
                                                          int64_t(137))));

TEST(SparseRows, Bytes) {
  // Of 32 rows and 64 columns, dense 2048 and 1024.
  EXPECT_EQ(SparseRows::make(patternOf("2:4"), 5, 8)->panelBytes(64), 2048 * 5 / 8);
  EXPECT_EQ(SparseRows::make(patternOf("1:4"), 5, 8)->panelBytes(64), 2048 * 5 / 16);
  EXPECT_EQ(SparseRows::make(patternOf("2:4"), 5, 4)->panelBytes(64), 1024 * 3 / 4);
  EXPECT_EQ(SparseRows::make(patternOf("2:4"), 5, 8)->panelBytes(61), 2048 * 5 / 8);
}

TEST(SparseRows, FirstZerosAreKept) {
  // Of row 3 the last column of the second run is not zero: the first one is kept beside it.
  std::vector<uint8_t> panel(8 * 8);
  panel[7 * 8 + 3] = 9;
  auto rows = SparseRows::make(patternOf("2:4"), 3, 8);
  ASSERT_TRUE(rows);
  std::vector<uint8_t> storage(static_cast<size_t>(rows->panelBytes(8)));
  ASSERT_TRUE(rows->pack(panel.data(), 8, storage.data()).has_value());
  // Lines of 8 codes and 2 bytes of places; row 3 is bits 6 and 7.
  EXPECT_EQ(storage, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x00, //
                                           0, 0, 0, 0, 0, 0, 0, 0, 0x55, 0x55, //
                                           0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x00, //
                                           0, 0, 0, 9, 0, 0, 0, 0, 0xd5, 0x55}));
}

TEST(SparseRows, Refused) {
  EXPECT_EQ(SparseRows::make(patternOf("2:4x16"), 5, 8).error().message,
            "sparsity 2:4x16 of panels of 32 rows: expected runs of single elements");
  EXPECT_EQ(
      SparseRows::make(patternOf("2:4"), 5, 3).error().message,
      "sparsity 2:4 of panels of 32 rows: expected at least 8 rows, of codes of 2, 4 or 8 bits, got 3 bits");
  EXPECT_FALSE(SparseRows::make(patternOf("2:4"), 2, 8));
  EXPECT_FALSE(SparseRows::make(patternOf("2:4"), 5, 0));
}

TEST(SparseRows, TooManyCodes) {
  std::vector<uint8_t> panel(6 * 8, 0);
  panel[4 * 8 + 5] = panel[5 * 8 + 5] = 1;
  auto rows = SparseRows::make(patternOf("1:4"), 3, 8);
  ASSERT_TRUE(rows);
  std::vector<uint8_t> storage(static_cast<size_t>(rows->panelBytes(6)));
  auto packed = rows->pack(panel.data(), 6, storage.data());
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().message,
            "expected at most 1 of 4 codes that are not zero in row 5 at column 4 of a panel, got 2");
}

} // namespace
