#include "coopt/Solver/MemoryPlan.h"

#include "OrderSearch.h"
#include "Placement.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

using namespace coopt;
using namespace coopt::solver;

namespace {

std::string quoted(const std::string &name) { return "'" + name + "'"; }

Status check(const PlanGraph &graph, const PlanLimits &limits) {
  if (graph.ops.size() > kMostNodes || graph.tensors.size() > kMostNodes) {
    return fail("expected a graph of at most " + std::to_string(kMostNodes) + " ops and tensors, got " +
                std::to_string(graph.ops.size()) + " and " + std::to_string(graph.tensors.size()));
  }
  if (limits.bytes < 0 || limits.alignment < 1) {
    return fail("expected a memory of no negative size, and an alignment of 1 or more");
  }
  for (const PlanTensor &tensor : graph.tensors) {
    if (tensor.bytes < 0 || tensor.bytes > int64_t(1) << 50) {
      return fail(quoted(tensor.name) + ": expected 0 to 2^50 bytes, got " + std::to_string(tensor.bytes));
    }
  }
  std::vector<bool> isRead(graph.tensors.size(), false), isWritten(graph.tensors.size(), false);
  for (const PlanOp &op : graph.ops) {
    for (const std::vector<size_t> *list : {&op.reads, &op.writes}) {
      for (size_t tensor : *list) {
        if (tensor >= graph.tensors.size()) {
          return fail(quoted(op.name) + ": there is no tensor " + std::to_string(tensor));
        }
      }
    }
    for (size_t tensor : op.reads) {
      isRead[tensor] = true;
    }
    for (size_t tensor : op.writes) {
      const std::string &name = graph.tensors[tensor].name;
      if (isWritten[tensor]) {
        return fail(quoted(op.name) + ": " + quoted(name) + " is written by another op, too");
      }
      if (isRead[tensor]) {
        return fail(quoted(op.name) + ": " + quoted(name) + " is read before it is written");
      }
      isWritten[tensor] = true;
    }
  }
  for (size_t tensor = 0; tensor < graph.tensors.size(); ++tensor) {
    if (graph.tensors[tensor].isOutput && !isWritten[tensor]) {
      return fail(quoted(graph.tensors[tensor].name) + ": is given away, but no op writes it");
    }
  }
  return {};
}

class Planner {
public:
  Planner(const PlanGraph &graph, const PlanLimits &limits)
      : graph(graph), limits(limits), bytes(limits.bytes / limits.alignment * limits.alignment),
        sizes(aligned(graph, limits.alignment)), search(graph, limits, sizes), until(in(limits.seconds)) {}

  Expected<MemoryPlan> run();

private:
  const PlanGraph &graph;
  const PlanLimits &limits;
  const int64_t bytes;
  const std::vector<int64_t> sizes;
  const OrderSearch search;
  const Clock::time_point until;
  std::optional<MemoryPlan> best;

  static std::vector<int64_t> aligned(const PlanGraph &graph, int64_t alignment) {
    std::vector<int64_t> sizes;
    for (const PlanTensor &tensor : graph.tensors) {
      sizes.push_back((tensor.bytes + alignment - 1) / alignment * alignment);
    }
    return sizes;
  }
  double secondsLeft() const {
    return std::max(0.0, std::chrono::duration<double>(until - Clock::now()).count());
  }
  static Clock::time_point in(double seconds) {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  std::vector<size_t> neededBy(size_t op) const {
    std::set<size_t> all(graph.ops[op].reads.begin(), graph.ops[op].reads.end());
    all.insert(graph.ops[op].writes.begin(), graph.ops[op].writes.end());
    return {all.begin(), all.end()};
  }
  MemoryPlan planOf(const Way &way) const;
  MemoryPlan repaired(const Way &way) const;
  bool take(const Way &way, double seconds);
  void byBeams(const OrderSearch &of, double seconds);
  void findSome();
  int64_t improve();
  std::string tooMuch(const std::vector<size_t> &tensors, const std::string &op) const;
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
    for (size_t tensor : neededBy(way[step].op)) {
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
    const std::vector<size_t> needed = neededBy(way[step].op);
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
  const bool isPlaced = place(plan.stays, sizes, bytes, seconds) == Placed::Yes;
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

std::string Planner::tooMuch(const std::vector<size_t> &tensors, const std::string &op) const {
  std::vector<int64_t> theirs;
  for (size_t tensor : tensors) {
    theirs.push_back(sizes[tensor]);
  }
  std::vector<size_t> core = tooManyOf(theirs, bytes);
  if (core.empty()) {
    core.resize(tensors.size());
    std::iota(core.begin(), core.end(), 0);
  }
  std::string text;
  int64_t sum = 0;
  for (size_t i = 0; i < core.size(); ++i) {
    text += (i == 0                 ? ""
             : i + 1 == core.size() ? " and "
                                    : ", ") +
            quoted(graph.tensors[tensors[core[i]]].name);
    sum += theirs[core[i]];
  }
  return text + (core.size() == 1 ? " is there at " : " are there together at ") + quoted(op) +
         (core.size() == 1 ? " and needs " : " and need ") + std::to_string(sum) + " bytes, the memory has " +
         std::to_string(limits.bytes);
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
  std::vector<size_t> there;
  for (size_t tensor = 0; tensor < sizes.size(); ++tensor) {
    if ((*way)[worst].there[tensor]) {
      there.push_back(tensor);
    }
  }
  return {text + ": in the best one " + tooMuch(there, graph.ops[(*way)[worst].op].name)};
}

Expected<MemoryPlan> Planner::run() {
  for (const PlanOp &op : graph.ops) {
    const std::vector<size_t> tensors = neededBy(static_cast<size_t>(&op - graph.ops.data()));
    int64_t sum = 0;
    for (size_t tensor : tensors) {
      sum += sizes[tensor];
    }
    if (sum > bytes) {
      return fail(tooMuch(tensors, op.name));
    }
  }
  findSome();
  const int64_t bound = improve();
  if (!best) {
    return tl::unexpected<Error>(noPlan());
  }
  best->bound = bound;
  return *best;
}

} // namespace

Expected<int64_t> solver::trafficOf(const PlanGraph &graph, const PlanLimits &limits,
                                    const MemoryPlan &plan) {
  const size_t count = graph.ops.size();
  std::vector<size_t> step(count, count);
  for (size_t i = 0; i < plan.order.size(); ++i) {
    if (plan.order[i] >= count || step[plan.order[i]] != count) {
      return fail("step " + std::to_string(i) + ": no op, or one that has run");
    }
    step[plan.order[i]] = i;
  }
  std::vector<std::optional<size_t>> writer(graph.tensors.size());
  for (size_t op = 0; op < count; ++op) {
    if (step[op] == count || (limits.isOrderFixed && step[op] != op)) {
      return fail(quoted(graph.ops[op].name) + ": does not run, or not at its step");
    }
    for (size_t tensor : graph.ops[op].writes) {
      writer[tensor] = step[op];
    }
  }
  std::vector<std::vector<const Stay *>> stays(graph.tensors.size());
  for (const Stay &stay : plan.stays) {
    const PlanTensor &tensor = graph.tensors[stay.tensor];
    if (stay.first > stay.last || stay.last >= count || stay.offset < 0 ||
        stay.offset % limits.alignment != 0 || stay.offset + tensor.bytes > limits.bytes) {
      return fail(quoted(tensor.name) + ": stays at no place of the memory, or at no steps");
    }
    for (const Stay &other : plan.stays) {
      const bool meets = &other != &stay && stay.first <= other.last && other.first <= stay.last;
      if (meets &&
          (other.tensor == stay.tensor || (stay.offset < other.offset + graph.tensors[other.tensor].bytes &&
                                           other.offset < stay.offset + tensor.bytes))) {
        return fail(quoted(tensor.name) + " and " + quoted(graph.tensors[other.tensor].name) +
                    ": are at one place at a time");
      }
    }
    stays[stay.tensor].push_back(&stay);
  }
  auto isThere = [&](size_t tensor, size_t at) {
    return std::any_of(stays[tensor].begin(), stays[tensor].end(),
                       [&](const Stay *stay) { return stay->first <= at && at <= stay->last; });
  };
  for (size_t op = 0; op < count; ++op) {
    for (const std::vector<size_t> *list : {&graph.ops[op].reads, &graph.ops[op].writes}) {
      for (size_t tensor : *list) {
        if (!isThere(tensor, step[op])) {
          return fail(quoted(graph.ops[op].name) + ": " + quoted(graph.tensors[tensor].name) +
                      " is not there");
        }
        if (list == &graph.ops[op].reads && writer[tensor] && *writer[tensor] >= step[op]) {
          return fail(quoted(graph.ops[op].name) + ": runs before what it reads is written");
        }
      }
    }
  }
  int64_t sum = 0;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    const PlanTensor &tensor = graph.tensors[i];
    const auto times = static_cast<int64_t>(stays[i].size());
    if (writer[i]) {
      for (const Stay *stay : stays[i]) {
        if (stay->first < *writer[i]) {
          return fail(quoted(tensor.name) + ": is there before it is written");
        }
      }
      if (times > 1 && !tensor.isOutput && !limits.maySpill) {
        return fail(quoted(tensor.name) + ": may not leave the memory");
      }
    }
    const bool isStored = writer[i] && (tensor.isOutput || times > 1);
    sum += tensor.bytes * ((isStored ? 1 : 0) + times - (writer[i] && times > 0 ? 1 : 0));
  }
  return sum;
}

Expected<MemoryPlan> solver::planMemory(const PlanGraph &graph, const PlanLimits &limits) {
  if (Status status = check(graph, limits); !status) {
    return forward(status.error());
  }
  return Planner(graph, limits).run();
}
