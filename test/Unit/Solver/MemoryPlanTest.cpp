// Plans are compared with all plans of small graphs, found by loops that share nothing with the solver, and with what simpler planners do.
#include "coopt/Solver/MemoryPlan.h"
#include "coopt/Solver/PlanGraphs.h"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <random>
#include <set>

using namespace coopt;
using namespace coopt::solver;

namespace {

/// Simpler planners, of the order as it stands. Belady's: what is used latest goes first.
int64_t greedy(const PlanGraph &graph, int64_t bytes) {
  std::vector<std::vector<size_t>> uses(graph.tensors.size());
  std::vector<bool> isResult(graph.tensors.size(), false), isBehind(graph.tensors.size(), true);
  for (size_t o = 0; o < graph.ops.size(); ++o) {
    for (size_t t : graph.ops[o].reads) {
      uses[t].push_back(o);
    }
    for (size_t t : graph.ops[o].writes) {
      isResult[t] = true;
      isBehind[t] = graph.tensors[t].isOutput;
    }
  }
  std::set<size_t> there;
  int64_t traffic = 0;
  for (size_t o = 0; o < graph.ops.size(); ++o) {
    std::set<size_t> needed(graph.ops[o].reads.begin(), graph.ops[o].reads.end());
    for (size_t t : needed) {
      traffic += there.count(t) ? 0 : graph.tensors[t].bytes;
    }
    for (size_t t : graph.ops[o].writes) {
      needed.insert(t);
      traffic += graph.tensors[t].isOutput ? graph.tensors[t].bytes : 0;
    }
    there.insert(needed.begin(), needed.end());
    auto nextUse = [&](size_t t) {
      auto use = std::upper_bound(uses[t].begin(), uses[t].end(), o);
      return use == uses[t].end() ? graph.ops.size() : *use;
    };
    for (;;) {
      int64_t sum = 0;
      size_t victim = graph.tensors.size();
      for (size_t t : there) {
        sum += graph.tensors[t].bytes;
        if (!needed.count(t) && (victim == graph.tensors.size() || nextUse(t) > nextUse(victim))) {
          victim = t;
        }
      }
      if (sum <= bytes) {
        break;
      }
      there.erase(victim);
      if (nextUse(victim) < graph.ops.size() && !isBehind[victim]) {
        traffic += graph.tensors[victim].bytes;
        isBehind[victim] = true;
      }
    }
    for (auto it = there.begin(); it != there.end();) {
      it = nextUse(*it) == graph.ops.size() ? there.erase(it) : std::next(it);
    }
  }
  return traffic;
}

/// A tensor is there for all of its life, or never longer than a step; those of the shortest lives first.
int64_t liveRanges(const PlanGraph &graph, int64_t bytes) {
  struct Range {
    size_t tensor, first, last;
  };
  std::vector<Range> ranges;
  std::vector<int64_t> used(graph.ops.size(), 0);
  for (size_t o = 0; o < graph.ops.size(); ++o) {
    std::set<size_t> all(graph.ops[o].reads.begin(), graph.ops[o].reads.end());
    all.insert(graph.ops[o].writes.begin(), graph.ops[o].writes.end());
    for (size_t t : all) {
      used[o] += graph.tensors[t].bytes;
      auto range =
          std::find_if(ranges.begin(), ranges.end(), [&](const Range &of) { return of.tensor == t; });
      if (range == ranges.end()) {
        ranges.push_back({t, o, o});
      } else {
        range->last = o;
      }
    }
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range &a, const Range &b) { return a.last - a.first < b.last - b.first; });
  int64_t traffic = 0;
  for (const Range &range : ranges) {
    const int64_t size = graph.tensors[range.tensor].bytes;
    auto needs = [&](size_t o, bool writesOnly) {
      const PlanOp &op = graph.ops[o];
      return std::find(op.writes.begin(), op.writes.end(), range.tensor) != op.writes.end() ||
             (!writesOnly && std::find(op.reads.begin(), op.reads.end(), range.tensor) != op.reads.end());
    };
    bool fits = true, isResult = needs(range.first, true);
    int64_t uses = 0;
    for (size_t o = range.first; o <= range.last; ++o) {
      fits &= needs(o, false) || used[o] + size <= bytes;
      uses += needs(o, false);
    }
    for (size_t o = range.first; fits && o <= range.last; ++o) {
      used[o] += needs(o, false) ? 0 : size;
    }
    const int64_t stays = fits ? 1 : uses;
    traffic += size * (stays - isResult + (isResult && (stays > 1 || graph.tensors[range.tensor].isOutput)));
  }
  return traffic;
}

int64_t checked(const PlanGraph &graph, const PlanLimits &limits, const MemoryPlan &plan) {
  auto traffic = trafficOf(graph, limits, plan);
  EXPECT_TRUE(traffic) << traffic.error().message;
  EXPECT_EQ(*traffic, plan.traffic);
  EXPECT_LE(plan.bound, plan.traffic);
  return plan.traffic;
}

TEST(MemoryPlan, EqualsAllPlansOfSmallGraphs) {
  std::mt19937 generator(1);
  size_t cases = 0, optimal = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    PlanGraph graph = randomGraph(generator, 2 + seed % 7);
    PlanLimits limits;
    limits.bytes = bytesNeeded(graph) + static_cast<int64_t>(generator() % 80);
    limits.isOrderFixed = seed % 3 == 0;
    auto plan = planMemory(graph, limits);
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    // A plan with offsets costs no less than one without.
    const int64_t least = leastTrafficOfAll(graph, limits);
    EXPECT_GE(checked(graph, limits, *plan), least) << seed;
    EXPECT_LE(plan->bound, least) << seed;
    ++cases;
    optimal += plan->traffic == least;
  }
  EXPECT_EQ(optimal, cases);
}

TEST(MemoryPlan, WithoutSpilling) {
  std::mt19937 generator(2);
  size_t found = 0, none = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    PlanGraph graph = randomGraph(generator, 4 + seed % 5);
    PlanLimits limits;
    limits.maySpill = false;
    limits.bytes = bytesNeeded(graph) + static_cast<int64_t>(generator() % 8);
    auto plan = planMemory(graph, limits);
    const int64_t least = leastTrafficOfAll(graph, limits);
    if (least < 0) {
      ASSERT_FALSE(plan) << seed;
      EXPECT_NE(plan.error().message.find("results may not leave the memory, and any order needs "),
                std::string::npos)
          << plan.error().message;
      EXPECT_NE(plan.error().message.find(" bytes, the memory has " + std::to_string(limits.bytes)),
                std::string::npos)
          << plan.error().message;
      ++none;
    } else if (plan) {
      EXPECT_EQ(checked(graph, limits, *plan), least) << seed;
      ++found;
    } else {
      EXPECT_NE(plan.error().message.find("not side by side"), std::string::npos) << plan.error().message;
    }
  }
  EXPECT_GT(found, 20u);
  EXPECT_GT(none, 5u);
}

TEST(MemoryPlan, TwelveOpsAreProvenBestInTime) {
  std::mt19937 generator(3);
  size_t proven = 0;
  double longest = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    PlanGraph graph = randomGraph(generator, 9 + seed % 4);
    PlanLimits limits;
    limits.bytes = bytesNeeded(graph) + static_cast<int64_t>(generator() % 60);
    const auto start = std::chrono::steady_clock::now();
    auto plan = planMemory(graph, limits);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    checked(graph, limits, *plan);
    proven += plan->isOptimal() && seconds <= 10;
    longest = std::max(longest, seconds);
    EXPECT_LE(seconds, 12) << seed;
  }
  EXPECT_GE(proven, 190u);
  RecordProperty("proven", static_cast<int>(proven));
  RecordProperty("longest_ms", static_cast<int>(1000 * longest));
}

TEST(MemoryPlan, FixedOrdersOfFortyOps) {
  std::mt19937 generator(4);
  for (unsigned seed = 0; seed < 20; ++seed) {
    PlanGraph graph = randomGraph(generator, 40);
    PlanLimits limits;
    limits.isOrderFixed = true;
    limits.bytes = bytesNeeded(graph) + static_cast<int64_t>(generator() % 60);
    auto plan = planMemory(graph, limits);
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    checked(graph, limits, *plan);
    EXPECT_TRUE(plan->isOptimal()) << seed << " " << plan->traffic << " " << plan->bound;
    EXPECT_LE(plan->traffic, greedy(graph, limits.bytes)) << seed;
    EXPECT_LE(plan->traffic, liveRanges(graph, limits.bytes)) << seed;
  }
}

// Larger ones: never dearer than simpler planners, together not even than those that need no offsets, and a bound in time.
TEST(MemoryPlan, LargeGraphs) {
  std::mt19937 generator(5);
  int64_t planned = 0, withoutOffsets = 0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    PlanGraph graph = randomGraph(generator, 30 + 12 * seed);
    PlanLimits limits;
    limits.seconds = 1;
    limits.alignment = 1;
    limits.bytes = bytesNeeded(graph) + static_cast<int64_t>(generator() % 60);
    const auto start = std::chrono::steady_clock::now();
    auto plan = planMemory(graph, limits);
    EXPECT_LE(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 5) << seed;
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    checked(graph, limits, *plan);
    EXPECT_LE(plan->traffic, greedyPlan(graph, limits)->traffic) << seed << " " << plan->bound;
    EXPECT_LE(plan->traffic, liveRangePlan(graph, limits)->traffic) << seed;
    EXPECT_GT(plan->bound, 0);
    planned += plan->traffic;
    withoutOffsets += std::min(greedy(graph, limits.bytes), liveRanges(graph, limits.bytes));
  }
  EXPECT_LE(planned, withoutOffsets);
}

// Simple plans: they are plans, no better than the best, and move nothing twice where there is room.
TEST(MemoryPlan, SimplePlans) {
  std::mt19937 generator(6);
  size_t differ = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    PlanGraph graph = randomGraph(generator, 2 + seed % 7);
    PlanLimits limits;
    limits.isOrderFixed = true;
    limits.alignment = 1 + static_cast<int64_t>(seed % 3);
    int64_t all = 0;
    for (const PlanTensor &tensor : graph.tensors) {
      all += tensor.bytes + limits.alignment;
    }
    for (const int64_t bytes : {bytesNeeded(graph, limits.alignment), all}) {
      limits.bytes = bytes;
      const int64_t least = bytes == all ? 0 : leastTrafficOfAll(graph, limits);
      for (const auto simple : {greedyPlan, liveRangePlan}) {
        auto plan = simple(graph, limits);
        ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
        checked(graph, limits, *plan);
        EXPECT_GE(plan->traffic, least) << seed;
        EXPECT_EQ(plan->isOptimal(), plan->traffic == plan->bound);
        if (bytes == all) {
          EXPECT_TRUE(plan->isOptimal()) << seed;
        }
      }
    }
    limits.bytes = bytesNeeded(graph, limits.alignment);
    differ += greedyPlan(graph, limits)->traffic != liveRangePlan(graph, limits)->traffic;
    limits.bytes -= limits.alignment;
    EXPECT_FALSE(greedyPlan(graph, limits));
    EXPECT_FALSE(liveRangePlan(graph, limits));
  }
  EXPECT_GT(differ, 5u);
  // x stays beside h for as long as it lives, or comes twice. Greedily h is stored, which is used later than x.
  PlanGraph graph;
  graph.tensors = {{"x", 100}, {"h", 60}, {"g", 90}, {"y", 10, true}, {"z", 10, true}};
  graph.ops = {{"one", {0}, {1}}, {"two", {0}, {2}}, {"three", {0, 2}, {3}}, {"four", {1}, {4}}};
  PlanLimits limits;
  limits.bytes = 200;
  EXPECT_EQ(checked(graph, limits, *greedyPlan(graph, limits)), 100 + 60 + 60 + 10 + 10);
  EXPECT_EQ(checked(graph, limits, *liveRangePlan(graph, limits)), 100 + 60 + 60 + 10 + 10);
  limits.bytes = 260;
  EXPECT_EQ(checked(graph, limits, *greedyPlan(graph, limits)), 100 + 10 + 10);
  EXPECT_EQ(checked(graph, limits, *liveRangePlan(graph, limits)), 100 + 10 + 10);
}

// By hand: a residual connection of which there is no room beside the middle.
TEST(MemoryPlan, ByHand) {
  PlanGraph graph;
  graph.tensors = {{"x", 100}, {"h", 200}, {"g", 200}, {"y", 100, true}};
  graph.ops = {{"up", {0}, {1}}, {"act", {1}, {2}}, {"add", {2, 0}, {3}}};
  PlanLimits limits;
  limits.alignment = 64;
  limits.bytes = 1024;
  auto roomy = planMemory(graph, limits);
  ASSERT_TRUE(roomy) << roomy.error().message;
  EXPECT_EQ(checked(graph, limits, *roomy), 200); // x comes, y goes
  EXPECT_TRUE(roomy->isOptimal());
  // 100 bytes take 128, 200 take 256: x beside h and g does not fit, and comes again.
  limits.bytes = 600;
  auto tight = planMemory(graph, limits);
  ASSERT_TRUE(tight) << tight.error().message;
  EXPECT_EQ(checked(graph, limits, *tight), 300);
  EXPECT_TRUE(tight->isOptimal());
  limits.bytes = 500;
  auto none = planMemory(graph, limits);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message,
            "'h' and 'g' are there together at 'act' and need 512 bytes, the memory has 500");
}

// Of what does not fit only what is too much is named.
TEST(MemoryPlan, NamesWhatDoesNotFit) {
  PlanGraph graph;
  graph.tensors = {
      {"scores", 300 << 10}, {"keys", 200 << 10}, {"values", 112 << 10}, {"mask", 4}, {"out", 8, true}};
  graph.ops = {{"attend", {0, 1, 2, 3}, {4}}};
  PlanLimits limits;
  limits.bytes = 512 << 10;
  auto plan = planMemory(graph, limits);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, "'scores', 'keys' and 'values' are there together at 'attend' and need "
                                  "626688 bytes, the memory has 524288");
}

TEST(MemoryPlan, GraphsThatAreNone) {
  PlanLimits limits;
  limits.bytes = 1000;
  PlanGraph graph;
  graph.tensors = {{"a", 1}, {"b", 1}};
  auto message = [&] {
    auto plan = planMemory(graph, limits);
    return plan ? std::string() : plan.error().message;
  };
  graph.ops = {{"one", {0}, {2}}};
  EXPECT_EQ(message(), "'one': there is no tensor 2");
  graph.ops = {{"one", {0}, {1}}, {"two", {0}, {1}}};
  EXPECT_EQ(message(), "'two': 'b' is written by another op, too");
  graph.ops = {{"one", {1}, {}}, {"two", {0}, {1}}};
  EXPECT_EQ(message(), "'two': 'b' is read before it is written");
  graph.ops = {{"one", {0}, {1}}};
  graph.tensors[0].isOutput = true;
  EXPECT_EQ(message(), "'a': is given away, but no op writes it");
  graph.tensors[0] = {"a", -1};
  EXPECT_EQ(message(), "'a': expected 0 to 2^50 bytes, got -1");
  graph.tensors.resize(600);
  EXPECT_EQ(message(), "expected a graph of at most 512 ops and tensors, got 1 and 600");
  limits.bytes = -1;
  graph = {};
  EXPECT_EQ(message(), "expected a memory of no negative size, and an alignment of 1 or more");
}

} // namespace
