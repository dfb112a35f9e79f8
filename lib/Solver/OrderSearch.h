//===- OrderSearch.h - Orders of ops, and what stays between them ---------===//
//
// A search over states: which ops have run, which tensors are there, which results the memory behind has. A step runs an op; of what it does not
// need as much stays as there is room for (keeping more is never dearer while only the sum of bytes counts), and each such choice is an edge.
// Edges cost the bytes that they move. What must still come in, whatever follows, is a lower bound of the rest:
//
//   h = sum of bytes of tensors that are needed, not there, and behind + those of outputs that no op has written yet
//
// It never falls by more than an edge costs, so the first end that A* reaches is the least traffic of all plans, and the least f that waits is a bound
// at any time. Offsets are not looked at: the bound holds for plans with offsets, too.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_SOLVER_ORDERSEARCH_H
#define COOPT_LIB_SOLVER_ORDERSEARCH_H

#include "coopt/Solver/MemoryPlan.h"

#include <bitset>
#include <chrono>
#include <functional>
#include <optional>

namespace coopt::solver {

/// More ops or tensors than that are refused.
constexpr size_t kMostNodes = 512;
using Set = std::bitset<kMostNodes>;
using Clock = std::chrono::steady_clock;

/// A step of a way: the op, and all that is there with it.
struct WayStep {
  size_t op = 0;
  Set there;
};
using Way = std::vector<WayStep>;

class OrderSearch {
public:
  /// `sizes` of the tensors, aligned.
  OrderSearch(const PlanGraph &graph, const PlanLimits &limits, std::vector<int64_t> sizes);

  /// A few of the best states go on at each step: a way; none, or no more time. `bytes`: of the memory.
  std::optional<Way> beam(size_t width, int64_t bytes, Clock::time_point until) const;

  /// What the search has found out.
  struct Result {
    int64_t bound = 0;     ///< no way is cheaper
    bool isClosed = false; ///< all ways of less than `below` were tried
  };
  /// Ways of less traffic than `below`, ascending, until `take` says that one is taken, all were tried, or time is over. A state is gone through at most
  /// `alternatives` times, by different ways.
  Result search(int64_t below, size_t alternatives, Clock::time_point until,
                const std::function<bool(const Way &, int64_t traffic)> &take) const;

  int64_t trafficOf(const Way &way) const;
  /// Whether there is a way at all with so many bytes; none if time is over first.
  std::optional<bool> exists(int64_t bytes, Clock::time_point until) const;

private:
  struct State {
    Set done, there, behind;
    bool operator==(const State &other) const {
      return done == other.done && there == other.there && behind == other.behind;
    }
  };
  struct Hash {
    size_t operator()(const State &state) const;
  };
  struct Node {
    State state;
    int64_t cost = 0;
    size_t parent = 0;
    size_t op = 0;
    Set there; ///< with the op
  };

  const PlanGraph &graph;
  const PlanLimits &limits;
  const std::vector<int64_t> sizes;
  std::vector<Set> needs, reads, writes, before; ///< by op; `before`: ops that it reads from
  std::vector<Set> readers;                      ///< by tensor
  std::vector<bool> isInput;
  mutable bool wasCut = false; ///< choices of an op were left out since the last search began

  int64_t bytesOf(const Set &tensors) const;
  State start() const;
  int64_t rest(const State &state) const;
  /// Calls `visit` with each node that may follow.
  /// Of each op at most `choices` of what stays, those that keep what is used soonest first.
  void expand(const Node &node, size_t number, int64_t bytes, size_t choices,
              const std::function<void(Node &&)> &visit) const;
  void keep(const std::vector<size_t> &others, size_t next, int64_t room, Set &kept, int64_t dropped,
            const std::function<void(const Set &)> &visit, size_t &budget) const;
  Way wayTo(const std::vector<Node> &nodes, size_t last) const;
};

} // namespace coopt::solver

#endif // COOPT_LIB_SOLVER_ORDERSEARCH_H
