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
    for (int64_t first = 0; first < columns; first += pattern.of) {
      std::vector<int64_t> those;
      for (int64_t column = first; column < std::min(first + pattern.of, columns); ++column) {
        those.push_back(column);
      }
      std::shuffle(those.begin(), those.end(), random);
      those.resize(std::min(those.size(), static_cast<size_t>(random() % (pattern.kept + 1))));
      for (int64_t column : those) {
        at(column, row)[random() % bytes] = static_cast<uint8_t>(random() % 255 + 1);
      }
    }
  }
  const int64_t runs = (columns + pattern.of - 1) / pattern.of;
  const auto runBytes =
      static_cast<size_t>(pattern.kept * kRows) * bytes + static_cast<size_t>(2 * pattern.of);
  std::vector<uint8_t> storage(static_cast<size_t>(runs) * runBytes, 0xa5), back(numbers.size(), 0x5a);
  ASSERT_EQ(static_cast<size_t>(panel->panelElements(columns)) * bytes, storage.size());
  ASSERT_TRUE(panel->pack(numbers.data(), columns, storage.data()));
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t column = 0, place = 0; column < columns; ++column) {
      place = column % pattern.of == 0 ? 0 : place;
      const uint8_t *run = storage.data() + static_cast<size_t>(column / pattern.of) * runBytes;
      const uint8_t *bits = run + static_cast<size_t>(pattern.kept * kRows) * bytes;
      const bool isKept = ((bits[column % pattern.of * 2 + row / 8] >> (row % 8)) & 1) != 0;
      const std::vector<uint8_t> number(at(column, row), at(column, row) + bytes);
      if (!isKept) {
        EXPECT_EQ(number, std::vector<uint8_t>(bytes));
        continue;
      }
      const uint8_t *value = run + static_cast<size_t>(place++ * kRows + row) * bytes;
      EXPECT_EQ(std::vector<uint8_t>(value, value + bytes), number);
    }
  }
  panel->unpack(storage.data(), columns, back.data());
  EXPECT_EQ(back, numbers);
}

INSTANTIATE_TEST_SUITE_P(All, Panels,
                         testing::Combine(testing::Values("2:4", "1:2", "3:8", "1:16"),
                                          testing::Values(size_t(1), size_t(2), size_t(4)),
                                          testing::Values(int64_t(1), int64_t(4), int64_t(11), int64_t(32))));

TEST(SparsePanel, Refused) {
  EXPECT_FALSE(SparsePanel::make(patternOf("2:4x16"), 2));
  EXPECT_FALSE(SparsePanel::make(patternOf("2:5"), 4)); // 10 bytes of bits
  EXPECT_FALSE(SparsePanel::make(patternOf("2:4"), 8));
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

} // namespace
