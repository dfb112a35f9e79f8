//===- TilingFeasibility.h - Tiles that keep all rules, or why none do ---------===//
//
// A loop nest is tiled at some levels, the outermost first. The tile of dimension d at level l is an integer from 1 to the tile of d at level
// l - 1, that at the outermost level to the extent of d. Rules, memories and a limit of work items say which tilings are allowed. Found is
// the largest by a stated order, or the fewest rules that exclude each other, in words.
//
// A buffer of an operand is ceil(bits * product of its dimensions' tiles / 8) bytes, rounded up to whole banks or lines (`alignment`); it takes as
// many of them as it has buffers. Work items are the product over all dimensions of ceil(extent / tile at the outermost
// level). All numbers are exact, below 2^62.
//
// Z3 decides in bit vectors (finite domains). A core is made minimal by leaving out what is not needed, one by one.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SOLVER_TILINGFEASIBILITY_H
#define COOPT_SOLVER_TILINGFEASIBILITY_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coopt::solver {

struct TileDimension {
  std::string name; ///< "columns"
  int64_t extent = 1;
};

struct TileRule {
  enum class Kind {
    MultipleOf,        ///< a multiple of `value`
    WholeOrMultipleOf, ///< or the whole extent
    Divides,           ///< divides the tile of the level before, or the extent
    AtLeast,
    AtMost,
  };
  Kind kind = Kind::MultipleOf;
  size_t level = 0, dimension = 0;
  int64_t value = 1;  ///< of all kinds but Divides
  std::string reason; ///< "the panel of the weights"; may be empty
};

struct TileOperand {
  std::string name;
  std::vector<size_t> dimensions;
  int64_t elementBits = 8;
  int64_t buffers = 1;
  int64_t alignment = 1; ///< bytes
};

/// What one level's tiles must fit into.
struct TileMemory {
  std::string name; ///< "the scratchpad"
  size_t level = 0;
  int64_t bytes = 0;
  std::vector<TileOperand> operands;
};

struct WorkLimit {
  int64_t items = 1;
  std::string reason;
};

struct TilePlace {
  size_t level = 0, dimension = 0;
};

struct TilingProblem {
  std::vector<TileDimension> dimensions;
  std::vector<std::string> levels; ///< names, the outermost first: "core", "register"
  std::vector<TileRule> rules;
  std::vector<TileMemory> memories;
  std::optional<WorkLimit> work;
  /// The first of these tiles is as large as any tiling allows, then the second, and so on. Tiles that are not named come last, the outermost
  /// level first and dimensions as they stand.
  std::vector<TilePlace> order;
  double seconds = 5; ///< of wall time
};

/// A rule, a memory or the limit of work, of those that exclude each other.
struct Conflict {
  enum class Kind { Rule, Memory, Work };
  Kind kind = Kind::Rule;
  size_t index = 0; ///< in rules or memories
  /// "the tile of columns at core is a multiple of 16 (the panel of the weights)", "activations (64 rows x 2048 k x 32 bits) + .. need at
  /// least 612352 bytes, the scratchpad has 524288"
  std::string text;
};

struct TilingAnswer {
  enum class Kind { Feasible, Infeasible, Unknown };
  Kind kind = Kind::Unknown;
  std::vector<std::vector<int64_t>> tiles; ///< if Feasible: [level][dimension]
  bool isLargest = false;                  ///< if Feasible: by the order, proven
  std::vector<Conflict> conflicts;         ///< if Infeasible
  bool isMinimal = false;                  ///< if Infeasible: without any of them there is a tiling

  /// The conflicts as one sentence.
  std::string reason() const;
};

/// Errors: a problem that is none (no dimensions, extents below 1, places that do not exist, numbers that are too large).
Expected<TilingAnswer> findTiling(const TilingProblem &problem);

} // namespace coopt::solver

#endif // COOPT_SOLVER_TILINGFEASIBILITY_H
