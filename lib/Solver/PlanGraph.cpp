#include "PlanGraph.h"

#include "OrderSearch.h"

#include "coopt/Solver/Placement.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

using namespace coopt;
using namespace coopt::solver;

static std::string quoted(const std::string &name) { return "'" + name + "'"; }

Status solver::checkGraph(const PlanGraph &graph, const PlanLimits &limits) {
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
  const std::vector<int64_t> sizes = alignedSizes(graph, limits.alignment);
  for (const PlanOp &op : graph.ops) {
    std::vector<std::string> names;
    std::vector<int64_t> theirs;
    for (size_t tensor : neededBy(op)) {
      names.push_back(graph.tensors[tensor].name);
      theirs.push_back(sizes[tensor]);
    }
    if (!tooManyOf(theirs, limits.bytes).empty()) {
      return fail(tooMuchText(names, theirs, limits.bytes, op.name));
    }
  }
  return {};
}

std::vector<int64_t> solver::alignedSizes(const PlanGraph &graph, int64_t alignment) {
  std::vector<int64_t> sizes;
  for (const PlanTensor &tensor : graph.tensors) {
    sizes.push_back((tensor.bytes + alignment - 1) / alignment * alignment);
  }
  return sizes;
}

std::vector<size_t> solver::neededBy(const PlanOp &op) {
  std::set<size_t> all(op.reads.begin(), op.reads.end());
  all.insert(op.writes.begin(), op.writes.end());
  return {all.begin(), all.end()};
}

int64_t solver::bytesNeeded(const PlanGraph &graph, int64_t alignment) {
  const std::vector<int64_t> sizes = alignedSizes(graph, alignment);
  int64_t most = 0;
  for (const PlanOp &op : graph.ops) {
    int64_t sum = 0;
    for (size_t tensor : neededBy(op)) {
      sum += sizes[tensor];
    }
    most = std::max(most, sum);
  }
  return most;
}

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
