// Plans are compared with all plans of small graphs, found by loops that share nothing with the solver, and with what simpler planners do.
#include "coopt/Solver/MemoryPlan.h"

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

/// Each op reads a few of the last results, perhaps one that is long ago, perhaps a weight; what nobody reads is given away.
PlanGraph random(std::mt19937 &random, size_t ops) {
  PlanGraph graph;
  auto tensor = [&](const char *kind) {
    graph.tensors.push_back({kind + std::to_string(graph.tensors.size()), 1 + int64_t(random() % 60), false});
    return graph.tensors.size() - 1;
  };
  std::vector<size_t> results = {tensor("input")};
  std::vector<bool> isRead(1, false);
  for (size_t i = 0; i < ops; ++i) {
    PlanOp op{"op" + std::to_string(i), {}, {}};
    const size_t count = 1 + random() % 2;
    std::set<size_t> reads;
    for (size_t r = 0; r < count; ++r) {
      const size_t span = random() % 4 == 0 ? results.size() : std::min<size_t>(results.size(), 3);
      reads.insert(results[results.size() - 1 - random() % span]);
    }
    op.reads.assign(reads.begin(), reads.end());
    if (random() % 3 == 0) {
      op.reads.push_back(tensor("weight"));
    }
    isRead.resize(graph.tensors.size(), false);
    for (size_t read : op.reads) {
      isRead[read] = true;
    }
    op.writes = {tensor("result")};
    results.push_back(op.writes[0]);
    isRead.resize(graph.tensors.size(), false);
    graph.ops.push_back(op);
  }
  for (size_t result : results) {
    graph.tensors[result].isOutput = result != results[0] && (!isRead[result] || random() % 6 == 0);
  }
  return graph;
}

/// What the op that needs most needs.
int64_t least(const PlanGraph &graph) {
  int64_t most = 0;
  for (const PlanOp &op : graph.ops) {
    std::set<size_t> all(op.reads.begin(), op.reads.end());
    all.insert(op.writes.begin(), op.writes.end());
    int64_t sum = 0;
    for (size_t tensor : all) {
      sum += graph.tensors[tensor].bytes;
    }
    most = std::max(most, sum);
  }
  return most;
}

/// The least traffic of all orders and all choices of what stays, step by step, as if only sums of bytes counted.
class Everything {
public:
  Everything(const PlanGraph &graph, const PlanLimits &limits) : graph(graph), limits(limits) {}

  int64_t run() {
    using Key = std::tuple<unsigned, unsigned, unsigned>; // ops that ran; tensors there; results behind
    std::map<Key, int64_t> layer = {{{0, 0, 0}, 0}};
    for (size_t step = 0; step < graph.ops.size(); ++step) {
      std::map<Key, int64_t> next;
      for (const auto &[key, cost] : layer) {
        const auto [done, there, behind] = key;
        for (size_t o = 0; o < graph.ops.size(); ++o) {
          if ((done >> o & 1) || !isReady(o, done) || (limits.isOrderFixed && o != step)) {
            continue;
          }
          for (unsigned kept = there;; kept = (kept - 1) & there) { // all subsets
            follow(o, done, there, kept, behind, cost, next);
            if (kept == 0) {
              break;
            }
          }
        }
      }
      layer = std::move(next);
    }
    int64_t best = -1;
    for (const auto &[key, cost] : layer) {
      best = best < 0 ? cost : std::min(best, cost);
    }
    return best;
  }

private:
  const PlanGraph &graph;
  const PlanLimits &limits;

  bool isWrittenBy(size_t tensor, size_t op) const {
    const auto &writes = graph.ops[op].writes;
    return std::find(writes.begin(), writes.end(), tensor) != writes.end();
  }
  bool isReady(size_t o, unsigned done) const {
    for (size_t read : graph.ops[o].reads) {
      for (size_t w = 0; w < graph.ops.size(); ++w) {
        if (isWrittenBy(read, w) && !(done >> w & 1)) {
          return false;
        }
      }
    }
    return true;
  }
  template <typename Map>
  void follow(size_t o, unsigned done, unsigned there, unsigned kept, unsigned behind, int64_t cost,
              Map &next) const {
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      if ((there >> t & 1) && !(kept >> t & 1)) { // it goes; a result is stored, unless it is behind
        bool isResult = false, isNeeded = false;
        for (size_t w = 0; w < graph.ops.size(); ++w) {
          const auto &reads = graph.ops[w].reads;
          isResult |= isWrittenBy(t, w);
          isNeeded |= !(done >> w & 1) && std::find(reads.begin(), reads.end(), t) != reads.end();
        }
        if (isResult && isNeeded && !(behind >> t & 1)) {
          if (!limits.maySpill) {
            return;
          }
          cost += graph.tensors[t].bytes;
          behind |= 1u << t;
        }
      }
    }
    unsigned now = kept;
    for (size_t read : graph.ops[o].reads) {
      cost += (now >> read & 1) ? 0 : graph.tensors[read].bytes;
      now |= 1u << read;
    }
    for (size_t write : graph.ops[o].writes) {
      now |= 1u << write;
      if (graph.tensors[write].isOutput) {
        cost += graph.tensors[write].bytes;
        behind |= 1u << write;
      }
    }
    int64_t bytes = 0;
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      bytes += (now >> t & 1) ? graph.tensors[t].bytes : 0;
    }
    if (bytes <= limits.bytes) {
      auto [place, isNew] = next.try_emplace({done | 1u << o, now, behind}, cost);
      place->second = std::min(place->second, cost);
    }
  }
};

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
    PlanGraph graph = random(generator, 2 + seed % 7);
    PlanLimits limits;
    limits.bytes = least(graph) + static_cast<int64_t>(generator() % 80);
    limits.isOrderFixed = seed % 3 == 0;
    auto plan = planMemory(graph, limits);
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    // A plan with offsets costs no less than one without.
    const int64_t least = Everything(graph, limits).run();
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
    PlanGraph graph = random(generator, 4 + seed % 5);
    PlanLimits limits;
    limits.maySpill = false;
    limits.bytes = least(graph) + static_cast<int64_t>(generator() % 8);
    auto plan = planMemory(graph, limits);
    const int64_t least = Everything(graph, limits).run();
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
    PlanGraph graph = random(generator, 9 + seed % 4);
    PlanLimits limits;
    limits.bytes = least(graph) + static_cast<int64_t>(generator() % 60);
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
    PlanGraph graph = random(generator, 40);
    PlanLimits limits;
    limits.isOrderFixed = true;
    limits.bytes = least(graph) + static_cast<int64_t>(generator() % 60);
    auto plan = planMemory(graph, limits);
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    checked(graph, limits, *plan);
    EXPECT_TRUE(plan->isOptimal()) << seed << " " << plan->traffic << " " << plan->bound;
    EXPECT_LE(plan->traffic, greedy(graph, limits.bytes)) << seed;
    EXPECT_LE(plan->traffic, liveRanges(graph, limits.bytes)) << seed;
  }
}

// Larger ones: never dearer than simpler planners, and a bound in time.
TEST(MemoryPlan, LargeGraphs) {
  std::mt19937 generator(5);
  for (unsigned seed = 0; seed < 10; ++seed) {
    PlanGraph graph = random(generator, 30 + 12 * seed);
    PlanLimits limits;
    limits.seconds = 1;
    limits.alignment = 1;
    limits.bytes = least(graph) + static_cast<int64_t>(generator() % 60);
    const auto start = std::chrono::steady_clock::now();
    auto plan = planMemory(graph, limits);
    EXPECT_LE(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 5) << seed;
    ASSERT_TRUE(plan) << seed << ": " << plan.error().message;
    checked(graph, limits, *plan);
    EXPECT_LE(plan->traffic, greedy(graph, limits.bytes)) << seed << " " << plan->bound;
    EXPECT_LE(plan->traffic, liveRanges(graph, limits.bytes)) << seed;
    EXPECT_GT(plan->bound, 0);
  }
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
