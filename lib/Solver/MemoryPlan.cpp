#include "coopt/Solver/MemoryPlan.h"

#include "OrderSearch.h"
#include "PlanGraph.h"

#include "coopt/Solver/Placement.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

using namespace coopt;
using namespace coopt::solver;

namespace {

class Planner {
public:
  Planner(const PlanGraph &graph, const PlanLimits &limits)
      : graph(graph), limits(limits), bytes(limits.bytes / limits.alignment * limits.alignment),
        sizes(alignedSizes(graph, limits.alignment)), search(graph, limits, sizes),
        until(in(limits.seconds)) {}

  Expected<MemoryPlan> run();

private:
  const PlanGraph &graph;
  const PlanLimits &limits;
  const int64_t bytes;
  const std::vector<int64_t> sizes;
  const OrderSearch search;
  const Clock::time_point until;
  std::optional<MemoryPlan> best;

  double secondsLeft() const {
    return std::max(0.0, std::chrono::duration<double>(until - Clock::now()).count());
  }
  static Clock::time_point in(double seconds) {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  MemoryPlan planOf(const Way &way) const;
  MemoryPlan repaired(const Way &way) const;
  bool take(const Way &way, double seconds);
  void byBeams(const OrderSearch &of, double seconds);
  void findSome();
  int64_t improve();
  Error noPlan();
};

/// Stays end with the last use that they have.
MemoryPlan Planner::planOf(const Way &way) const {
  MemoryPlan plan;
  std::map<size_t, size_t> current; ///< the stay of a tensor that is there
  for (size_t step = 0; step < way.size(); ++step) {
    plan.order.push_back(way[step].op);
    for (auto it = current.begin(); it != current.end();) {
      it = way[step].there[it->first] ? std::next(it) : current.erase(it);
    }
    for (size_t tensor : neededBy(graph.ops[way[step].op])) {
      auto [place, isNew] = current.try_emplace(tensor, plan.stays.size());
      if (isNew) {
        plan.stays.push_back({tensor, step, step, 0});
      }
      plan.stays[place->second].last = step;
    }
  }
  return plan;
}

/// The same way, of which tensors leave the memory where they stand in the way.
MemoryPlan Planner::repaired(const Way &way) const {
  MemoryPlan plan;
  std::vector<std::vector<Present>> steps(way.size());
  std::vector<size_t> nextUse(sizes.size(), way.size());
  for (size_t step = way.size(); step-- > 0;) {
    const std::vector<size_t> needed = neededBy(graph.ops[way[step].op]);
    for (size_t tensor = 0; tensor < sizes.size(); ++tensor) {
      if (way[step].there[tensor]) {
        const bool isNeeded = std::find(needed.begin(), needed.end(), tensor) != needed.end();
        steps[step].push_back({tensor, isNeeded, nextUse[tensor]});
      }
    }
    for (size_t tensor : needed) {
      nextUse[tensor] = step;
    }
  }
  for (const WayStep &step : way) {
    plan.order.push_back(step.op);
  }
  plan.stays = placeInTime(steps, sizes, bytes);
  return plan;
}

/// Whether there is a plan that costs no more than the way. It is the best so far, if it is.
bool Planner::take(const Way &way, double seconds) {
  MemoryPlan plan = planOf(way);
  const bool isPlaced = place(plan.stays, sizes, bytes, {seconds}) == Placed::Yes;
  if (!isPlaced) {
    if (!limits.maySpill) {
      return false;
    }
    plan = repaired(way);
  }
  plan.traffic = *trafficOf(graph, limits, plan);
  const bool isAsCheap = isPlaced || plan.traffic <= search.trafficOf(way);
  if (!best || plan.traffic < best->traffic) {
    best = std::move(plan);
  }
  return isAsCheap;
}

/// Beams of several widths, for at most a part of the time.
void Planner::byBeams(const OrderSearch &of, double seconds) {
  const Clock::time_point end = std::min(until, in(seconds));
  for (size_t width : {1, 16, 128}) {
    const std::optional<Way> way = of.beam(width, bytes, end);
    if (!way) {
      return;
    }
    if (!best || search.trafficOf(*way) < best->traffic) {
      take(*way, limits.seconds / 50);
    }
  }
}

/// Orders as they stand are often good ones, and the best plan of one is found sooner than the best order.
void Planner::findSome() {
  for (const auto simple : {greedyPlan, liveRangePlan}) {
    auto plan = simple(graph, limits); // none if results may not leave and would
    if (plan && (!best || plan->traffic < best->traffic)) {
      best = std::move(*plan);
    }
  }
  if (limits.isOrderFixed) {
    byBeams(search, limits.seconds / 4);
  } else {
    PlanLimits asItStands = limits;
    asItStands.isOrderFixed = true;
    const OrderSearch fixed(graph, asItStands, sizes);
    byBeams(fixed, limits.seconds / 8);
    const int64_t below = best ? best->traffic : std::numeric_limits<int64_t>::max();
    fixed.search(below, 1, in(limits.seconds / 8),
                 [&](const Way &way, int64_t) { return take(way, limits.seconds / 50); });
    byBeams(search, limits.seconds / 4);
  }
}

/// Goes through cheaper ways, ascending. The bound.
int64_t Planner::improve() {
  int64_t bound = 0;
  for (size_t alternatives : {1, 8, 64}) {
    std::optional<int64_t> failed; // the cheapest way without offsets
    const int64_t below = best ? best->traffic : std::numeric_limits<int64_t>::max();
    const OrderSearch::Result result =
        search.search(below, alternatives, until, [&](const Way &way, int64_t traffic) {
          if (take(way, std::min(secondsLeft(), limits.seconds / 4))) {
            return true;
          }
          failed = failed.value_or(traffic);
          return false;
        });
    bound = std::max(bound, failed ? std::min(*failed, result.bound) : result.bound);
    if (!failed || secondsLeft() == 0 || (best && best->traffic <= bound)) {
      break;
    }
  }
  return best ? std::min(bound, best->traffic) : bound;
}

/// Why there is none: results that may not leave.
Error Planner::noPlan() {
  const std::optional<bool> exists = search.exists(bytes, until);
  if (!exists) {
    return {"no plan was found in " + std::to_string(limits.seconds) + " s"};
  }
  if (*exists) {
    return {
        "no plan was found: in the ways that were tried tensors fit by their bytes, but not side by side"};
  }
  int64_t less = bytes, enough = std::accumulate(sizes.begin(), sizes.end(), int64_t(0));
  while (enough - less > 1) {
    const int64_t middle = less + (enough - less) / 2;
    const std::optional<bool> does = search.exists(middle, until);
    (does.value_or(true) ? enough : less) = middle;
  }
  const std::optional<Way> way = search.beam(256, enough, until);
  std::string text =
      "results may not leave the memory, and any order needs " + std::to_string(enough) + " bytes";
  if (!way) {
    return {text + ", the memory has " + std::to_string(limits.bytes)};
  }
  size_t worst = 0;
  int64_t most = -1;
  for (size_t step = 0; step < way->size(); ++step) {
    int64_t sum = 0;
    for (size_t tensor = 0; tensor < sizes.size(); ++tensor) {
      sum += (*way)[step].there[tensor] ? sizes[tensor] : 0;
    }
    if (sum > most) {
      most = sum;
      worst = step;
    }
  }
  std::vector<std::string> names;
  std::vector<int64_t> theirs;
  for (size_t tensor = 0; tensor < sizes.size(); ++tensor) {
    if ((*way)[worst].there[tensor]) {
      names.push_back(graph.tensors[tensor].name);
      theirs.push_back(sizes[tensor]);
    }
  }
  return {text + ": in the best one " +
          tooMuchText(names, theirs, limits.bytes, graph.ops[(*way)[worst].op].name)};
}

Expected<MemoryPlan> Planner::run() {
  findSome();
  const int64_t bound = improve();
  if (!best) {
    return tl::unexpected<Error>(noPlan());
  }
  best->bound = bound;
  return *best;
}

} // namespace

Expected<MemoryPlan> solver::planMemory(const PlanGraph &graph, const PlanLimits &limits) {
  if (Status status = checkGraph(graph, limits); !status) {
    return forward(status.error());
  }
  return Planner(graph, limits).run();
}
