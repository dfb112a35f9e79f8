#include "coopt/Layout/Pack.h"

#include "LayoutTestUtils.h"

#include <cstring>

using namespace coopt;
using namespace coopt::layout;

namespace {

std::vector<uint8_t> noise(size_t bytes) {
  std::vector<uint8_t> data(bytes);
  uint32_t state = 12345;
  for (uint8_t &byte : data) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(1 + (state >> 24) % 255); // never 0, so that padding can be told from data
  }
  return data;
}

/// The storage as offset() says, element by element.
std::vector<uint8_t> packedByOffset(const Layout &layout, const std::vector<uint8_t> &source, size_t bytes) {
  std::vector<uint8_t> storage(layout.storageElements() * bytes, 0);
  size_t element = 0;
  forEachIndex(layout.sizes(), [&](const std::vector<int64_t> &index) {
    std::memcpy(&storage[layout.offset(index) * bytes], &source[element++ * bytes], bytes);
  });
  return storage;
}

} // namespace

TEST(Pack, WholeTensorsRoundTrip) {
  for (const std::string &text : sampleLayouts()) {
    for (size_t bytes : {1, 2, 3, 4, 8, 17}) {
      SCOPED_TRACE(text + " of " + std::to_string(bytes) + " bytes");
      Layout layout = mustParse(text);
      std::vector<uint8_t> source = noise(layout.logicalElements() * bytes);
      std::vector<uint8_t> storage(layout.storageElements() * bytes, 0xee);
      ASSERT_TRUE(pack(layout, source.data(), storage.data(), bytes, allRows(layout)).has_value());
      EXPECT_EQ(storage, packedByOffset(layout, source, bytes));
      std::vector<uint8_t> back(source.size(), 0xee);
      ASSERT_TRUE(unpack(layout, storage.data(), back.data(), bytes, allRows(layout)).has_value());
      EXPECT_EQ(back, source);
    }
  }
}

TEST(Pack, RowBlocksMakeTheSameStorage) {
  for (const char *text : {"[37, 23] tile(d1:1, d0:2) outer(d0, d1)", "[37, 23] tile(d0:2) outer(d0, d1)",
                           "[37, 5]", "[37, 5] outer(d0:8, d1:1)", "[37]", "[37] tile(d0:2) outer(d0)",
                           "[37, 9] basis(d0:9^18, d1:1^2^4) outer(d0:128, d1:32)"}) {
    SCOPED_TRACE(text);
    Layout layout = mustParse(text);
    const size_t bytes = 4, row = layout.logicalElements() / 37 * bytes;
    std::vector<uint8_t> source = noise(37 * row), back(37 * row);
    std::vector<uint8_t> storage(layout.storageElements() * bytes, 0xee);
    int64_t covered = 0;
    // Out of order on purpose: blocks are independent.
    for (Range rows : {Range{20, 37}, Range{0, 8}, Range{8, 20}}) {
      Range range = *storageOfRows(layout, rows);
      // Each block through buffers of its own size, so that a stray access is seen by sanitizers.
      std::vector<uint8_t> in(source.begin() + rows.begin * row, source.begin() + rows.end * row);
      std::vector<uint8_t> out(range.size() * bytes, 0xee);
      ASSERT_TRUE(pack(layout, in.data(), out.data(), bytes, rows).has_value());
      std::copy(out.begin(), out.end(), storage.begin() + range.begin * bytes);
      covered += range.size();
      std::vector<uint8_t> again(in.size());
      ASSERT_TRUE(unpack(layout, out.data(), again.data(), bytes, rows).has_value());
      EXPECT_EQ(again, in);
    }
    EXPECT_EQ(covered, layout.storageElements());
    EXPECT_EQ(storage, packedByOffset(layout, source, bytes));
  }
}

TEST(Pack, RefusesWhatIsNoRowBlock) {
  auto refusal = [](const char *text, Range rows, size_t bytes = 1) {
    // Nothing may be touched: null pointers would fault.
    Status status = pack(mustParse(text), nullptr, nullptr, bytes, rows);
    return status ? "packed" : status.error().message;
  };
  EXPECT_EQ(refusal("[9, 2]", {-1, 3}), "rows -1..3: expected a range within 0..9");
  EXPECT_EQ(refusal("[9, 2]", {0, 10}), "rows 0..10: expected a range within 0..9");
  EXPECT_EQ(refusal("[9, 2]", {3, 2}), "rows 3..2: expected a range within 0..9");
  EXPECT_EQ(refusal("[9, 2] tile(d0:2)", {2, 9}),
            "rows 2..9: expected a range that begins and ends on tiles of 4 rows");
  EXPECT_EQ(refusal("[9, 2] tile(d0:2)", {0, 5}),
            "rows 0..5: expected a range that begins and ends on tiles of 4 rows");
  EXPECT_EQ(refusal("[9, 2] outer(d1, d0)", {0, 4}),
            "rows 0..4: rows are not contiguous in layout [9, 2] outer(d1, "
            "d0); expected dimension 0 to be the outermost");
  EXPECT_EQ(refusal("[9, 2]", {0, 9}, 0), "pack: expected elements of 1..4096 bytes, got 0");
  EXPECT_EQ(refusal("[9, 2]", {0, 9}, 4097), "pack: expected elements of 1..4096 bytes, got 4097");
  EXPECT_EQ(refusal("[72057594037927936]", {0, int64_t(1) << 56}, 4096),
            "pack: 72057594037927936 elements of 4096 bytes are more than an address can count");
  EXPECT_EQ(refusal("[9, 2]", {4, 4}), "packed");
}
