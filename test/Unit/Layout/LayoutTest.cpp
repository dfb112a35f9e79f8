#include "LayoutTestUtils.h"

#include <map>
#include <unordered_set>

using namespace coopt;
using namespace coopt::layout;

namespace {

/// Checks one layout against a set made by brute force: offsets are distinct and inside, inverse finds each
/// index and nothing else.
void checkExhaustively(const Layout &layout) {
  SCOPED_TRACE(print(layout));
  std::map<int64_t, std::vector<int64_t>> at;
  const int64_t storage = layout.storageElements();
  forEachIndex(layout.sizes(), [&](const std::vector<int64_t> &index) {
    int64_t offset = layout.offset(index);
    ASSERT_GE(offset, 0);
    ASSERT_LT(offset, storage);
    ASSERT_TRUE(at.emplace(offset, index).second) << "offset " << offset << " is used twice";
  });
  ASSERT_EQ(static_cast<int64_t>(at.size()), layout.logicalElements());
  for (int64_t offset = -1; offset <= storage; ++offset) {
    auto found = at.find(offset);
    std::optional<std::vector<int64_t>> index = layout.inverse(offset);
    ASSERT_EQ(index.has_value(), found != at.end()) << "offset " << offset;
    if (index) {
      ASSERT_EQ(*index, found->second) << "offset " << offset;
    }
  }
}

std::string refusal(const Layout &layout) {
  Status status = layout.validate();
  EXPECT_EQ(layout.isBijective(), status.has_value());
  return status ? "valid" : status.error().message;
}

Layout twoDims(int64_t n, int64_t k) { return *rowMajor({n, k}); }

} // namespace

TEST(Layout, BijectiveForAllSmallSizesAndManyTilings) {
  const std::vector<std::pair<std::vector<TileStep>, std::vector<unsigned>>> tilings = {
      {{}, {}},
      {{{0, 2}}, {}},
      {{{0, 4}}, {0, 1}},
      {{{1, 1}, {0, 3}}, {0, 1}},
      {{{1, 2}, {0, 2}}, {1, 0}},
      {{{0, 1}, {1, 2}, {0, 1}, {1, 1}}, {1, 0}},
  };
  for (const auto &[steps, order] : tilings) {
    for (int64_t n = 1; n <= 40; ++n) {
      for (int64_t k = 1; k <= 40; ++k) {
        Expected<Layout> layout = blocked({n, k}, steps, order);
        ASSERT_TRUE(layout.has_value()) << layout.error().message;
        checkExhaustively(*layout);
        ASSERT_FALSE(testing::Test::HasFatalFailure());
      }
    }
  }
}

TEST(Layout, SwizzlesAndPaddedStridesAreBijective) {
  for (const std::string &text : sampleLayouts()) {
    checkExhaustively(mustParse(text));
  }
}

TEST(Layout, SwizzleBijectiveForAllSmallSizes) {
  for (int64_t n = 1; n <= 20; ++n) {
    for (int64_t k = 1; k <= 20; ++k) {
      std::string sizes = "[" + std::to_string(n) + ", " + std::to_string(k) + "]";
      checkExhaustively(mustParse(sizes + " basis(d0:9^18^36, d1:1^2^4) outer(d1, d0)"));
      checkExhaustively(mustParse(sizes + " basis(d0:5^2, d1:1^12) outer(d0, d1)"));
    }
  }
}

TEST(Layout, WeightLayoutsAreWhatTheirNamesSay) {
  // f32 [N/16][K][16 n] and int8 [N/16][K/2][16 n][2 k], written out as index arithmetic.
  const int64_t n = 37, k = 23;
  Layout f32 = *blocked({n, k}, {{0, 4}});
  Layout i8 = *blocked({n, k}, {{1, 1}, {0, 4}}, {0, 1});
  EXPECT_EQ(f32.storageElements(), 3 * 23 * 16);
  EXPECT_EQ(i8.storageElements(), 3 * 12 * 16 * 2);
  forEachIndex({n, k}, [&](const std::vector<int64_t> &index) {
    int64_t i = index[0], j = index[1];
    EXPECT_EQ(f32.offset(index), ((i / 16) * k + j) * 16 + i % 16);
    EXPECT_EQ(i8.offset(index), (((i / 16) * 12 + j / 2) * 16 + i % 16) * 2 + j % 2);
  });
}

TEST(Layout, RowMajorIsRecognised) {
  EXPECT_EQ(rowMajor({3, 5, 7})->offset({1, 2, 3}), 1 * 35 + 2 * 7 + 3);
  EXPECT_TRUE(rowMajor({})->isRowMajor());
  EXPECT_TRUE(rowMajor({3, 5, 7})->isRowMajor());
  EXPECT_TRUE(mustParse("[3, 8] tile(d1:3) outer(d0, d1)").isRowMajor());
  EXPECT_TRUE(mustParse("[4, 8] tile(d1:3, d0:1) outer(d0, d1)").isRowMajor());
  EXPECT_FALSE(mustParse("[3, 7] tile(d1:3) outer(d0, d1)").isRowMajor());
  EXPECT_FALSE(mustParse("[4, 16] tile(d1:3, d0:1) outer(d0, d1)").isRowMajor());
  EXPECT_FALSE(mustParse("[3, 5] outer(d1, d0)").isRowMajor());
  EXPECT_TRUE(mustParse("[1, 5] outer(d1, d0)").isRowMajor());
  EXPECT_FALSE(mustParse("[5, 6] outer(d0:8, d1:1)").isRowMajor());
}

TEST(Layout, ContiguousElementsAgreesWithOffsets) {
  for (const std::string &text : sampleLayouts()) {
    SCOPED_TRACE(text);
    Layout layout = mustParse(text);
    for (unsigned d = 0; d < layout.rank(); ++d) {
      // The largest run that every aligned run along d bears out, by brute force over what lies inside the
      // size.
      const int64_t claimed = layout.contiguousElements(d);
      forEachIndex(layout.sizes(), [&](const std::vector<int64_t> &index) {
        std::vector<int64_t> first = index;
        first[d] -= index[d] % claimed;
        EXPECT_EQ(layout.offset(index) - layout.offset(first), index[d] % claimed);
      });
    }
  }
  EXPECT_EQ(mustParse("[64, 172] tile(d1:1, d0:4) outer(d0, d1)").contiguousElements(0), 1);
  EXPECT_EQ(mustParse("[64, 172] tile(d1:1, d0:4) outer(d0, d1)").contiguousElements(1), 2);
  EXPECT_EQ(mustParse("[64, 172] tile(d0:4) outer(d0, d1)").contiguousElements(0), 16);
  EXPECT_EQ(mustParse("[64, 172]").contiguousElements(1), 128);
  EXPECT_EQ(mustParse("[8, 8] basis(d0:9^18^36, d1:1^2^4) outer(d0, d1)").contiguousElements(1), 1);
  EXPECT_EQ(mustParse("[8, 8] basis(d0:12^18^32, d1:1^2^4) outer(d0, d1)").contiguousElements(1), 2);
}

TEST(Layout, EqualityAndHash) {
  Layout a = mustParse("[64, 172] tile(d1:1, d0:4) outer(d0, d1)");
  EXPECT_EQ(a, *blocked({64, 172}, {{1, 1}, {0, 4}}));
  EXPECT_EQ(hashValue(a), hashValue(*blocked({64, 172}, {{1, 1}, {0, 4}})));
  std::unordered_set<Layout> seen;
  for (const std::string &text : sampleLayouts()) {
    seen.insert(mustParse(text));
  }
  EXPECT_EQ(seen.size(), sampleLayouts().size());
  EXPECT_NE(a, mustParse("[64, 172] tile(d1:1, d0:4) outer(d1, d0)"));
}

TEST(LayoutRefuses, DependentBasis) {
  Layout layout = twoDims(4, 2);
  layout.dims[0] = {4, 2, 8, {1, 2}};
  layout.dims[1] = {2, 1, 8, {3}};
  EXPECT_EQ(refusal(layout),
            "layout: the tile's basis vectors are dependent: two indexes would share an offset");
  layout.dims[1].basis = {4};
  EXPECT_EQ(refusal(layout), "valid");
}

TEST(LayoutRefuses, BasisOutsideTheTile) {
  Layout layout = twoDims(4, 2);
  layout.dims[0] = {4, 1, 2, {2}};
  layout.dims[1].outerStride = 4;
  EXPECT_EQ(refusal(layout), "layout: dimension 0: expected basis vectors in 1..1, got 2");
  layout.dims[0].basis = {0};
  EXPECT_EQ(refusal(layout), "layout: dimension 0: expected basis vectors in 1..1, got 0");
  layout.dims[0].basis = {};
  EXPECT_EQ(refusal(layout), "layout: dimension 0: expected 1 basis vectors, one per tile bit, got 0");
}

TEST(LayoutRefuses, OverlappingStrides) {
  Layout layout = twoDims(4, 3);
  layout.dims[0].outerStride = 2;
  EXPECT_EQ(refusal(layout), "layout: dimension 0: outer stride 2 overlaps what lies inside it (3 elements)");
  layout.dims[0].outerStride = 1;
  EXPECT_EQ(refusal(layout), "layout: dimension 1: outer stride 1 overlaps what lies inside it (4 elements)");
  layout.dims[0].outerStride = 0;
  EXPECT_EQ(refusal(layout),
            "layout: dimension 0: expected an outer stride that is a positive multiple of the tile's "
            "1 elements, got 0");
  layout.dims[0].outerStride = -3;
  EXPECT_FALSE(layout.isBijective());
}

TEST(LayoutRefuses, StrideThatIsNoMultipleOfTheTile) {
  Layout layout = *blocked({32, 3}, {{0, 4}});
  layout.dims[0].outerStride += 8;
  EXPECT_EQ(refusal(layout),
            "layout: dimension 0: expected an outer stride that is a positive multiple of the tile's "
            "16 elements, got 56");
}

TEST(LayoutRefuses, SizesAndLimits) {
  Layout layout = twoDims(4, 3);
  layout.dims[1].size = 0;
  EXPECT_EQ(refusal(layout), "layout: dimension 1: expected a positive size, got 0");
  EXPECT_FALSE(rowMajor({-1}).has_value());
  EXPECT_FALSE(rowMajor({INT64_MIN}).has_value());
  EXPECT_FALSE(rowMajor({INT64_MAX, INT64_MAX, 2}).has_value());
  EXPECT_FALSE(rowMajor({int64_t(1) << 56, 2}).has_value());
  EXPECT_TRUE(rowMajor({int64_t(1) << 28, int64_t(1) << 28}).has_value());
  EXPECT_FALSE(rowMajor(std::vector<int64_t>(17, 1)).has_value());
  EXPECT_FALSE(blocked({4, 4}, {{2, 1}}).has_value());
  EXPECT_FALSE(blocked({4, 4}, {{0, 25}}).has_value());
  EXPECT_FALSE(blocked({4, 4}, {{0, 20}, {1, 0xffffffff}}).has_value());
  EXPECT_FALSE(blocked({4, 4}, {}, {0, 0}).has_value());
  EXPECT_FALSE(blocked({4, 4}, {}, {0}).has_value());
  EXPECT_FALSE(blocked({4, 4}, {}, {0, 2}).has_value());
  layout = twoDims(2, 3);
  layout.dims[0].outerStride = INT64_MAX;
  EXPECT_FALSE(layout.isBijective());
  layout.dims[0].size = INT64_MAX;
  EXPECT_FALSE(layout.isBijective());
}
