#include "coopt/Solver/PlanGraphs.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

using namespace coopt;
using namespace coopt::solver;

PlanGraph solver::randomGraph(std::mt19937 &generator, size_t ops) {
  PlanGraph graph;
  auto tensor = [&](const char *kind) {
    graph.tensors.push_back(
        {kind + std::to_string(graph.tensors.size()), 1 + int64_t(generator() % 60), false});
    return graph.tensors.size() - 1;
  };
  std::vector<size_t> results = {tensor("input")};
  std::vector<bool> isRead(1, false);
  for (size_t i = 0; i < ops; ++i) {
    PlanOp op{"op" + std::to_string(i), {}, {}};
    const size_t count = 1 + generator() % 2;
    std::set<size_t> reads;
    for (size_t r = 0; r < count; ++r) {
      const size_t span = generator() % 4 == 0 ? results.size() : std::min<size_t>(results.size(), 3);
      reads.insert(results[results.size() - 1 - generator() % span]);
    }
    op.reads.assign(reads.begin(), reads.end());
    if (generator() % 3 == 0) {
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
    graph.tensors[result].isOutput = result != results[0] && (!isRead[result] || generator() % 6 == 0);
  }
  return graph;
}

namespace {

class AllWays {
public:
  AllWays(const PlanGraph &graph, const PlanLimits &limits) : graph(graph), limits(limits) {}

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

} // namespace

int64_t solver::leastTrafficOfAll(const PlanGraph &graph, const PlanLimits &limits) {
  return AllWays(graph, limits).run();
}
