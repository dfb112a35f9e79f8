#include "coopt/Solver/Placement.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace coopt::solver;

namespace {

struct Case {
  std::vector<Stay> stays;
  std::vector<int64_t> sizes;
};

bool areApart(const Case &of, int64_t bytes) {
  for (const Stay &a : of.stays) {
    if (a.offset < 0 || a.offset + of.sizes[a.tensor] > bytes) {
      return false;
    }
    for (const Stay &b : of.stays) {
      const bool meet = &a != &b && a.first <= b.last && b.first <= a.last;
      if (meet && a.offset < b.offset + of.sizes[b.tensor] && b.offset < a.offset + of.sizes[a.tensor]) {
        return false;
      }
    }
  }
  return true;
}

/// A rectangle of time and bytes, cut again and again: what fits without a gap.
Case cut(std::mt19937 &random, size_t steps, int64_t bytes, int cuts) {
  struct Piece {
    size_t first, last;
    int64_t size;
  };
  std::vector<Piece> pieces = {{0, steps - 1, bytes}};
  while (cuts > 0) {
    Piece &piece = pieces[random() % pieces.size()];
    if (random() % 2 == 0 && piece.last > piece.first) {
      const size_t at = piece.first + random() % (piece.last - piece.first);
      const Piece second = {at + 1, piece.last, piece.size};
      piece.last = at;
      pieces.push_back(second);
      --cuts;
    } else if (piece.size > 3) {
      const int64_t part = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(piece.size - 1));
      const Piece second = {piece.first, piece.last, piece.size - part};
      piece.size = part;
      pieces.push_back(second);
      --cuts;
    }
  }
  std::shuffle(pieces.begin(), pieces.end(), random);
  Case result;
  for (const Piece &piece : pieces) {
    result.stays.push_back({result.sizes.size(), piece.first, piece.last, 0});
    result.sizes.push_back(piece.size);
  }
  return result;
}

TEST(Placement, FillsWithoutAGap) {
  std::mt19937 random(1);
  size_t hard = 0;
  for (int seed = 0; seed < 60; ++seed) {
    Case one = cut(random, 16, 64, 16 + seed % 12);
    Case quick = one;
    const Placed placed = place(quick.stays, quick.sizes, 64, {}); // first fit alone
    EXPECT_NE(placed, Placed::No);
    hard += placed == Placed::Unknown;
    ASSERT_EQ(place(one.stays, one.sizes, 64, {10}), Placed::Yes) << seed;
    EXPECT_TRUE(areApart(one, 64)) << seed;
  }
  EXPECT_GT(hard, 5u);
}

// As little memory as the step needs that needs most, found by simple orders or by Z3; without it never less, and apart.
TEST(Placement, PacksWithoutAGap) {
  std::mt19937 random(1);
  size_t better = 0;
  for (int seed = 0; seed < 60; ++seed) {
    Case one = cut(random, 16, 64, 16 + seed % 12);
    const Peak peak = peakOf(one.stays, one.sizes);
    EXPECT_EQ(peak.bytes, 64);
    EXPECT_EQ(peak.step, 0u);
    Case quick = one;
    const int64_t simple = pack(quick.stays, quick.sizes, {});
    EXPECT_GE(simple, 64);
    EXPECT_TRUE(areApart(quick, simple)) << seed;
    EXPECT_EQ(pack(one.stays, one.sizes, {10}), 64) << seed;
    EXPECT_TRUE(areApart(one, 64)) << seed;
    better += simple > 64;
  }
  EXPECT_GT(better, 5u);
  const Peak later = peakOf({{0, 0, 2, 0}, {1, 2, 3, 0}, {2, 3, 4, 0}}, {10, 5, 7});
  EXPECT_EQ(later.step, 2u);
  EXPECT_EQ(later.bytes, 15);
  EXPECT_EQ(peakOf({}, {}).bytes, 0);
  std::vector<Stay> none;
  EXPECT_EQ(pack(none, {}, {}), 0);
}

// Offsets are multiples of what the sizes are multiples of; the same steps give the same answer.
TEST(Placement, StepsDecideTheSameEachTime) {
  std::mt19937 random(4);
  for (int seed = 0; seed < 10; ++seed) {
    Case one = cut(random, 16, 64, 24);
    for (int64_t &size : one.sizes) {
      size *= 64;
    }
    Case again = one;
    const Placed placed = place(one.stays, one.sizes, 4096 + 63, {0, 50000});
    ASSERT_EQ(place(again.stays, again.sizes, 4096 + 63, {0, 50000}), placed) << seed;
    for (size_t i = 0; placed == Placed::Yes && i < one.stays.size(); ++i) {
      EXPECT_EQ(one.stays[i].offset % 64, 0) << seed;
      EXPECT_EQ(one.stays[i].offset, again.stays[i].offset) << seed;
    }
    EXPECT_TRUE(placed != Placed::Yes || areApart(one, 4096)) << seed;
  }
}

/// Any placement can be pushed down, so one of the orders, each at its lowest offset, finds it.
bool canBePlaced(const Case &of, int64_t bytes) {
  std::vector<size_t> order(of.stays.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    std::vector<int64_t> offsets(order.size(), -1);
    bool fits = true;
    for (size_t i : order) {
      int64_t offset = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (size_t j : order) {
          const bool meet = offsets[j] >= 0 && of.stays[i].first <= of.stays[j].last &&
                            of.stays[j].first <= of.stays[i].last;
          if (meet && offset < offsets[j] + of.sizes[j] && offsets[j] < offset + of.sizes[i]) {
            offset = offsets[j] + of.sizes[j];
            moved = true;
          }
        }
      }
      offsets[i] = offset;
      fits &= offset + of.sizes[i] <= bytes;
    }
    if (fits) {
      return true;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

// Of those that first fit doesn't place.
TEST(Placement, DecidesWhatAllOrdersDecide) {
  std::mt19937 random(2);
  size_t with = 0;
  for (int seed = 0; seed < 1500; ++seed) {
    Case one = cut(random, 8, 12, 6);
    for (int64_t &size : one.sizes) {
      size += random() % 8 == 0 ? 1 : 0;
    }
    int64_t most = 0;
    for (size_t step = 0; step < 8; ++step) {
      int64_t sum = 0;
      for (const Stay &stay : one.stays) {
        sum += stay.first <= step && step <= stay.last ? one.sizes[stay.tensor] : 0;
      }
      most = std::max(most, sum);
    }
    if (Case quick = one; place(quick.stays, quick.sizes, most, {}) == Placed::Yes) {
      continue;
    }
    const bool can = canBePlaced(one, most);
    with += can;
    ASSERT_EQ(
        place(one.stays, one.sizes, most, seed % 2 == 0 ? PlacementEffort{10} : PlacementEffort{0, 20000000}),
        can ? Placed::Yes : Placed::No)
        << seed;
    EXPECT_TRUE(!can || areApart(one, most)) << seed;
  }
  EXPECT_GT(with, 0u);
  RecordProperty("with", static_cast<int>(with));
  // The bytes fit at each step, but no offsets do.
  const Case crowded = {
      {{0, 5, 6, 0}, {1, 0, 0, 0}, {2, 4, 4, 0}, {3, 1, 2, 0}, {4, 0, 3, 0}, {5, 2, 4, 0}, {6, 3, 6, 0}},
      {3, 3, 2, 2, 1, 1, 1}};
  EXPECT_EQ(peakOf(crowded.stays, crowded.sizes).bytes, 4);
  for (const int64_t bytes : {4, 5}) {
    Case one = crowded;
    EXPECT_EQ(canBePlaced(one, bytes), bytes == 5);
    EXPECT_EQ(place(one.stays, one.sizes, bytes, {10}), bytes == 5 ? Placed::Yes : Placed::No);
    EXPECT_TRUE(bytes == 4 || areApart(one, bytes));
    one = crowded;
    EXPECT_EQ(pack(one.stays, one.sizes, {10}), 5);
  }
}

// Whatever the offsets so far, what a step needs gets a place.
TEST(Placement, InTime) {
  std::mt19937 random(3);
  for (int seed = 0; seed < 100; ++seed) {
    const size_t tensors = 12, steps = 20;
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < tensors; ++i) {
      sizes.push_back(1 + static_cast<int64_t>(random() % 30));
    }
    std::vector<std::vector<Present>> present(steps);
    int64_t bytes = 0;
    std::vector<size_t> all(tensors);
    std::iota(all.begin(), all.end(), 0);
    for (auto &step : present) {
      std::shuffle(all.begin(), all.end(), random);
      int64_t needed = 0;
      for (size_t i = 0; i < 3; ++i) {
        step.push_back({all[i], true, random() % steps});
        needed += sizes[all[i]];
      }
      bytes = std::max(bytes, needed);
    }
    for (auto &step : present) { // what is kept fits by its bytes
      int64_t room = bytes;
      for (const Present &of : step) {
        room -= sizes[of.tensor];
      }
      for (size_t tensor = 0; tensor < tensors; ++tensor) {
        const bool isThere =
            std::any_of(step.begin(), step.end(), [&](const Present &of) { return of.tensor == tensor; });
        if (!isThere && sizes[tensor] <= room) {
          step.push_back({tensor, false, random() % steps});
          room -= sizes[tensor];
        }
      }
    }
    Case result{placeInTime(present, sizes, bytes), sizes};
    EXPECT_TRUE(areApart(result, bytes)) << seed;
    for (size_t step = 0; step < steps; ++step) {
      for (const Present &of : present[step]) {
        EXPECT_TRUE(!of.isNeeded || std::any_of(result.stays.begin(), result.stays.end(),
                                                [&](const Stay &stay) {
                                                  return stay.tensor == of.tensor && stay.first <= step &&
                                                         step <= stay.last;
                                                }))
            << seed;
      }
    }
  }
}

TEST(Placement, TooMany) {
  EXPECT_EQ(tooManyOf({10, 20, 30}, 60), std::vector<size_t>());
  EXPECT_EQ(tooManyOf({1, 40, 30, 2}, 60), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(tooManyOf({70}, 60), (std::vector<size_t>{0}));
}

} // namespace
