#include "LayoutTestUtils.h"

#include <random>

using namespace coopt;
using namespace coopt::layout;

static std::string refusal(std::string_view text) {
  Expected<Layout> layout = parse(text);
  return layout ? "parsed" : layout.error().message;
}

TEST(LayoutText, SamplesPrintAsTheyWereWritten) {
  for (const std::string &text : sampleLayouts()) {
    Layout layout = mustParse(text);
    std::string printed = print(layout);
    EXPECT_EQ(mustParse(printed), layout) << text;
    // An order that names a single tile last or first is the same map: the canonical text may differ then.
    if (text != "[1, 5] outer(d1, d0)") {
      EXPECT_EQ(printed, text);
    }
  }
}

TEST(LayoutText, RoundTripForAllOrdersOfThinTensors) {
  for (int64_t a : {1, 2, 16, 17}) {
    for (int64_t b : {1, 3, 16}) {
      for (int64_t c : {1, 5}) {
        std::vector<unsigned> order = {0, 1, 2};
        do {
          for (const std::vector<TileStep> &steps :
               {std::vector<TileStep>{}, {{0, 4}}, {{2, 1}, {0, 4}}, {{0, 1}, {1, 1}, {0, 1}}}) {
            Layout layout = *blocked({a, b, c}, steps, order);
            EXPECT_EQ(mustParse(print(layout)), layout) << print(layout);
          }
        } while (std::next_permutation(order.begin(), order.end()));
      }
    }
  }
}

TEST(LayoutText, BlanksAreFree) {
  EXPECT_EQ(mustParse(" [ 64,172 ]tile( d1 : 1,d0:4 ) outer(d0,d1) "),
            mustParse("[64, 172] tile(d1:1, d0:4) outer(d0, d1)"));
  EXPECT_EQ(mustParse("[64, 172] tile(d1:1, d0:4)"), mustParse("[64, 172] tile(d1:1, d0:4) outer(d0, d1)"));
}

TEST(LayoutText, MistakesHaveAColumn) {
  EXPECT_EQ(refusal(""), "layout, column 1: expected '[', got the end");
  EXPECT_EQ(refusal("[64, x]"), "layout, column 6: expected a size, got 'x'");
  EXPECT_EQ(refusal("[64, -1]"), "layout, column 6: expected a size, got '-'");
  EXPECT_EQ(refusal("[64 172]"), "layout, column 5: expected ',' or ']', got '1'");
  EXPECT_EQ(refusal("[64, 172"), "layout, column 9: expected ',' or ']', got the end");
  EXPECT_EQ(refusal("[99999999999999999999]"),
            "layout, column 2: expected a size of at most 72057594037927936");
  EXPECT_EQ(refusal("[64] tile(d1:1)"), "layout, column 12: expected a dimension below d1, got '1'");
  EXPECT_EQ(refusal("[64] tile(0:1)"), "layout, column 11: expected a dimension such as d0, got '0'");
  EXPECT_EQ(refusal("[64] tile(d0 1)"), "layout, column 14: expected ':', got '1'");
  EXPECT_EQ(refusal("[64] tile(d0:99)"), "layout, column 14: expected a number of bits of at most 24");
  EXPECT_EQ(refusal("[64] tile(d0:20, d0:20)"), "layout: expected a tile of at most 24 bits");
  EXPECT_EQ(refusal("[64] tile()"), "layout, column 11: expected a dimension such as d0, got ')'");
  EXPECT_EQ(refusal("[2, 2] outer(d0)"),
            "layout, column 17: expected all 2 dimensions in outer(..), got the end");
  EXPECT_EQ(refusal("[2, 2] outer(d0, d0)"),
            "layout, column 20: expected each dimension once in outer(..), d0 is repeated, got ')'");
  EXPECT_EQ(refusal("[2, 2] outer(d0:2, d1)"),
            "layout, column 22: expected a stride for each dimension of outer(..) or for none, got ')'");
  EXPECT_EQ(refusal("[2, 2] outer(d0:1, d1:1)"),
            "layout: dimension 1: outer stride 1 overlaps what lies inside it (2 elements)");
  EXPECT_EQ(refusal("[4] basis(d0:1^1)"),
            "layout: the tile's basis vectors are dependent: two indexes would share an offset");
  EXPECT_EQ(refusal("[4] rest"),
            "layout, column 5: expected tile(..), basis(..), outer(..) or the end, got 'r'");
  EXPECT_EQ(refusal(std::string_view("[4]\0", 4)),
            "layout, column 4: expected tile(..), basis(..), outer(..) or the end, got byte 0");
  EXPECT_EQ(refusal("[0]"), "layout: dimension 0: expected a positive size, got 0");
  EXPECT_EQ(refusal("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"),
            "layout, column 34: expected at most 16 sizes, got '1'");
}

TEST(LayoutText, DamagedTextNeverMisleads) {
  // Whatever a mutation yields, it is an error or a valid layout that round-trips.
  std::mt19937 random(7);
  const std::string alphabet = "[](),:^d0123456789 tilebasouer\xff";
  const std::vector<std::string> samples = sampleLayouts();
  size_t parsed = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string text = samples[random() % samples.size()];
    for (size_t edits = 1 + random() % 3; edits > 0; --edits) {
      char c = alphabet[random() % alphabet.size()];
      size_t at = random() % (text.size() + 1);
      switch (random() % 3) {
      case 0:
        text.insert(at, 1, c);
        break;
      case 1:
        text.erase(std::min(at, text.size() ? text.size() - 1 : 0), 1);
        break;
      default:
        text = text.substr(0, at) + c + (at < text.size() ? text.substr(at + 1) : "");
      }
    }
    Expected<Layout> layout = parse(text);
    if (!layout) {
      EXPECT_EQ(layout.error().message.rfind("layout", 0), 0u) << text;
      continue;
    }
    ++parsed;
    ASSERT_TRUE(layout->isBijective()) << text;
    ASSERT_EQ(mustParse(print(*layout)), *layout) << text;
    ASSERT_LE(layout->storageElements(), kMaximalStorageElements) << text;
  }
  EXPECT_GT(parsed, 1000u);
}
