#include "coopt/Support/TextTable.h"

#include <gtest/gtest.h>

using namespace coopt;

TEST(TextTable, AlignsNamesLeftNumbersRightAndTheLastLeft) {
  EXPECT_EQ(alignColumns({{"op", "ms", "note"}, {"attend", "1.5", "a"}, {"up", "12.25", ""}}, 1),
            "op         ms  note\nattend    1.5  a\nup      12.25\n");
}

TEST(TextTable, NumbersAreOfAnyLength) {
  EXPECT_EQ(formatNumber("%.4g us", 12.345678), "12.35 us");
  EXPECT_EQ(formatNumber("%+.1f%%", -12.25), "-12.2%");
  EXPECT_EQ(formatNumber("at all", 1), "at all");
  EXPECT_EQ(formatNumber("%.0f", 1e300).size(), 301u);
  EXPECT_EQ(formatNumber("%.0f", 1e300).substr(0, 10), "1000000000");
}

TEST(TextTable, NumbersBetweenDotsAndSlashesAreStars) {
  EXPECT_EQ(withoutNumbers("layers.12/mlp/up_proj"), "layers.*/mlp/up_proj");
  EXPECT_EQ(withoutNumbers("layers.3/mlp/experts/5/w1"), "layers.*/mlp/experts/*/w1");
  EXPECT_EQ(withoutNumbers("7"), "*");
  EXPECT_EQ(withoutNumbers("w1/v2.x3"), "w1/v2.x3");
  EXPECT_EQ(withoutNumbers(""), "");
}
