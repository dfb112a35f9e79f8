#include "OrderSearch.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <unordered_map>

using namespace coopt;
using namespace coopt::solver;

namespace {

/// Choices of what stays that are gone through for an op: beyond them a search is no longer complete.
constexpr size_t kMostChoices = size_t(1) << 12;
constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

template <typename Visit>
void forEach(const Set &set, Visit &&visit) {
  for (size_t i = set._Find_first(); i < set.size(); i = set._Find_next(i)) {
    visit(i);
  }
}

} // namespace

size_t OrderSearch::Hash::operator()(const State &state) const {
  const std::hash<Set> hash;
  return hash(state.done) * 1000003 + hash(state.there) * 998244353 + hash(state.behind);
}

OrderSearch::OrderSearch(const PlanGraph &graph, const PlanLimits &limits, std::vector<int64_t> sizes)
    : graph(graph), limits(limits), sizes(std::move(sizes)), needs(graph.ops.size()), reads(graph.ops.size()),
      writes(graph.ops.size()), before(graph.ops.size()), readers(graph.tensors.size()),
      isInput(graph.tensors.size(), true) {
  std::vector<size_t> writer(graph.tensors.size(), kMostNodes);
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    for (size_t tensor : graph.ops[op].writes) {
      writer[tensor] = op;
      isInput[tensor] = false;
      writes[op].set(tensor);
    }
  }
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    for (size_t tensor : graph.ops[op].reads) {
      reads[op].set(tensor);
      readers[tensor].set(op);
      if (writer[tensor] != kMostNodes) {
        before[op].set(writer[tensor]);
      }
    }
    needs[op] = reads[op] | writes[op];
  }
}

int64_t OrderSearch::bytesOf(const Set &tensors) const {
  int64_t sum = 0;
  forEach(tensors, [&](size_t tensor) { sum += sizes[tensor]; });
  return sum;
}

OrderSearch::State OrderSearch::start() const {
  State state;
  for (size_t tensor = 0; tensor < isInput.size(); ++tensor) {
    state.behind[tensor] = isInput[tensor];
  }
  return state;
}

int64_t OrderSearch::rest(const State &state) const {
  int64_t sum = 0;
  for (size_t tensor = 0; tensor < sizes.size(); ++tensor) {
    const bool isNeeded = (readers[tensor] & ~state.done).any();
    if (isNeeded && state.behind[tensor] && !state.there[tensor]) {
      sum += graph.tensors[tensor].bytes;
    }
  }
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    if (!state.done[op]) {
      for (size_t tensor : graph.ops[op].writes) {
        sum += graph.tensors[tensor].isOutput ? graph.tensors[tensor].bytes : 0;
      }
    }
  }
  return sum;
}

/// Sets of `others` that fill the room so far that no other fits: `dropped` is the least that was left out before.
void OrderSearch::keep(const std::vector<size_t> &others, size_t next, int64_t room, Set &kept,
                       int64_t dropped, const std::function<void(const Set &)> &visit, size_t &budget) const {
  if (budget == 0) {
    return;
  }
  if (next == others.size()) {
    if (dropped > room) {
      --budget;
      visit(kept);
    }
    return;
  }
  const int64_t size = sizes[others[next]];
  if (size <= room) {
    kept.set(others[next]);
    keep(others, next + 1, room - size, kept, dropped, visit, budget);
    kept.reset(others[next]);
  }
  keep(others, next + 1, room, kept, std::min(dropped, size), visit, budget);
}

void OrderSearch::expand(const Node &node, size_t number, int64_t bytes, size_t choices,
                         const std::function<void(Node &&)> &visit) const {
  const State &state = node.state;
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    if (state.done[op] || (before[op] & ~state.done).any()) {
      continue;
    }
    const int64_t room = bytes - bytesOf(needs[op]);
    if (room >= 0) {
      std::vector<size_t> others;
      int64_t cost = node.cost;
      forEach(reads[op] & ~state.there, [&](size_t tensor) { cost += graph.tensors[tensor].bytes; });
      forEach(writes[op], [&](size_t tensor) {
        cost += graph.tensors[tensor].isOutput ? graph.tensors[tensor].bytes : 0;
      });
      forEach(state.there & ~needs[op], [&](size_t tensor) { others.push_back(tensor); });
      std::stable_sort(others.begin(), others.end(), [&](size_t a, size_t b) {
        return (readers[a] & ~state.done)._Find_first() < (readers[b] & ~state.done)._Find_first();
      });
      State done = state;
      done.done.set(op);
      Set kept;
      auto follow = [&](const Set &stays) {
        Node next;
        next.state = done;
        next.cost = cost;
        bool isAllowed = true;
        for (size_t tensor : others) {
          if (!stays[tensor] && !state.behind[tensor]) {
            isAllowed &= limits.maySpill;
            next.cost += graph.tensors[tensor].bytes;
            next.state.behind.set(tensor);
          }
        }
        if (!isAllowed) {
          return;
        }
        next.there = stays | needs[op];
        forEach(writes[op],
                [&](size_t tensor) { next.state.behind[tensor] = graph.tensors[tensor].isOutput; });
        forEach(next.there,
                [&](size_t tensor) { next.state.there[tensor] = (readers[tensor] & ~done.done).any(); });
        next.state.there &= next.there;
        // What nobody reads any more is no part of a state.
        forEach(next.state.behind,
                [&](size_t tensor) { next.state.behind[tensor] = (readers[tensor] & ~done.done).any(); });
        next.parent = number;
        next.op = op;
        visit(std::move(next));
      };
      size_t budget = choices;
      keep(others, 0, room, kept, kNone, follow, budget);
      wasCut |= budget == 0;
    }
    if (limits.isOrderFixed) {
      return; // the first that has not run
    }
  }
}

Way OrderSearch::wayTo(const std::vector<Node> &nodes, size_t last) const {
  Way way;
  for (size_t at = last; at != 0; at = nodes[at].parent) {
    way.push_back({nodes[at].op, nodes[at].there});
  }
  std::reverse(way.begin(), way.end());
  return way;
}

std::optional<Way> OrderSearch::beam(size_t width, int64_t bytes, Clock::time_point until) const {
  std::vector<Node> nodes(1);
  nodes[0].state = start();
  std::vector<size_t> front = {0};
  for (size_t step = 0; step < graph.ops.size(); ++step) {
    std::vector<std::pair<std::pair<int64_t, int64_t>, Node>> next;
    std::unordered_map<State, size_t, Hash> places;
    for (size_t number : front) {
      if (Clock::now() > until) {
        return std::nullopt;
      }
      const Node from = nodes[number];
      expand(from, number, bytes, width, [&](Node &&node) {
        const std::pair key(node.cost + rest(node.state), bytesOf(node.state.there));
        auto [place, isNew] = places.try_emplace(node.state, next.size());
        if (isNew) {
          next.push_back({key, std::move(node)});
        } else if (key < next[place->second].first) {
          next[place->second] = {key, std::move(node)};
        }
      });
    }
    if (next.empty()) {
      return std::nullopt;
    }
    std::stable_sort(next.begin(), next.end(),
                     [](const auto &a, const auto &b) { return a.first < b.first; });
    front.clear();
    for (size_t i = 0; i < std::min(width, next.size()); ++i) {
      front.push_back(nodes.size());
      nodes.push_back(std::move(next[i].second));
    }
  }
  return wayTo(nodes, front.front());
}

OrderSearch::Result OrderSearch::search(int64_t below, size_t alternatives, Clock::time_point until,
                                        const std::function<bool(const Way &, int64_t)> &take) const {
  struct Open {
    int64_t least;  ///< of what it may come to
    size_t missing; ///< ops: of equal ones what is nearly done goes first
    size_t number;
    bool operator<(const Open &other) const {
      return std::tie(other.least, other.missing, other.number) < std::tie(least, missing, number);
    }
  };
  constexpr size_t kMostKept = size_t(3) << 19; // nodes, some 300 bytes each
  wasCut = false;
  std::vector<Node> nodes(1);
  nodes[0].state = start();
  const int64_t compulsory = rest(nodes[0].state);
  auto result = [&](int64_t bound, bool isClosed) {
    return wasCut ? Result{compulsory, false} : Result{bound, isClosed};
  };
  std::priority_queue<Open> open;
  std::unordered_map<State, size_t, Hash> visits;
  open.push({rest(nodes[0].state), graph.ops.size(), 0});
  while (!open.empty()) {
    const Open best = open.top();
    if (nodes.size() > kMostKept || Clock::now() > until) {
      return result(std::min(best.least, below), false);
    }
    open.pop();
    const Node node = nodes[best.number];
    if (best.missing == 0) {
      if (take(wayTo(nodes, best.number), node.cost)) {
        return result(node.cost, true);
      }
      continue;
    }
    if (++visits[node.state] > alternatives) {
      continue;
    }
    expand(node, best.number, limits.bytes / limits.alignment * limits.alignment, kMostChoices,
           [&](Node &&next) {
             const int64_t least = next.cost + rest(next.state);
             if (least < below) {
               open.push({least, best.missing - 1, nodes.size()});
               nodes.push_back(std::move(next));
             }
           });
  }
  return result(below, true);
}

std::optional<bool> OrderSearch::exists(int64_t bytes, Clock::time_point until) const {
  wasCut = false;
  std::vector<Node> stack(1);
  stack[0].state = start();
  std::unordered_map<State, bool, Hash> seen;
  while (!stack.empty()) {
    if (Clock::now() > until || seen.size() > (size_t(1) << 20)) {
      return std::nullopt;
    }
    const Node node = std::move(stack.back());
    stack.pop_back();
    if (node.state.done.count() == graph.ops.size()) {
      return true;
    }
    if (!seen.try_emplace(node.state, true).second) {
      continue;
    }
    expand(node, 0, bytes, kMostChoices, [&](Node &&next) { stack.push_back(std::move(next)); });
  }
  return wasCut ? std::optional<bool>() : false;
}

int64_t OrderSearch::trafficOf(const Way &way) const {
  int64_t sum = 0;
  State state = start();
  for (size_t i = 0; i < way.size(); ++i) {
    const Set came = way[i].there & ~state.there;
    forEach(came, [&](size_t tensor) {
      const bool isWritten = writes[way[i].op][tensor];
      sum += !isWritten || graph.tensors[tensor].isOutput ? graph.tensors[tensor].bytes : 0;
      state.behind[tensor] = isWritten ? graph.tensors[tensor].isOutput : state.behind[tensor];
    });
    forEach(state.there & ~way[i].there, [&](size_t tensor) {
      const bool isNeeded = std::any_of(way.begin() + static_cast<int64_t>(i), way.end(),
                                        [&](const WayStep &step) { return reads[step.op][tensor]; });
      sum += isNeeded && !state.behind[tensor] ? graph.tensors[tensor].bytes : 0;
      state.behind[tensor] = state.behind[tensor] || isNeeded;
    });
    state.there = way[i].there;
  }
  return sum;
}
