//===- SparsePanelTest.cpp - Panels under a pattern ---------------------------===//
#include "coopt/Layout/SparsePanel.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace coopt;
using layout::SparsePanel;

namespace {

constexpr int64_t kRows = 16;

numerics::SparsePattern patternOf(const char *text) { return *numerics::parseSparsePattern(text); }

class Panels : public testing::TestWithParam<std::tuple<const char *, size_t, int64_t>> {};

/// Where the header says that values and bits stand, said again, and back.
TEST_P(Panels, PlacesAndRoundTrip) {
  auto [text, bytes, columns] = GetParam();
  const numerics::SparsePattern pattern = patternOf(text);
  auto panel = SparsePanel::make(pattern, bytes);
  ASSERT_TRUE(panel) << panel.error().message;
  std::mt19937 random(3);
  std::vector<uint8_t> numbers(static_cast<size_t>(columns * kRows) * bytes);
  auto at = [&](int64_t column, int64_t row) {
    return numbers.data() + static_cast<size_t>(column * kRows + row) * bytes;
  };
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t first = 0; first < columns; first += pattern.span()) {
      std::vector<int64_t> those;
      for (int64_t block = first; block < std::min(first + pattern.span(), columns); block += pattern.block) {
        those.push_back(block);
      }
      std::shuffle(those.begin(), those.end(), random);
      those.resize(std::min(those.size(), static_cast<size_t>(random() % (pattern.kept + 1))));
      for (int64_t block : those) {
        // Zeros and negative zeros among them.
        for (int64_t column = block; column < std::min(block + pattern.block, columns); ++column) {
          at(column, row)[random() % bytes] = static_cast<uint8_t>(random() % 3 * 64);
        }
      }
    }
  }
  const int64_t runs = (columns + pattern.span() - 1) / pattern.span();
  const auto valueBytes = static_cast<size_t>(pattern.kept * pattern.block * kRows) * bytes;
  const size_t runBytes = valueBytes + (static_cast<size_t>(2 * pattern.of) + bytes - 1) / bytes * bytes;
  std::vector<uint8_t> storage(static_cast<size_t>(runs) * runBytes, 0xa5), back(numbers.size(), 0x5a);
  ASSERT_EQ(static_cast<size_t>(panel->panelElements(columns)) * bytes, storage.size());
  ASSERT_TRUE(panel->pack(numbers.data(), columns, storage.data()));
  int64_t next = 0, ofRow[kRows] = {};
  for (int64_t column = 0; column < columns; ++column) {
    const uint8_t *run = storage.data() + static_cast<size_t>(column / pattern.span()) * runBytes;
    if (column % pattern.span() == 0) {
      next = 0;
      std::fill(std::begin(ofRow), std::end(ofRow), 0);
    }
    for (int64_t row = 0; row < kRows; ++row) {
      const int64_t block = column % pattern.span() / pattern.block;
      const bool isKept =
          ((run[valueBytes + static_cast<size_t>(2 * block + row / 8)] >> (row % 8)) & 1) != 0;
      const std::vector<uint8_t> number(at(column, row), at(column, row) + bytes);
      if (!isKept) {
        EXPECT_EQ(number, std::vector<uint8_t>(bytes));
        continue;
      }
      const bool isByRows = bytes < 4 && pattern.block == 1 && pattern.of <= 8;
      const int64_t place = isByRows ? 16 * ofRow[row]++ + row : next++;
      const uint8_t *value = run + static_cast<size_t>(place) * bytes;
      ASSERT_LT(value, run + valueBytes);
      EXPECT_EQ(std::vector<uint8_t>(value, value + bytes), number);
    }
    const int64_t inRun = column % pattern.span() + 1;
    if (bytes < 4 && pattern.block == 1 && pattern.of <= 8 &&
        (inRun == pattern.of || column + 1 == columns)) {
      EXPECT_EQ(std::vector<int64_t>(std::begin(ofRow), std::end(ofRow)),
                std::vector<int64_t>(kRows, std::min(pattern.kept, inRun)));
    }
  }
  panel->unpack(storage.data(), columns, back.data());
  EXPECT_EQ(back, numbers);
}

/// Storage of any bytes means some panel: nothing outside is read or written.
TEST_P(Panels, AnyBytes) {
  auto [text, bytes, columns] = GetParam();
  auto panel = SparsePanel::make(patternOf(text), bytes);
  ASSERT_TRUE(panel) << panel.error().message;
  std::vector<uint8_t> storage(static_cast<size_t>(panel->panelElements(columns)) * bytes, 0xff);
  std::vector<uint8_t> numbers(static_cast<size_t>(columns * kRows) * bytes, 0xcc);
  panel->unpack(storage.data(), columns, numbers.data());
  EXPECT_EQ(std::count(numbers.begin(), numbers.end(), 0xcc), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Panels,
                         testing::Combine(testing::Values("2:4", "1:2", "3:8", "1:16", "2:5", "32:64",
                                                          "2:4x16", "1:3x4", "2:4x8x4"),
                                          testing::Values(size_t(1), size_t(2), size_t(4)),
                                          testing::Values(int64_t(1), int64_t(4), int64_t(11), int64_t(32),
                                                          int64_t(137))));

TEST(SparsePanel, Bytes) {
  // Of binary32, for 256 bytes of four columns.
  EXPECT_EQ(SparsePanel::make(patternOf("2:4"), 4)->panelElements(4) * 4, 128 + 8);
  EXPECT_EQ(SparsePanel::make(patternOf("32:64"), 4)->panelElements(64) * 4, 2048 + 128);
}

TEST(SparsePanel, Refused) {
  EXPECT_FALSE(SparsePanel::make(patternOf("2:4"), 8));
  EXPECT_FALSE(SparsePanel::make(patternOf("2:4"), 3));
}

TEST(SparsePanel, TooManyNumbers) {
  std::vector<uint8_t> numbers(6 * kRows);
  numbers[4 * kRows + 3] = numbers[5 * kRows + 3] = 1;
  auto panel = SparsePanel::make(patternOf("1:4"), 1);
  std::vector<uint8_t> storage(static_cast<size_t>(panel->panelElements(6)));
  auto packed = panel->pack(numbers.data(), 6, storage.data());
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().message,
            "expected at most 1 of 4 numbers that are not zero in row 3 at column 4 of a panel, got 2");
}

TEST(SparsePanel, TooManyBlocks) {
  std::vector<uint8_t> numbers(8 * kRows);
  numbers[1 * kRows + 9] = numbers[6 * kRows + 9] = 1;
  auto panel = SparsePanel::make(patternOf("1:2x4"), 1);
  std::vector<uint8_t> storage(static_cast<size_t>(panel->panelElements(8)));
  auto packed = panel->pack(numbers.data(), 8, storage.data());
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().message,
            "expected at most 1 of 2 blocks of numbers that are not zero in row 9 at column "
            "0 of a panel, got 2");
}

} // namespace
