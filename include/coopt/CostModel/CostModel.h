//===- CostModel.h - What a schedule costs, as plain data -----------------===//
//
// # Cost models
//
// A cost model is a pure function: what a kernel is (KernelSummary), one way to schedule it (Candidate) and a
// machine (held by the model) give an Estimate: time, energy where the model knows it, bytes that move at
// each memory level, what bounds the time, and the model's own known error. There is no IR in it:
// lib/Analysis turns IR into summaries, the schedule phase asks for every legal candidate and keeps the
// estimates as its trace, so each number can be traced to the terms it came from. A model never decides
// legality and never claims an accuracy nobody measured: `relativeError` is NaN until it was compared with
// measurements.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_COSTMODEL_H
#define COOPT_COSTMODEL_COSTMODEL_H

#include "coopt/CostModel/ArrayChoice.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Support/Error.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coopt::cost {

enum class KernelKind {
  Contraction, ///< y[m, n] = sum_k a[m, k] w[n, k], with its epilogue
  Rows,        ///< something that reduces or normalises each row of a rows x rowElements tensor
  Attention,   ///< queries against a state of keys and values
  Elementwise  ///< rows x rowElements independent elements
};
const char *name(KernelKind kind);

enum class OperandRole { Activation, Weight, State, Output };

struct OperandSummary {
  OperandRole role = OperandRole::Activation;
  std::string type; ///< element type as it is computed with: "f32", "f16", "bf16", "i1".."i8", "i16", "i32"
  double bytes = 0; ///< all of it, as stored (scales, padding included)
  /// Comes from memory at first use. Otherwise another kernel has just touched it, and it comes from a cache
  /// that holds all such operands, if one does.
  bool cold = false;
};

/// Weights that are codes: what makes numbers of them, and results of sums of products of codes.
struct CodeSummary {
  int bits = 0;         ///< of a code; 0: weights are no codes
  int64_t group = 0;    ///< of k: products whose sum has a scale of its own; 0: all have one
  bool isWhole = false; ///< sums are scaled once, behind all of k, and operands are integers: a matrix unit can make them
};

/// One op of a tile as an accelerator's engines do it, on a matrix of the tile's rows and some columns.
struct TileOp {
  enum class Kind {
    Load,    ///< from DRAM
    Store,   ///< to DRAM
    Map,     ///< of the vector unit, element by element
    Reduce,  ///< .. of each row one number
    Product, ///< of the array, with the scales of its sums
  };
  enum class Scales { Output, Group, TwoLevels };
  Kind kind = Kind::Map;
  int64_t nest = 0;         ///< loop nest of the kernel that it is in
  bool hasRows = true;      ///< else one row for the whole tile
  int64_t columns = 1;      ///< of a row
  bool isCut = false;       ///< columns are cut into tiles
  int64_t elementBytes = 4; ///< of Load and Store
  int64_t rounds = 1;       ///< as often for each tile
  std::string
      function; ///< of Map and Reduce: "mul", "fma", "div", "exp2", "sqrt"; others take as long as "add"
  double operands = 1; ///< of Map: matrices that it reads, of 4 bytes an element

  /// Of Product. `product.columns` are all of it.
  CodeProduct product;
  Scales scales = Scales::Output;
  int64_t tableDepth = 0;      ///< of weights that are looked up, else 0
  int64_t kept = 1, group = 1; ///< n of m
  double groupBytes = 0;       ///< of a column and group: scales and zeros
};

/// One kernel at given sizes. Only the sizes of its kind are read; each of those is at least 1.
struct KernelSummary {
  KernelKind kind = KernelKind::Contraction;
  std::string id; ///< path in the model, for messages and traces

  int64_t m = 0, n = 0, k = 0;                            ///< Contraction
  int64_t rows = 0, rowElements = 0;                      ///< Rows, Elementwise
  int64_t queries = 0, keys = 0, heads = 0, headSize = 0; ///< Attention; `keys` a query sees, on average
  int64_t headsPerBlock = 1; ///< Attention: query heads of an item that share what is done to a block of keys

  bool isReordered = false;  ///< Attention: its sums may be made in any order, as a matrix unit does

  CodeSummary codes; ///< Contraction

  /// A contraction has one Activation, one Weight and one Output first (in any order); what follows is its
  /// epilogue's.
  std::vector<OperandSummary> operands;
  /// Rows, Elementwise: operations per element. Attention: per score, beyond its two contractions.
  /// Contraction: per element of y, in its epilogue.
  double operationsPerElement = 1;

  /// What an accelerator does for a tile, in order; models of other machines do not read it.
  std::vector<TileOp> tileOps;
  int64_t segments = 1; ///< of a contraction by experts: those with rows; m are the rows of one
};

/// One way to run a kernel. A work item is one tile of rows x columns; 0: not tiled in that dimension.
///   Contraction: rows of m, columns of n, inner of k. Rows, Elementwise: rows. Attention: rows of queries,
///   columns of heads.
struct Candidate {
  int64_t rowTile = 0;
  int64_t columnTile = 0;
  int64_t innerTile = 0;
  std::string instructionFamily; ///< "generic", "avx2", "avx512" on a CPU
  int64_t split = 1;             ///< GPU: parts of k (of keys) that are summed up (merged) behind
  int64_t stages = 1;            ///< GPU: tiles of k that are under way at a time
};

enum class BoundBy { Compute, Cache, Memory, Overhead };
const char *name(BoundBy bound);

struct Term {
  std::string name;
  double seconds = 0;
};

/// Bytes read or written at one level: what leaves it towards the core.
struct LevelTraffic {
  std::string level; ///< "L1", "L2", .., "memory"
  double bytes = 0;
};

struct Estimate {
  double seconds = 0;
  std::optional<double> joules; ///< absent: the model knows no energy
  std::vector<LevelTraffic> traffic;
  BoundBy boundBy = BoundBy::Compute;
  std::string bound; ///< the name of the term that bounds the time, such as "L2"
  /// Below which the kernel takes no schedule on this machine: its operations at the peak, its cold operands read once. NaN: not known.
  double rooflineSeconds = std::numeric_limits<double>::quiet_NaN();
  /// Known relative error of `seconds` (0.1 = 10 %); NaN: never compared with measurements.
  double relativeError = std::numeric_limits<double>::quiet_NaN();
  std::vector<Term> terms;
};

/// "12.3 us, bound by memory (compute 4.1 us, L1 2.0 us, memory 11.8 us, overhead 0.5 us)"
std::string print(const Estimate &estimate);

class CostModel {
public:
  virtual ~CostModel() = default;
  /// A word for traces and reports.
  virtual const char *name() const = 0;
  /// Errors: a size or tile out of range, operands that do not fit the kind, an instruction family or element
  /// type the machine does not have.
  virtual Expected<Estimate> estimate(const KernelSummary &kernel, const Candidate &candidate) const = 0;
};

/// The model for a machine's kind. Errors: the machine is not valid.
Expected<std::unique_ptr<CostModel>> makeCostModel(const machine::Machine &machine);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_COSTMODEL_H
