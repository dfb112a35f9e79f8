//===- TilingFeasibilityTest.cpp - Tilings against all of them ----------------===//
//
// Small problems are solved by trying every tiling, with the definitions of the header written as loops.
//
//===----------------------------------------------------------------------===//
#include "coopt/Solver/TilingFeasibility.h"

#include <functional>
#include <gtest/gtest.h>
#include <random>

namespace coopt::solver {
namespace {

using Tiles = std::vector<std::vector<int64_t>>;
using Kind = TileRule::Kind;

bool holds(const TilingProblem &problem, const Tiles &tiles) {
  for (const TileRule &rule : problem.rules) {
    const int64_t tile = tiles[rule.level][rule.dimension],
                  extent = problem.dimensions[rule.dimension].extent;
    const int64_t outer = rule.level == 0 ? extent : tiles[rule.level - 1][rule.dimension];
    const bool isKept = rule.kind == Kind::MultipleOf          ? tile % rule.value == 0
                        : rule.kind == Kind::WholeOrMultipleOf ? tile % rule.value == 0 || tile == extent
                        : rule.kind == Kind::Divides           ? outer % tile == 0
                        : rule.kind == Kind::AtLeast           ? tile >= rule.value
                                                               : tile <= rule.value;
    if (!isKept) {
      return false;
    }
  }
  for (const TileMemory &memory : problem.memories) {
    int64_t sum = 0;
    for (const TileOperand &operand : memory.operands) {
      int64_t bits = operand.elementBits, bytes = 0;
      for (size_t d : operand.dimensions) {
        bits *= tiles[memory.level][d];
      }
      while (bytes * 8 < bits || bytes % operand.alignment != 0) {
        ++bytes;
      }
      sum += bytes * operand.buffers;
    }
    if (sum > memory.bytes) {
      return false;
    }
  }
  if (problem.work) {
    int64_t items = 1;
    for (size_t d = 0; d < problem.dimensions.size(); ++d) {
      int64_t count = 0;
      for (int64_t at = 0; at < problem.dimensions[d].extent; at += tiles[0][d]) {
        ++count;
      }
      items *= count;
    }
    return items <= problem.work->items;
  }
  return true;
}

/// The first by the order, or none.
std::optional<Tiles> bestOfAll(const TilingProblem &problem) {
  Tiles tiles(problem.levels.size(), std::vector<int64_t>(problem.dimensions.size()));
  std::optional<Tiles> best;
  auto key = [&](const Tiles &of) {
    std::vector<int64_t> numbers;
    for (const TilePlace &place : problem.order) {
      numbers.push_back(of[place.level][place.dimension]);
    }
    for (const auto &level : of) {
      numbers.insert(numbers.end(), level.begin(), level.end());
    }
    return numbers;
  };
  std::function<void(size_t)> fill = [&](size_t at) {
    if (at == problem.levels.size() * problem.dimensions.size()) {
      if (holds(problem, tiles) && (!best || key(tiles) > key(*best))) {
        best = tiles;
      }
      return;
    }
    const size_t level = at / problem.dimensions.size(), d = at % problem.dimensions.size();
    const int64_t most = level == 0 ? problem.dimensions[d].extent : tiles[level - 1][d];
    for (tiles[level][d] = 1; tiles[level][d] <= most; ++tiles[level][d]) {
      fill(at + 1);
    }
  };
  fill(0);
  return best;
}

TilingProblem randomProblem(std::mt19937 &random) {
  auto uniform = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
  };
  TilingProblem problem;
  const size_t dimensions = static_cast<size_t>(uniform(1, 3)), levels = static_cast<size_t>(uniform(1, 2));
  for (size_t d = 0; d < dimensions; ++d) {
    problem.dimensions.push_back({"d" + std::to_string(d), uniform(1, 7)});
  }
  for (size_t level = 0; level < levels; ++level) {
    problem.levels.push_back("l" + std::to_string(level));
  }
  auto anyLevel = [&] { return static_cast<size_t>(uniform(0, static_cast<int64_t>(levels) - 1)); };
  auto anyDimension = [&] { return static_cast<size_t>(uniform(0, static_cast<int64_t>(dimensions) - 1)); };
  for (int64_t i = uniform(0, 5); i > 0; --i) {
    problem.rules.push_back(
        {static_cast<Kind>(uniform(0, 4)), anyLevel(), anyDimension(), uniform(1, 4), ""});
  }
  for (int64_t i = uniform(0, 2); i > 0; --i) {
    TileMemory memory{"m" + std::to_string(i), anyLevel(), uniform(0, 60), {}};
    for (int64_t j = uniform(1, 2); j > 0; --j) {
      const size_t first = anyDimension(), second = anyDimension();
      memory.operands.push_back({"o", {first, second}, uniform(1, 16), uniform(1, 2), uniform(1, 8)});
    }
    problem.memories.push_back(memory);
  }
  if (uniform(0, 2) == 0) {
    problem.work = WorkLimit{uniform(1, 12), ""};
  }
  for (int64_t i = uniform(0, 2); i > 0; --i) {
    problem.order.push_back({anyLevel(), anyDimension()});
  }
  return problem;
}

/// The conflicts but one (or all), as a problem of its own.
TilingProblem onlyConflicts(const TilingProblem &problem, const std::vector<Conflict> &conflicts,
                            size_t left) {
  TilingProblem part = problem;
  part.rules.clear();
  part.memories.clear();
  part.work.reset();
  for (size_t i = 0; i < conflicts.size(); ++i) {
    if (i == left) {
      continue;
    }
    switch (conflicts[i].kind) {
    case Conflict::Kind::Rule:
      part.rules.push_back(problem.rules[conflicts[i].index]);
      break;
    case Conflict::Kind::Memory:
      part.memories.push_back(problem.memories[conflicts[i].index]);
      break;
    case Conflict::Kind::Work:
      part.work = problem.work;
      break;
    }
  }
  return part;
}

TEST(TilingFeasibility, EqualsAllTilings) {
  std::mt19937 random(5);
  int feasible = 0, infeasible = 0;
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const TilingProblem problem = randomProblem(random);
    const std::optional<Tiles> best = bestOfAll(problem);
    const Expected<TilingAnswer> answer = findTiling(problem);
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->kind, best ? TilingAnswer::Kind::Feasible : TilingAnswer::Kind::Infeasible);
    if (best) {
      ++feasible;
      EXPECT_TRUE(answer->isLargest);
      EXPECT_EQ(answer->tiles, *best);
      continue;
    }
    // The conflicts exclude each other, and without any of them there is a tiling.
    ++infeasible;
    EXPECT_TRUE(answer->isMinimal);
    ASSERT_FALSE(answer->conflicts.empty());
    EXPECT_FALSE(bestOfAll(onlyConflicts(problem, answer->conflicts, answer->conflicts.size())));
    for (size_t left = 0; left < answer->conflicts.size(); ++left) {
      EXPECT_TRUE(bestOfAll(onlyConflicts(problem, answer->conflicts, left)));
    }
  }
  EXPECT_GT(feasible, 50);
  EXPECT_GT(infeasible, 50);
}

/// Rows, columns and k of a layer for a scratchpad.
TilingProblem layer() {
  TilingProblem problem;
  problem.dimensions = {{"rows", 512}, {"columns", 5632}, {"k", 2048}};
  problem.levels = {"core", "array"};
  problem.rules = {{Kind::WholeOrMultipleOf, 0, 1, 16, "the panel of the weights"},
                   {Kind::Divides, 0, 2, 1, "groups are not split"},
                   {Kind::AtMost, 1, 0, 32, "rows of the array"},
                   {Kind::MultipleOf, 1, 2, 32, "columns of the array"},
                   {Kind::Divides, 1, 1, 1, ""}};
  problem.memories = {
      {"the scratchpad",
       0,
       524288,
       {{"activations", {0, 2}, 8, 2, 64}, {"weights", {1, 2}, 4, 2, 64}, {"sums", {0, 1}, 32, 1, 4096}}}};
  problem.order = {{0, 2}, {0, 0}, {0, 1}};
  problem.seconds = 60;
  return problem;
}

TEST(TilingFeasibility, LayerInAScratchpad) {
  TilingProblem problem = layer();
  const Expected<TilingAnswer> answer = findTiling(problem);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->kind, TilingAnswer::Kind::Feasible);
  EXPECT_TRUE(answer->isLargest);
  EXPECT_TRUE(holds(problem, answer->tiles));
  // All of k; then as many rows as 16 columns leave: 4096 rows + 32768 + ceil(64 rows / 4096) 4096 <= 524288.
  EXPECT_EQ(answer->tiles[0], (std::vector<int64_t>{118, 16, 2048}));
}

TEST(TilingFeasibility, SaysWhyThereIsNone) {
  TilingProblem problem = layer();
  problem.rules.push_back({Kind::AtLeast, 0, 2, 2048, "one group is the row"});
  problem.rules.push_back({Kind::AtLeast, 0, 0, 128, "rows that share weights"});
  const Expected<TilingAnswer> answer = findTiling(problem);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->kind, TilingAnswer::Kind::Infeasible);
  EXPECT_TRUE(answer->isMinimal);
  // One column would need 128 x 2048 x 2 bytes + 2048 bytes + 4096.
  EXPECT_EQ(answer->reason(), "the tile of k at core is at least 2048 (one group is the row), the tile of "
                              "rows at core is at least 128 (rows "
                              "that share weights), and activations (128 rows x 2048 k x 8 bits, 2 buffers, "
                              "in units of 64 bytes) + weights (1 "
                              "columns x 2048 k x 4 bits, 2 buffers, in units of 64 bytes) + sums (128 rows "
                              "x 1 columns x 32 bits, in units of "
                              "4096 bytes) need at least 530432 bytes, the scratchpad has 524288");
  problem = layer();
  problem.work = WorkLimit{40, "cores"};
  problem.rules.push_back({Kind::AtMost, 0, 1, 64, "banks"});
  const Expected<TilingAnswer> work = findTiling(problem);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->reason(),
            "the tile of columns at core is at most 64 (banks), and there are at most 40 work items "
            "(cores), and at least 88");
}

TEST(TilingFeasibility, Errors) {
  auto messageOf = [](const TilingProblem &problem) {
    const Expected<TilingAnswer> answer = findTiling(problem);
    return answer ? std::string() : answer.error().message;
  };
  EXPECT_EQ(messageOf({}), "tiling: expected dimensions and levels");
  TilingProblem problem = layer();
  problem.dimensions[0].extent = 0;
  EXPECT_EQ(messageOf(problem), "tiling: dimension rows: expected an extent of 1 to 2^31, got 0");
  problem = layer();
  problem.rules[0].value = 0;
  EXPECT_EQ(messageOf(problem), "tiling: a rule for columns: expected a number of 1 to 2^31, got 0");
  problem = layer();
  problem.rules[0].dimension = 3;
  EXPECT_EQ(messageOf(problem), "tiling: a rule is for a tile that does not exist");
  problem = layer();
  problem.memories[0].operands[1].dimensions = {7};
  EXPECT_EQ(messageOf(problem),
            "tiling: the scratchpad: operand weights: expected dimensions that exist, positive numbers, and "
            "fewer than 2^62 bytes");
  problem = layer();
  problem.order.push_back({2, 0});
  EXPECT_EQ(messageOf(problem), "tiling: the order names a tile that does not exist");
  problem = layer();
  problem.seconds = 0;
  ASSERT_TRUE(findTiling(problem));
  EXPECT_EQ(findTiling(problem)->kind, TilingAnswer::Kind::Unknown);
}

} // namespace
} // namespace coopt::solver
