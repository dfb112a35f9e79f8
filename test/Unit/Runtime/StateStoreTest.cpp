//===- StateStoreTest.cpp - What copies of states hold ----------------------===//
#include "Session/StateStore.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace coopt;
using namespace coopt::runtime;
using package::ElementType;
using package::State;

namespace {

TEST(StateStore, BlocksAndWhatIsKeptAreStored) {
  // Three slabs of 4 kept positions and 11 others in blocks of 5, of 7 bytes.
  State state{"cache", ElementType::I8, 3, 11, 7, 5, 4};
  EXPECT_EQ(state.stored(0), 4u);
  EXPECT_EQ(state.stored(1), 9u);
  EXPECT_EQ(state.stored(5), 9u);
  EXPECT_EQ(state.stored(6), 14u);
  EXPECT_EQ(state.stored(11), 19u);
  EXPECT_EQ(state.stored(UINT64_MAX), 19u);
  EXPECT_EQ(stateBytes(state), 3u * 19 * 7);
  for (uint64_t positions : {0, 1, 5, 6, 11}) {
    EXPECT_EQ(state.stored(positionsOf(state, state.stored(positions))), state.stored(positions));
  }
  EXPECT_EQ(positionsOf(state, 3), 0u);
}

TEST(StateStore, CopiesHoldWholeBlocks) {
  State state{"cache", ElementType::I8, 3, 11, 7, 5, 4};
  std::vector<State> states = {state};
  auto from = StateStore::create(states), to = StateStore::create(states);
  ASSERT_TRUE(from && to);
  auto *source = static_cast<uint8_t *>(from->addresses()[0]);
  std::iota(source, source + stateBytes(state), uint8_t(1));
  to->copyFrom(states, *from, 6);
  std::vector<uint8_t> packed(packedBytes(state, 6)), unpacked(stateBytes(state));
  packState(state, source, 6, packed.data());
  unpackState(state, unpacked.data(), 6, packed.data());
  const auto *copy = static_cast<const uint8_t *>(to->addresses()[0]);
  for (uint64_t slab = 0; slab < 3; ++slab) {
    for (uint64_t i = 0; i < 19 * 7; ++i) {
      uint64_t at = slab * 19 * 7 + i;
      uint8_t expected = i < 14 * 7 ? source[at] : 0;
      ASSERT_EQ(copy[at], expected) << at;
      ASSERT_EQ(unpacked[at], expected) << at;
    }
  }
}

} // namespace
