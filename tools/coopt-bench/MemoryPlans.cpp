#include "MemoryPlans.h"

#include "coopt/Solver/PlanGraphs.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

using namespace coopt;
using namespace coopt::bench;
using namespace coopt::solver;

namespace {

constexpr double kProven = 0.95; // of generated graphs

struct Plans {
  int64_t greedy = 0, liveRanges = 0;
  MemoryPlan plan;
  double seconds = 0;
};

class Checker {
public:
  explicit Checker(PlanCheck &check) : check(check) {}

  std::optional<Plans> plansOf(const std::string &name, const PlanGraph &graph, const PlanLimits &limits);
  void networks();
  void generated(const std::string &name, unsigned seed, size_t count,
                 const std::function<PlanGraph(std::mt19937 &, PlanLimits &, size_t)> &make,
                 bool areAllTried);

private:
  PlanCheck &check;

  void expect(bool holds, const std::string &name, const std::string &what) {
    if (!holds) {
      check.broken.push_back(name + ": " + what);
    }
  }
};

std::optional<Plans> Checker::plansOf(const std::string &name, const PlanGraph &graph,
                                      const PlanLimits &limits) {
  Plans plans;
  const auto greedy = greedyPlan(graph, limits), liveRanges = liveRangePlan(graph, limits);
  const auto start = std::chrono::steady_clock::now();
  auto plan = planMemory(graph, limits);
  plans.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto *one : {&greedy, &liveRanges, static_cast<const Expected<MemoryPlan> *>(&plan)}) {
    const auto traffic = *one ? trafficOf(graph, limits, **one) : forward((*one).error());
    if (!traffic) {
      expect(false, name, traffic.error().message);
      return std::nullopt;
    }
    expect(*traffic == (*one)->traffic, name, "a plan moves other bytes than it says");
  }
  plans.greedy = greedy->traffic;
  plans.liveRanges = liveRanges->traffic;
  plans.plan = std::move(*plan);
  expect(plans.plan.bound <= plans.plan.traffic, name, "a plan is below its bound");
  expect(plans.plan.traffic <= std::min(plans.greedy, plans.liveRanges), name, "a simpler plan moves less");
  return plans;
}

void Checker::networks() {
  for (const NamedGraph &network : networkGraphs()) {
    PlanLimits limits;
    limits.alignment = 64;
    limits.bytes = bytesNeeded(network.graph, limits.alignment) / 4 * 5;
    limits.seconds = check.seconds;
    if (auto plans = plansOf(network.name, network.graph, limits)) {
      const MemoryPlan &plan = plans->plan;
      check.networks.push_back({network.name, network.text, network.graph.ops.size(),
                                network.graph.tensors.size(), limits.bytes, plans->greedy, plans->liveRanges,
                                plan.traffic, plan.bound, plan.gap(), plans->seconds});
    }
  }
}

void Checker::generated(const std::string &name, unsigned seed, size_t count,
                        const std::function<PlanGraph(std::mt19937 &, PlanLimits &, size_t)> &make,
                        bool areAllTried) {
  std::mt19937 generator(seed);
  GeneratedPlans result;
  result.name = name;
  result.equalToAll = areAllTried ? 0 : -1;
  for (size_t i = 0; i < count; ++i) {
    PlanLimits limits;
    limits.seconds = check.seconds;
    const PlanGraph graph = make(generator, limits, i);
    const std::string which = name + ", number " + std::to_string(i);
    auto plans = plansOf(which, graph, limits);
    if (!plans) {
      continue;
    }
    const MemoryPlan &plan = plans->plan;
    if (areAllTried) {
      const int64_t least = leastTrafficOfAll(graph, limits);
      expect(plan.bound <= least, which, "a plan moves less than the bound says");
      expect(least <= plan.traffic, which, "a plan moves less than all plans that there are");
      result.equalToAll += plan.traffic == least;
    }
    ++result.graphs;
    result.proven += plan.isOptimal() && plans->seconds <= check.seconds;
    result.longest = std::max(result.longest, plans->seconds);
    result.greedy += std::log(static_cast<double>(plans->greedy) / static_cast<double>(plan.traffic));
    result.liveRanges += std::log(static_cast<double>(plans->liveRanges) / static_cast<double>(plan.traffic));
  }
  const auto graphs = static_cast<double>(result.graphs);
  result.greedy = std::exp(result.greedy / std::max(graphs, 1.0));
  result.liveRanges = std::exp(result.liveRanges / std::max(graphs, 1.0));
  const double least = kProven * graphs;
  expect(static_cast<double>(result.proven) >= least, name,
         std::to_string(result.proven) + " of " + std::to_string(result.graphs) + " proven best in time");
  expect(!areAllTried || static_cast<double>(result.equalToAll) >= least, name,
         std::to_string(result.equalToAll) + " of " + std::to_string(result.graphs) +
             " as good as the best of all plans");
  check.generated.push_back(std::move(result));
}

std::string text(const char *format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string kib(int64_t bytes) { return text("%.0f", static_cast<double>(bytes) / 1024); }

} // namespace

PlanCheck bench::checkMemoryPlans(size_t count, double seconds,
                                  const std::function<void(const std::string &)> &progress) {
  PlanCheck check;
  check.seconds = seconds;
  Checker checker(check);
  progress("networks");
  checker.networks();
  auto inLittleMore = [](size_t ops, int64_t most) {
    return [=](std::mt19937 &generator, PlanLimits &limits) {
      PlanGraph graph = randomGraph(generator, ops);
      limits.bytes = bytesNeeded(graph) + static_cast<int64_t>(generator() % static_cast<uint64_t>(most));
      return graph;
    };
  };
  progress("graphs of up to 8 ops");
  checker.generated(
      "2 to 8 ops, any order", 1, count,
      [&](std::mt19937 &generator, PlanLimits &limits, size_t i) {
        return inLittleMore(2 + i % 7, 80)(generator, limits);
      },
      true);
  checker.generated(
      "2 to 8 ops, in order", 2, count,
      [&](std::mt19937 &generator, PlanLimits &limits, size_t i) {
        limits.isOrderFixed = true;
        return inLittleMore(2 + i % 7, 80)(generator, limits);
      },
      true);
  progress("graphs of 9 to 12 ops");
  checker.generated(
      "9 to 12 ops, any order", 3, count,
      [&](std::mt19937 &generator, PlanLimits &limits, size_t i) {
        return inLittleMore(9 + i % 4, 60)(generator, limits);
      },
      false);
  progress("graphs of 40 ops");
  checker.generated(
      "40 ops, in order", 4, std::max<size_t>(count / 10, 1),
      [&](std::mt19937 &generator, PlanLimits &limits, size_t) {
        limits.isOrderFixed = true;
        return inLittleMore(40, 60)(generator, limits);
      },
      false);
  return check;
}

std::string bench::plansTable(const PlanCheck &check) {
  std::vector<std::vector<std::string>> rows = {
      {"network", "ops", "memory KiB", "greedy", "live ranges", "plan", "bound", "gap", "seconds", ""}};
  for (const NetworkPlans &of : check.networks) {
    rows.push_back({of.name, std::to_string(of.ops), kib(of.memory), kib(of.greedy), kib(of.liveRanges),
                    kib(of.traffic), kib(of.bound), text("%.1f%%", 100 * of.gap), text("%.2f", of.seconds),
                    of.text});
  }
  std::string out = alignColumns(rows, 1) + "\n";
  rows = {{"generated", "graphs", "equal to all plans", "proven best", "greedy / plan", "live ranges / plan",
           "longest s", ""}};
  for (const GeneratedPlans &of : check.generated) {
    rows.push_back({of.name, std::to_string(of.graphs),
                    of.equalToAll < 0 ? "-" : std::to_string(of.equalToAll), std::to_string(of.proven),
                    text("%.2f", of.greedy), text("%.2f", of.liveRanges), text("%.2f", of.longest), ""});
  }
  return out + alignColumns(rows, 1);
}

std::string bench::plansJson(const PlanCheck &check) {
  using Json = nlohmann::ordered_json;
  Json networks = Json::array(), generated = Json::array();
  for (const NetworkPlans &of : check.networks) {
    networks.push_back({{"network", of.name},
                        {"text", of.text},
                        {"ops", of.ops},
                        {"tensors", of.tensors},
                        {"memory_bytes", of.memory},
                        {"greedy_bytes", of.greedy},
                        {"live_range_bytes", of.liveRanges},
                        {"plan_bytes", of.traffic},
                        {"bound_bytes", of.bound},
                        {"gap", of.gap},
                        {"seconds", of.seconds}});
  }
  for (const GeneratedPlans &of : check.generated) {
    generated.push_back({{"graphs", of.name},
                         {"count", of.graphs},
                         {"equal_to_all_plans", of.equalToAll < 0 ? Json() : Json(of.equalToAll)},
                         {"proven_best", of.proven},
                         {"greedy_over_plan", of.greedy},
                         {"live_ranges_over_plan", of.liveRanges},
                         {"longest_seconds", of.longest}});
  }
  return Json({{"format", 1},
               {"seconds_each", check.seconds},
               {"networks", networks},
               {"generated", generated},
               {"broken", check.broken}})
             .dump(1) +
         "\n";
}
