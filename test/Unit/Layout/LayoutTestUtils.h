// What the layout tests share: stepping through all indexes of a tensor, and a sample of layouts.
#ifndef COOPT_TEST_UNIT_LAYOUT_LAYOUTTESTUTILS_H
#define COOPT_TEST_UNIT_LAYOUT_LAYOUTTESTUTILS_H

#include "coopt/Layout/Layout.h"

#include <functional>
#include <gtest/gtest.h>

namespace coopt::layout {

inline void forEachIndex(const std::vector<int64_t> &sizes,
                         const std::function<void(const std::vector<int64_t> &)> &visit) {
  std::vector<int64_t> index(sizes.size(), 0);
  while (true) {
    visit(index);
    size_t d = sizes.size();
    while (d > 0 && ++index[d - 1] == sizes[d - 1]) {
      index[--d] = 0;
    }
    if (d == 0) {
      return;
    }
  }
}

inline Layout mustParse(std::string_view text) {
  Expected<Layout> layout = parse(text);
  EXPECT_TRUE(layout.has_value()) << text << ": " << (layout ? "" : layout.error().message);
  return layout ? *layout : Layout{};
}

/// Blocked and swizzled, dense and padded, ranks 0 to 4, sizes of 1, primes and one more than a tile.
inline std::vector<std::string> sampleLayouts() {
  return {"[]",
          "[1]",
          "[7]",
          "[17] tile(d0:4) outer(d0)",
          "[3, 5]",
          "[3, 5] outer(d1, d0)",
          "[5, 1] outer(d1, d0)",
          "[1, 5] outer(d1, d0)",
          "[64, 172] tile(d1:1, d0:4) outer(d0, d1)",
          "[17, 33] tile(d0:4) outer(d0, d1)",
          "[13, 9] tile(d0:1, d1:2, d0:1) outer(d1, d0)",
          "[2, 3, 5] tile(d2:1, d1:1, d0:1) outer(d2, d0, d1)",
          "[8, 8] basis(d0:9^18^36, d1:1^2^4) outer(d0, d1)",
          "[11, 13] basis(d0:9^18^36, d1:1^2^4) outer(d1, d0)",
          "[6, 5] basis(d0:3, d1:2^15^4) outer(d0, d1)",
          "[9, 9] basis(d0:2^1) outer(d0, d1)",
          "[5, 6] outer(d0:8, d1:1)",
          "[5, 6] tile(d1:2) outer(d0:12, d1:4)",
          "[3, 2, 2, 7] tile(d3:2, d0:1) outer(d1:256, d0:96, d2:32, d3:8)"};
}

} // namespace coopt::layout

#endif // COOPT_TEST_UNIT_LAYOUT_LAYOUTTESTUTILS_H
