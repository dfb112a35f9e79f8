#include "PlanGraph.h"

#include "coopt/Solver/Placement.h"

#include <algorithm>
#include <numeric>
#include <optional>

using namespace coopt;
using namespace coopt::solver;

namespace {

/// At which steps each tensor is needed, if ops run as they stand.
std::vector<std::vector<size_t>> usesOf(const PlanGraph &graph) {
  std::vector<std::vector<size_t>> uses(graph.tensors.size());
  for (size_t step = 0; step < graph.ops.size(); ++step) {
    for (size_t tensor : neededBy(graph.ops[step])) {
      uses[tensor].push_back(step);
    }
  }
  return uses;
}

int64_t roundedDown(const PlanLimits &limits) { return limits.bytes / limits.alignment * limits.alignment; }

Expected<MemoryPlan> planOf(const PlanGraph &graph, const PlanLimits &limits, std::vector<Stay> stays) {
  MemoryPlan plan;
  plan.order.resize(graph.ops.size());
  std::iota(plan.order.begin(), plan.order.end(), 0);
  plan.stays = std::move(stays);
  std::stable_sort(plan.stays.begin(), plan.stays.end(),
                   [](const Stay &a, const Stay &b) { return a.first < b.first; });
  auto traffic = trafficOf(graph, limits, plan);
  if (!traffic) {
    return forward(traffic.error());
  }
  plan.traffic = *traffic;
  const std::vector<std::vector<size_t>> uses = usesOf(graph);
  std::vector<bool> isWritten(graph.tensors.size(), false);
  for (const PlanOp &op : graph.ops) {
    for (size_t tensor : op.writes) {
      isWritten[tensor] = true;
    }
  }
  for (size_t tensor = 0; tensor < graph.tensors.size(); ++tensor) {
    const bool moves = isWritten[tensor] ? graph.tensors[tensor].isOutput : !uses[tensor].empty();
    plan.bound += moves ? graph.tensors[tensor].bytes : 0;
  }
  return plan;
}

} // namespace

Expected<MemoryPlan> solver::greedyPlan(const PlanGraph &graph, const PlanLimits &limits) {
  if (Status status = checkGraph(graph, limits); !status) {
    return forward(status.error());
  }
  std::vector<std::vector<Present>> steps(graph.ops.size());
  const std::vector<std::vector<size_t>> uses = usesOf(graph);
  for (size_t tensor = 0; tensor < uses.size(); ++tensor) {
    for (size_t use = 0; use < uses[tensor].size(); ++use) {
      const bool isLast = use + 1 == uses[tensor].size();
      const size_t next = isLast ? graph.ops.size() : uses[tensor][use + 1];
      steps[uses[tensor][use]].push_back({tensor, true, next});
      for (size_t step = uses[tensor][use] + 1; !isLast && step < next; ++step) {
        steps[step].push_back({tensor, false, next});
      }
    }
  }
  return planOf(graph, limits,
                placeInTime(steps, alignedSizes(graph, limits.alignment), roundedDown(limits)));
}

Expected<MemoryPlan> solver::liveRangePlan(const PlanGraph &graph, const PlanLimits &limits) {
  if (Status status = checkGraph(graph, limits); !status) {
    return forward(status.error());
  }
  const std::vector<int64_t> sizes = alignedSizes(graph, limits.alignment);
  const int64_t bytes = roundedDown(limits);
  const std::vector<std::vector<size_t>> uses = usesOf(graph);
  std::vector<int64_t> taken(graph.ops.size(), 0);
  std::vector<Stay> stays;
  std::vector<size_t> order; // of those for which it makes a difference
  for (size_t tensor = 0; tensor < uses.size(); ++tensor) {
    for (size_t step : uses[tensor]) {
      taken[step] += sizes[tensor];
      stays.push_back({tensor, step, step, 0});
    }
    if (uses[tensor].size() > 1) {
      order.push_back(tensor);
    }
  }
  place(stays, sizes, bytes, {}); // steps that share nothing
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return uses[a].back() - uses[a].front() < uses[b].back() - uses[b].front();
  });
  for (size_t tensor : order) {
    std::vector<size_t> between;
    for (size_t step = uses[tensor].front(); step <= uses[tensor].back(); ++step) {
      if (!std::binary_search(uses[tensor].begin(), uses[tensor].end(), step)) {
        between.push_back(step);
      }
    }
    const bool hasBytes = std::all_of(between.begin(), between.end(),
                                      [&](size_t step) { return taken[step] + sizes[tensor] <= bytes; });
    if (!hasBytes) {
      continue;
    }
    std::vector<Stay> tried;
    std::copy_if(stays.begin(), stays.end(), std::back_inserter(tried),
                 [&](const Stay &stay) { return stay.tensor != tensor; });
    tried.push_back({tensor, uses[tensor].front(), uses[tensor].back(), 0});
    if (place(tried, sizes, bytes, {}) == Placed::Yes) {
      stays = std::move(tried);
      for (size_t step : between) {
        taken[step] += sizes[tensor];
      }
    }
  }
  return planOf(graph, limits, std::move(stays));
}
