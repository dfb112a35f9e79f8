#include "coopt/Solver/TilingFeasibility.h"

#include <algorithm>
#include <chrono>
#include <z3++.h>

using namespace coopt;
using namespace coopt::solver;

using Kind = TileRule::Kind;

namespace {

constexpr int64_t kMost = int64_t(1) << 62;

std::string text(int64_t number) { return std::to_string(number); }
std::string because(const std::string &reason) { return reason.empty() ? "" : " (" + reason + ")"; }

/// a * b, or nothing if it is too large.
std::optional<int64_t> product(int64_t a, int64_t b) {
  int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) || result >= kMost ? std::nullopt : std::optional(result);
}

int64_t roundedUp(int64_t number, int64_t to) { return (number + to - 1) / to * to; }

/// All buffers of an operand, for tiles of one level.
std::optional<int64_t> bytesOf(const TileOperand &operand, const std::vector<int64_t> &tiles) {
  std::optional<int64_t> bits = operand.elementBits;
  for (size_t d : operand.dimensions) {
    bits = bits ? product(*bits, tiles[d]) : bits;
  }
  if (!bits) {
    return std::nullopt;
  }
  const int64_t bytes = roundedUp(*bits, 8) / 8;
  return bytes + operand.alignment >= kMost ? std::nullopt
                                            : product(roundedUp(bytes, operand.alignment), operand.buffers);
}

Status check(const TilingProblem &problem) {
  if (problem.dimensions.empty() || problem.levels.empty()) {
    return fail("tiling: expected dimensions and levels");
  }
  std::vector<int64_t> extents;
  int64_t items = 1;
  for (const TileDimension &of : problem.dimensions) {
    if (of.extent < 1 || of.extent > (int64_t(1) << 31)) {
      return fail("tiling: dimension " + of.name + ": expected an extent of 1 to 2^31, got " +
                  text(of.extent));
    }
    const std::optional<int64_t> all = product(items, of.extent);
    if (!all) {
      return fail("tiling: expected fewer than 2^62 elements of all dimensions");
    }
    items = *all;
    extents.push_back(of.extent);
  }
  auto exists = [&](size_t level, size_t dimension) {
    return level < problem.levels.size() && dimension < problem.dimensions.size();
  };
  for (const TileRule &rule : problem.rules) {
    if (!exists(rule.level, rule.dimension)) {
      return fail("tiling: a rule is for a tile that does not exist");
    }
    if (rule.kind != Kind::Divides && (rule.value < 1 || rule.value > (int64_t(1) << 31))) {
      return fail("tiling: a rule for " + problem.dimensions[rule.dimension].name +
                  ": expected a number of 1 to 2^31, got " + text(rule.value));
    }
  }
  for (const TileMemory &memory : problem.memories) {
    int64_t all = 0;
    for (const TileOperand &operand : memory.operands) {
      const bool isPlain = operand.elementBits >= 1 && operand.buffers >= 1 && operand.alignment >= 1 &&
                           std::all_of(operand.dimensions.begin(), operand.dimensions.end(),
                                       [&](size_t d) { return exists(memory.level, d); });
      const std::optional<int64_t> bytes =
          isPlain && memory.level < problem.levels.size() ? bytesOf(operand, extents) : std::nullopt;
      if (!bytes || all + *bytes >= kMost) {
        return fail("tiling: " + memory.name + ": operand " + operand.name +
                    ": expected dimensions that exist, positive numbers, and fewer than 2^62 bytes");
      }
      all += *bytes;
    }
  }
  for (const TilePlace &place : problem.order) {
    if (!exists(place.level, place.dimension)) {
      return fail("tiling: the order names a tile that does not exist");
    }
  }
  return {};
}

unsigned bitsFor(int64_t number) {
  unsigned bits = 1;
  while (number >> bits) {
    ++bits;
  }
  return bits;
}

class Search {
public:
  explicit Search(const TilingProblem &problem)
      : problem(problem), solver(context, "QF_FD"),
        end(std::chrono::steady_clock::now() +
            std::chrono::milliseconds(static_cast<int64_t>(std::clamp(problem.seconds, 0.0, 1e6) * 1000))) {
    for (size_t level = 0; level < problem.levels.size(); ++level) {
      tiles.emplace_back();
      for (size_t d = 0; d < problem.dimensions.size(); ++d) {
        const int64_t extent = problem.dimensions[d].extent;
        const std::string name = "t" + std::to_string(level) + "_" + std::to_string(d);
        z3::expr tile = context.bv_const(name.c_str(), bitsFor(extent));
        solver.add(z3::uge(tile, number(1, tile)) && z3::ule(tile, number(extent, tile)));
        if (level > 0) {
          solver.add(z3::ule(tile, tiles[level - 1][d]));
        }
        tiles.back().push_back(tile);
      }
    }
    for (size_t i = 0; i < problem.rules.size(); ++i) {
      add(Conflict::Kind::Rule, i, ruleHolds(problem.rules[i]));
    }
    for (size_t i = 0; i < problem.memories.size(); ++i) {
      needed.push_back(bytesNeeded(problem.memories[i]));
      add(Conflict::Kind::Memory, i, isAtMost(needed.back(), problem.memories[i].bytes));
    }
    if (problem.work) {
      items.emplace(workItems());
      add(Conflict::Kind::Work, 0, hasAtMostItems(problem.work->items));
    }
  }

  TilingAnswer run() {
    TilingAnswer answer;
    const z3::check_result result = decide(all());
    if (result == z3::unknown) {
      return answer;
    }
    if (result == z3::unsat) {
      answer.kind = TilingAnswer::Kind::Infeasible;
      explain(answer);
      return answer;
    }
    answer.kind = TilingAnswer::Kind::Feasible;
    answer.isLargest = enlarge(answer.tiles);
    return answer;
  }

private:
  struct Constraint {
    Conflict::Kind kind;
    size_t index;
    z3::expr isAsked;
  };

  const TilingProblem &problem;
  z3::context context;
  z3::solver solver;
  std::chrono::steady_clock::time_point end;
  std::vector<std::vector<z3::expr>> tiles;
  std::vector<Constraint> constraints;
  std::vector<z3::expr> needed; ///< bytes, of memories
  std::optional<z3::expr> items;

  z3::expr number(int64_t value, const z3::expr &like) {
    return context.bv_val(static_cast<uint64_t>(value), like.get_sort().bv_size());
  }
  z3::expr wide(const z3::expr &of, unsigned bits) {
    const unsigned width = of.get_sort().bv_size();
    return width < bits ? z3::zext(of, bits - width) : of;
  }
  z3::expr isAtMost(const z3::expr &of, int64_t limit) {
    const unsigned width = of.get_sort().bv_size();
    if (limit < 0) {
      return context.bool_val(false);
    }
    return bitsFor(limit) > width ? context.bool_val(true) : z3::ule(of, number(limit, of));
  }

  void add(Conflict::Kind kind, size_t index, const z3::expr &holds) {
    const z3::expr asked = context.bool_const(("c" + std::to_string(constraints.size())).c_str());
    solver.add(z3::implies(asked, holds));
    constraints.push_back({kind, index, asked});
  }

  z3::expr ruleHolds(const TileRule &rule) {
    const z3::expr &tile = tiles[rule.level][rule.dimension];
    const int64_t extent = problem.dimensions[rule.dimension].extent;
    switch (rule.kind) {
    case Kind::MultipleOf:
    case Kind::WholeOrMultipleOf: {
      const z3::expr isWhole =
          rule.kind == Kind::WholeOrMultipleOf ? tile == number(extent, tile) : context.bool_val(false);
      return rule.value > extent ? isWhole
                                 : isWhole || z3::urem(tile, number(rule.value, tile)) == number(0, tile);
    }
    case Kind::Divides: {
      const z3::expr outer = rule.level == 0 ? number(extent, tile) : tiles[rule.level - 1][rule.dimension];
      return z3::urem(outer, tile) == number(0, tile);
    }
    case Kind::AtLeast:
      return rule.value > extent ? context.bool_val(false) : z3::uge(tile, number(rule.value, tile));
    case Kind::AtMost:
      return isAtMost(tile, rule.value);
    }
    return context.bool_val(false);
  }

  z3::expr roundedUpTo(const z3::expr &of, int64_t to) {
    const z3::expr unit = number(to, of);
    return to == 1 ? of : z3::udiv(of + number(to - 1, of), unit) * unit;
  }

  z3::expr bytesNeeded(const TileMemory &memory) {
    // Wide enough for all sums and what is added to round up.
    int64_t most = 8;
    std::vector<int64_t> extents;
    for (const TileDimension &of : problem.dimensions) {
      extents.push_back(of.extent);
    }
    for (const TileOperand &operand : memory.operands) {
      most += *bytesOf(operand, extents) + operand.alignment;
    }
    const unsigned width = std::min(bitsFor(most) + 4, 64u); // times 8 bits
    z3::expr sum = context.bv_val(0, width);
    for (const TileOperand &operand : memory.operands) {
      z3::expr bits = number(operand.elementBits, sum);
      for (size_t d : operand.dimensions) {
        bits = bits * wide(tiles[memory.level][d], width);
      }
      const z3::expr bytes = roundedUpTo(z3::udiv(bits + number(7, sum), number(8, sum)), operand.alignment);
      sum = sum + bytes * number(operand.buffers, sum);
    }
    return sum;
  }

  z3::expr workItems() {
    int64_t most = 1;
    for (const TileDimension &of : problem.dimensions) {
      most *= of.extent;
    }
    const unsigned width = bitsFor(most) + 1;
    z3::expr all = context.bv_val(1, width);
    for (size_t d = 0; d < problem.dimensions.size(); ++d) {
      const int64_t extent = problem.dimensions[d].extent;
      const z3::expr &tile = tiles[0][d];
      // (extent - 1) / tile + 1
      const z3::expr count = z3::udiv(number(extent - 1, tile), tile);
      all = all * (wide(count, width) + number(1, all));
    }
    return all;
  }

  /// So many work items of all dimensions are as many of each, which needs no quotient to be seen.
  z3::expr hasAtMostItems(int64_t limit) {
    z3::expr holds = isAtMost(*items, limit);
    for (size_t d = 0; limit > 0 && d < problem.dimensions.size(); ++d) {
      const int64_t extent = problem.dimensions[d].extent;
      holds = holds && z3::uge(tiles[0][d], number((extent + limit - 1) / limit, tiles[0][d]));
    }
    return holds;
  }

  double secondsLeft() const {
    return std::chrono::duration<double>(end - std::chrono::steady_clock::now()).count();
  }

  std::vector<z3::expr> all() const {
    std::vector<z3::expr> asked;
    for (const Constraint &constraint : constraints) {
      asked.push_back(constraint.isAsked);
    }
    return asked;
  }

  z3::check_result decide(const std::vector<z3::expr> &asked) {
    const double left = secondsLeft();
    if (left <= 0) {
      return z3::unknown;
    }
    z3::params parameters(context);
    parameters.set("timeout", static_cast<unsigned>(std::clamp(left * 1000, 1.0, 1e9)));
    solver.set(parameters);
    z3::expr_vector assumptions(context);
    for (const z3::expr &of : asked) {
      assumptions.push_back(of);
    }
    return solver.check(assumptions);
  }

  int64_t value(const z3::model &model, const z3::expr &of) {
    return static_cast<int64_t>(model.eval(of, true).get_numeral_uint64());
  }

  /// The largest `of` that goes with what is asked, from a value for which it does; or the smallest. False: it may not be.
  bool pushed(const z3::expr &of, const std::vector<z3::expr> &asked, int64_t limit, int64_t &best, bool up) {
    while (best != limit) {
      const int64_t middle = up ? best + (limit - best + 1) / 2 : best - (best - limit + 1) / 2;
      std::vector<z3::expr> more = asked;
      const z3::expr isBeyond = context.bool_const(("b" + std::to_string(bounds++)).c_str());
      const bool isItems = items && z3::eq(of, *items);
      solver.add(z3::implies(isBeyond, up        ? z3::uge(of, number(middle, of))
                                       : isItems ? hasAtMostItems(middle)
                                                 : z3::ule(of, number(middle, of))));
      more.push_back(isBeyond);
      const z3::check_result result = decide(more);
      if (result == z3::unknown) {
        return false;
      }
      if (result == z3::sat) {
        found.emplace(solver.get_model());
        best = value(*found, of);
      } else {
        limit = up ? middle - 1 : middle + 1;
      }
    }
    return true;
  }
  int64_t bounds = 0;
  std::optional<z3::model> found;

  bool enlarge(std::vector<std::vector<int64_t>> &result) {
    found.emplace(solver.get_model());
    std::vector<TilePlace> order = problem.order;
    for (size_t level = 0; level < problem.levels.size(); ++level) {
      for (size_t d = 0; d < problem.dimensions.size(); ++d) {
        order.push_back({level, d});
      }
    }
    bool isLargest = true;
    std::vector<z3::expr> asked = all();
    for (const TilePlace &place : order) {
      const z3::expr &tile = tiles[place.level][place.dimension];
      int64_t best = value(*found, tile);
      isLargest = isLargest && pushed(tile, asked, problem.dimensions[place.dimension].extent, best, true);
      solver.add(tile == number(best, tile));
    }
    for (const std::vector<z3::expr> &level : tiles) {
      result.emplace_back();
      for (const z3::expr &tile : level) {
        result.back().push_back(value(*found, tile));
      }
    }
    return isLargest;
  }

  /// What is left of the constraints when those go without which there is no tiling, either.
  void explain(TilingAnswer &answer) {
    std::vector<size_t> core;
    const z3::expr_vector first = solver.unsat_core();
    for (size_t i = 0; i < constraints.size(); ++i) {
      for (const z3::expr &of : first) {
        if (z3::eq(of, constraints[i].isAsked)) {
          core.push_back(i);
        }
      }
    }
    answer.isMinimal = true;
    auto without = [&](size_t left) {
      std::vector<z3::expr> asked;
      for (size_t i : core) {
        if (i != left) {
          asked.push_back(constraints[i].isAsked);
        }
      }
      return asked;
    };
    for (size_t at = 0; at < core.size();) {
      const z3::check_result result = decide(without(core[at]));
      answer.isMinimal = answer.isMinimal && result != z3::unknown;
      if (result == z3::unsat) {
        core.erase(core.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        ++at;
      }
    }
    for (size_t i : core) {
      const Constraint &of = constraints[i];
      answer.conflicts.push_back({of.kind, of.index, describe(of, without(i))});
    }
  }

  std::string describe(const Constraint &constraint, const std::vector<z3::expr> &others) {
    if (constraint.kind == Conflict::Kind::Rule) {
      return describe(problem.rules[constraint.index]);
    }
    const bool isWork = constraint.kind == Conflict::Kind::Work;
    const z3::expr &amount = isWork ? *items : needed[constraint.index];
    // As little as the others leave it.
    int64_t least = 0;
    bool isLeast = false;
    if (decide(others) == z3::sat) {
      found.emplace(solver.get_model());
      least = value(*found, amount);
      isLeast = pushed(amount, others, 0, least, false);
    }
    if (isWork) {
      return "there are at most " + text(problem.work->items) + " work items" +
             because(problem.work->reason) + (isLeast ? ", and at least " + text(least) : "");
    }
    const TileMemory &memory = problem.memories[constraint.index];
    std::string sum;
    for (const TileOperand &operand : memory.operands) {
      sum += (sum.empty() ? "" : " + ") + operand.name + " (";
      for (size_t d : operand.dimensions) {
        const std::string &name = problem.dimensions[d].name;
        sum += (isLeast ? text(value(*found, tiles[memory.level][d])) + " " : "") + name + " x ";
      }
      sum += text(operand.elementBits) + " bits";
      sum += operand.buffers > 1 ? ", " + text(operand.buffers) + " buffers" : "";
      sum += operand.alignment > 1 ? ", in units of " + text(operand.alignment) + " bytes)" : ")";
    }
    return sum + (isLeast ? " need at least " + text(least) + " bytes, " : " do not fit, ") + memory.name +
           " has " + text(memory.bytes);
  }

  std::string describe(const TileRule &rule) {
    const TileDimension &dimension = problem.dimensions[rule.dimension];
    std::string sentence = "the tile of " + dimension.name + " at " + problem.levels[rule.level];
    switch (rule.kind) {
    case Kind::MultipleOf:
      sentence += " is a multiple of " + text(rule.value);
      break;
    case Kind::WholeOrMultipleOf:
      sentence += " is a multiple of " + text(rule.value) + " or all " + text(dimension.extent);
      break;
    case Kind::Divides:
      sentence += rule.level == 0 ? " divides " + text(dimension.extent)
                                  : " divides that at " + problem.levels[rule.level - 1];
      break;
    case Kind::AtLeast:
      sentence += " is at least " + text(rule.value);
      break;
    case Kind::AtMost:
      sentence += " is at most " + text(rule.value);
      break;
    }
    if ((rule.kind == Kind::MultipleOf || rule.kind == Kind::AtLeast) && rule.value > dimension.extent) {
      sentence += ", of " + text(dimension.extent);
    }
    return sentence + because(rule.reason);
  }
};

} // namespace

std::string TilingAnswer::reason() const {
  std::string sentence;
  for (size_t i = 0; i < conflicts.size(); ++i) {
    sentence += (i == 0 ? "" : i + 1 == conflicts.size() ? ", and " : ", ") + conflicts[i].text;
  }
  return sentence;
}

Expected<TilingAnswer> solver::findTiling(const TilingProblem &problem) {
  if (Status status = check(problem); !status) {
    return forward(status.error());
  }
  try {
    return Search(problem).run();
  } catch (const z3::exception &) {
    return TilingAnswer();
  }
}
