// Recurrences of in-order engines, by hand.
#include "coopt/CostModel/NpuTimeline.h"

#include <gtest/gtest.h>

using namespace coopt::cost;

namespace {

using Engine = NpuTimeline::Engine;

/// Engines that are told at once, so that only what they wait for is seen.
constexpr NpuTimeline::Core kCore{16, 0, 2, false};

NpuTimeline::Step step(Engine engine, double cycles, double results = 0) { return {engine, cycles, results}; }

TEST(NpuTimelineTest, WaitsForWhatOthersMake) {
  NpuTimeline timeline(kCore);
  const auto w = timeline.buffer(), sums = timeline.buffer();
  timeline.run(step(Engine::Loads, 100), {}, {w});         // handed out in cycle 1: 1 .. 101
  timeline.run(step(Engine::Matrix, 40, 10), {w}, {sums}); // 2 later: 103 .. 143, results at 153
  timeline.run(step(Engine::Vector, 5), {sums}, {});       // 155 .. 160
  EXPECT_EQ(timeline.end(), 160);
  EXPECT_EQ(timeline.busy(Engine::Loads), 100);
  EXPECT_EQ(timeline.busy(Engine::Matrix), 40);
  // Its own results an engine does not wait for.
  timeline.run(step(Engine::Matrix, 1), {sums}, {sums}); // read by the vector unit until 160: 162 .. 163
  EXPECT_EQ(timeline.end(), 163);
}

TEST(NpuTimelineTest, OverwritesWhatOthersHaveRead) {
  NpuTimeline timeline(kCore);
  const auto one = timeline.buffer(), other = timeline.buffer();
  timeline.run(step(Engine::Loads, 10), {}, {one});   // 1 .. 11
  timeline.run(step(Engine::Matrix, 50), {one}, {});  // 13 .. 63
  timeline.run(step(Engine::Loads, 10), {}, {other}); // 11 .. 21
  timeline.run(step(Engine::Loads, 10), {}, {one});   // 65 .. 75
  EXPECT_EQ(timeline.end(), 75);
}

TEST(NpuTimelineTest, ChannelsAreOneWhereThereIsOne) {
  for (bool hasOne : {false, true}) {
    NpuTimeline timeline({16, 0, 2, hasOne});
    timeline.run(step(Engine::Loads, 10), {}, {});  // 1 .. 11
    timeline.run(step(Engine::Stores, 10), {}, {}); // 2 .. 12, or behind it 11 .. 21
    EXPECT_EQ(timeline.end(), hasOne ? 21 : 12);
  }
}

/// 8 entries of 10 cycles each for the array, whose queue has 2: the load behind them is handed out when the sixth has started.
TEST(NpuTimelineTest, QueuesHoldTheControlUnit) {
  NpuTimeline timeline({2, 0, 0, false});
  timeline.run({Engine::Matrix, 80, 0, 8, 8}, {}, {}); // 1 .. 81, the sixth entry at 51
  timeline.run(step(Engine::Loads, 5), {}, {});        // handed out in 52
  EXPECT_EQ(timeline.end(), 81);
  timeline.run(step(Engine::Loads, 5), {}, {}); // 57 .. 62
  timeline.run(step(Engine::Loads, 30), {}, {});
  EXPECT_EQ(timeline.end(), 92);
}

/// A loop through one buffer takes load and product in turn, one through two buffers the longer of both; far rounds are as long as near ones.
TEST(NpuTimelineTest, LoopsAreRegular) {
  auto cycles = [](int64_t rounds, size_t buffers) {
    NpuTimeline timeline(kCore);
    const std::vector<NpuTimeline::Buffer> own = {timeline.buffer(), timeline.buffer()};
    timeline.loop(rounds, own, [&](int64_t round) {
      const auto buffer = own[static_cast<size_t>(round) % buffers];
      timeline.run(step(Engine::Loads, 100), {}, {buffer});
      timeline.run(step(Engine::Matrix, 60), {buffer}, {});
      timeline.count(0, 1);
    });
    EXPECT_EQ(timeline.sum(0), static_cast<double>(rounds));
    EXPECT_EQ(timeline.busy(Engine::Loads), 100.0 * static_cast<double>(rounds));
    return timeline.end();
  };
  for (int64_t rounds : {3, 10, 11, 1000}) {
    const auto n = static_cast<double>(rounds);
    EXPECT_EQ(cycles(rounds, 1), 1 + 162 * n + 2 * (n - 1)) << rounds; // load, 2, product, 2
    EXPECT_EQ(cycles(rounds, 2), 1 + 100 * n + 62) << rounds;
  }
}

/// Rounds are as long as their own steps, whatever is under way beside them.
TEST(NpuTimelineTest, LoopsDoNotWaitForWhatIsBesideThem) {
  NpuTimeline timeline(kCore);
  timeline.run(step(Engine::Loads, 10000), {}, {}); // 1 .. 10001, for later
  timeline.loop(1000, {}, [&](int64_t) { timeline.run(step(Engine::Matrix, 60), {}, {}); });
  EXPECT_EQ(timeline.end(), 2 + 1000 * 60);
}

/// Behind a loop, who writes its buffers waits until they have been read.
TEST(NpuTimelineTest, LoopsTakeTokensBack) {
  NpuTimeline timeline(kCore);
  const std::vector<NpuTimeline::Buffer> own = {timeline.buffer()};
  timeline.loop(1, own, [&](int64_t) {
    timeline.run(step(Engine::Loads, 10), {}, {own[0]});   // 1 .. 11
    timeline.run(step(Engine::Matrix, 100), {own[0]}, {}); // 13 .. 113
  });
  timeline.run(step(Engine::Loads, 10), {}, {}); // 115 .. 125
  EXPECT_EQ(timeline.end(), 125);
}

} // namespace
