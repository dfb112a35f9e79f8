#include "Npu/Requantizer.h"

#include "Requantized.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

TEST(Requantizer, CodesAreTheNearestAndTimesTheLaw) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    int64_t columns = random.in(1, 9);
    Requantized tiles(columns, random);
    Requantizer plain(columns), stalled(columns);
    auto run = drive(plain, tiles.stimulus);
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_EQ(tiles.compare(run->output), "") << seed;
    EXPECT_EQ(run->cycles, uint64_t(tiles.cycles)) << seed;

    addStalls(plain.ports, random, tiles.stimulus);
    auto slower = drive(stalled, tiles.stimulus);
    ASSERT_TRUE(slower) << slower.error().message;
    EXPECT_EQ(slower->output, run->output) << seed;
    EXPECT_GE(slower->cycles, run->cycles);
  }
}

// The port's shift has six bits; the scale's has more, but the codes are the same.
TEST(Requantizer, ShiftsOfAllScales) {
  Random random(7);
  int beyond = 0;
  for (int i = 0; i < 20000; ++i) {
    float from = std::ldexp(1.0f + float(random.in(0, 999)) / 1000, int(random.in(-120, 120)));
    float to = std::ldexp(1.0f, int(random.in(-120, 120)));
    auto scale = numerics::DyadicScale::make(from, to);
    ASSERT_TRUE(scale);
    numerics::DyadicScale port{scale->multiplier, requantizerShift(*scale)};
    ASSERT_GE(port.shift, 0);
    ASSERT_LE(port.shift, 63);
    beyond += port.shift != scale->shift;
    for (int32_t sum : {0, 1, -1, INT32_MIN, INT32_MAX, static_cast<int32_t>(random.next())}) {
      EXPECT_EQ(port.requantize(sum, -128, 127), scale->requantize(sum, -128, 127))
          << sum << " " << scale->multiplier << " " << scale->shift;
    }
  }
  EXPECT_GT(beyond, 1000);
}

TEST(Requantizer, BadTilesAreErrors) {
  Stimulus stimulus;
  auto message = [&](const RequantizerTile &tile) {
    Status status = appendTile(tile, stimulus);
    return status ? std::string() : status.error().message;
  };
  const numerics::DyadicScale scale{1 << 30, 31};
  EXPECT_EQ(message({{scale, scale}, -128, 127, {1, 2, 3}}),
            "tile of the requantiser: expected sums of 1 to 65535 rows of 2 columns, got 3");
  EXPECT_EQ(message({{}, -128, 127, {}}),
            "tile of the requantiser: expected sums of 1 to 65535 rows of 0 columns, got 0");
  EXPECT_EQ(message({{scale}, -129, 127, {1}}),
            "tile of the requantiser: least code: expected -128 to 127, got -129");
  EXPECT_EQ(message({{scale}, 5, 4, {1}}),
            "tile of the requantiser: greatest code: expected 5 to 127, got 4");
  EXPECT_EQ(message({{{3, 4}}, 0, 4, {1}}),
            "tile of the requantiser: multiplier: expected 2^30 to 2^31 - 1, got 3");
  EXPECT_TRUE(stimulus.words.empty());
}

} // namespace
