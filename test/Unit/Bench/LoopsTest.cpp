#include "Bench/Limits.h"

#include <gtest/gtest.h>
#include <set>

using namespace coopt::bench;

namespace {
std::vector<uint64_t> words(size_t count) {
  std::vector<uint64_t> out;
  uint64_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    out.push_back(state = state * 6364136223846793005u + 1442695040888963407u);
  }
  return out;
}
} // namespace

// Any word that a loop leaves out, or reads twice, changes the checksum.
TEST(ReadLoops, ReadEveryWordOnce) {
  for (size_t count : {0, 1, 7, 31, 32, 33, 127, 128, 129, 1000, 4099}) {
    std::vector<uint64_t> data = words(count);
    uint64_t expected = 0;
    for (uint64_t word : data) {
      expected ^= word;
    }
    for (const NamedReadLoop &loop : readLoops()) {
      EXPECT_EQ(loop.loop(data.data(), count), expected) << loop.name << ", " << count << " words";
    }
  }
}

TEST(PeakLoops, SumsAreExact) {
  std::set<std::string> names;
  for (const PeakLoop &loop : peakLoops()) {
    EXPECT_TRUE(names.insert(loop.name).second);
    for (uint64_t iterations : {uint64_t(0), uint64_t(1), uint64_t(17), loop.iterations}) {
      EXPECT_TRUE(loop.run(iterations)) << loop.name << ", " << iterations;
    }
  }
}

TEST(Limits, MeasuresWithThreads) {
  std::vector<uint64_t> data = words(100003);
  for (int threads : {1, 3}) {
    auto limits =
        Limits::create(threads, {{data.data(), 5}, {data.data(), data.size() * 8}, {data.data() + 3, 21}});
    ASSERT_TRUE(limits) << limits.error().message;
    EXPECT_EQ(limits->readBytes(), data.size() * 8 + 16);
    EXPECT_GT(*limits->readBandwidth(), 0);
    for (size_t i = 0; i < limits->peaks().size(); ++i) {
      EXPECT_GT(*limits->peak(i), 0);
    }
  }
}

TEST(Limits, NothingToRead) {
  uint64_t word = 0;
  EXPECT_EQ(Limits::create(1, {{&word, 7}}).error().message,
            "the package has no parameters that a bandwidth could be measured on");
}
