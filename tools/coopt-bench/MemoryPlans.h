//===- MemoryPlans.h - Memory plans beside simpler ones ---------------------===//
#ifndef COOPT_TOOLS_BENCH_MEMORYPLANS_H
#define COOPT_TOOLS_BENCH_MEMORYPLANS_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace coopt::bench {

/// One part of a network, in a memory of a quarter more than the op needs that needs most. Bytes.
struct NetworkPlans {
  std::string name, text;
  size_t ops = 0, tensors = 0;
  int64_t memory = 0;
  int64_t greedy = 0, liveRanges = 0, traffic = 0, bound = 0;
  double gap = 0, seconds = 0; ///< seconds: of the plan
};

/// Generated graphs of some number of ops.
struct GeneratedPlans {
  std::string name;
  size_t graphs = 0;
  size_t proven = 0;       ///< best, within the time that each has
  int64_t equalToAll = -1; ///< as good as the best of all plans, gone through one by one; -1: not compared
  double greedy = 0, liveRanges = 0; ///< geometric means of what simpler plans move, over what the plans do
  double longest = 0;                ///< seconds
};

struct PlanCheck {
  double seconds = 0; ///< that each graph has
  std::vector<NetworkPlans> networks;
  std::vector<GeneratedPlans> generated;
  std::vector<std::string> broken; ///< what does not hold: a graph, and what is wrong with its plan
};

/// Plans for the networks of PlanGraphs.h and for generated graphs: `count` of up to 8 ops, which are compared with all plans, as many of 9 to 12, and a
/// tenth of 40 ops in their order. What must hold: a plan is one by trafficOf; its bound is not above the least traffic, which it is not below;
/// it is not dearer than simpler ones; 95 % of a kind are proven best in time, and as many as good as the best of all plans.
PlanCheck checkMemoryPlans(size_t count, double seconds,
                           const std::function<void(const std::string &)> &progress);

std::string plansTable(const PlanCheck &check);
std::string plansJson(const PlanCheck &check);

} // namespace coopt::bench

#endif // COOPT_TOOLS_BENCH_MEMORYPLANS_H
