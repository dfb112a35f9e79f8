#include "coopt/Layout/EmitOffset.h"

#include "LayoutTestUtils.h"

using namespace coopt;
using namespace coopt::layout;

namespace {

/// Computes at once and counts what it was asked for.
struct HostBuilder {
  using Index = int64_t;
  int constants = 0, adds = 0, muls = 0, rights = 0, lefts = 0, ands = 0, xors = 0;

  Index constant(int64_t value) { return ++constants, value; }
  Index add(Index a, Index b) { return ++adds, a + b; }
  Index mul(Index a, int64_t factor) {
    EXPECT_NE(factor & (factor - 1), 0) << "a power of two is a shift";
    return ++muls, a * factor;
  }
  Index shiftRight(Index a, unsigned bits) {
    EXPECT_GT(bits, 0u);
    return ++rights, static_cast<int64_t>(static_cast<uint64_t>(a) >> bits);
  }
  Index shiftLeft(Index a, unsigned bits) {
    EXPECT_GT(bits, 0u);
    return ++lefts, a << bits;
  }
  Index andMask(Index a, int64_t mask) { return ++ands, a & mask; }
  Index xorr(Index a, Index b) { return ++xors, a ^ b; }

  int total() const { return constants + adds + muls + rights + lefts + ands + xors; }
};

HostBuilder countOps(const char *text) {
  HostBuilder builder;
  Layout layout = mustParse(text);
  emitOffset(builder, layout, std::vector<int64_t>(layout.rank(), 0));
  return builder;
}

} // namespace

TEST(EmitOffset, EqualsOffset) {
  for (const std::string &text : sampleLayouts()) {
    SCOPED_TRACE(text);
    Layout layout = mustParse(text);
    forEachIndex(layout.sizes(), [&](const std::vector<int64_t> &index) {
      HostBuilder builder;
      ASSERT_EQ(emitOffset(builder, layout, index), layout.offset(index));
      if (layout.isBlocked()) {
        ASSERT_EQ(builder.xors, 0);
      }
    });
  }
}

TEST(EmitOffset, EqualsOffsetForTilesLargerThanTheTensor) {
  for (int64_t n = 1; n <= 18; ++n) {
    for (int64_t k = 1; k <= 10; ++k) {
      for (const std::vector<TileStep> &steps :
           {std::vector<TileStep>{{0, 4}}, {{1, 3}, {0, 4}}, {{0, 1}, {1, 2}, {0, 3}, {1, 1}}}) {
        Layout layout = *blocked({n, k}, steps, {1, 0});
        forEachIndex({n, k}, [&](const std::vector<int64_t> &index) {
          HostBuilder builder;
          ASSERT_EQ(emitOffset(builder, layout, index), layout.offset(index)) << print(layout);
        });
      }
    }
  }
}

TEST(EmitOffset, EmitsNoMoreThanNeeded) {
  EXPECT_EQ(countOps("[]").total(), 1);                 // 0
  EXPECT_EQ(countOps("[1, 1]").total(), 1);             // 0
  EXPECT_EQ(countOps("[7]").total(), 0);                // i
  EXPECT_EQ(countOps("[3, 8]").total(), 2);             // (i << 3) + j
  EXPECT_EQ(countOps("[3, 5]").total(), 2);             // i * 5 + j
  EXPECT_EQ(countOps("[1, 5]").total(), 0);             // j
  EXPECT_EQ(countOps("[16, 5] tile(d0:4)").total(), 2); // (j << 4) + i: one tile of rows, no mask
  // (n >> 4) * 2752 + ((k >> 1) << 5) + ((n & 15) << 1) + (k & 1)
  HostBuilder weights = countOps("[64, 172] tile(d1:1, d0:4) outer(d0, d1)");
  EXPECT_EQ(weights.xors, 0);
  EXPECT_EQ(weights.muls, 1);
  EXPECT_EQ(weights.ands, 2);
  EXPECT_EQ(weights.rights, 2);
  EXPECT_EQ(weights.lefts, 2);
  EXPECT_EQ(weights.adds, 3);
  // An 8x8 swizzle, i * 8 + (j ^ i), costs one XOR.
  EXPECT_EQ(countOps("[8, 8] basis(d0:9^18^36, d1:1^2^4)").xors, 1);
}
