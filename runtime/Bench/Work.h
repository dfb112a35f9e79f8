//===- Work.h - What the dispatches of a program read and compute -----------===//
//
// A package says what kernels read and write, not what they compute; shapes tell it:
//
//   contraction  reads a parameter of logical shape [N, K] (its layout says so) and, in the last dimensions of another
//                operand, rows of K elements (the first such operand), and writes rows of N: 2 N K operations a row, in the element type of
//                the operand that is no parameter. The parameter is read whole.
//   by experts   a contraction that also reads segments (i32, rows of three: expert, first row, rows): its parameter holds the
//                matrices of E experts, each of N rows, filled up to a multiple of 16. Of all parameters with as many rows
//                the share of the experts is read that have rows.
//   table        any other parameter of rank 2 (embedding, rotary): one row is read for each row written
//   attention    reads a state, writes [T, H, D]: query t of T sees past + t + 1 positions, of the entry's size "past":
//                4 H D operations each, binary32 (windows are not known here). Of the state, the positions up to past + T
//                of the layer are read: of as many layers as dispatches of the entry read the state by distinct op ids.
//   others       no operations are counted; their other parameters are read whole
//
// Activations are not counted: they stay in caches.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_BENCH_WORK_H
#define COOPT_RUNTIME_BENCH_WORK_H

#include "Bench/PeakLoops.h"
#include "Executor/Observer.h"
#include "Loader/LoadedPackage.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace coopt::bench {

/// A contraction of one dispatch: C[rows, N] = A[rows, K] B[N, K]^T.
struct Product {
  int64_t rows = 0, K = 0, N = 0;
  bool operator<(const Product &other) const {
    return std::tie(rows, K, N) < std::tie(other.rows, other.K, other.N);
  }
};
/// "rows x K x N": "512x2048x8192".
std::string toString(const Product &product);

struct Work {
  double parameterBytes = 0; ///< of weights and tables
  double stateBytes = 0;     ///< of the KV cache
  double operations = 0;     ///< of contractions with weights
  double attention = 0;      ///< operations of attention
  Operand operand = Operand::Float32;
  std::vector<Product> contractions;
};

/// Adds up time and work of every dispatch by op id, and in all. Reads come from one running program, hence the numbers
/// are those of the run-time sizes.
class WorkObserver : public runtime::Observer {
public:
  explicit WorkObserver(const runtime::LoadedPackage &package);

  struct Quickest {
    uint64_t calls = 0;
    double seconds = 0; ///< of one call
  };
  struct Row : Work {
    std::string opId;
    uint64_t calls = 0;
    double seconds = 0;
    std::map<std::vector<Product>, Quickest>
        products; ///< by the contractions of one dispatch, of all that have any
  };
  Status after(const runtime::DispatchView &dispatch, int64_t start, int64_t end) override;
  void clear();

  /// Most time first.
  std::vector<Row> rows() const;
  double bytes() const; ///< parameters and state
  /// Operations of weights by operand type.
  const std::map<Operand, double> &operations() const { return byOperand; }
  /// Parameters read whole so far, since the observer was made.
  const std::set<uint32_t> &streamed() const { return wholeParameters; }

private:
  Work workOf(const runtime::DispatchView &dispatch);
  void addParameter(const runtime::DispatchView &dispatch, size_t operand, Work &work);
  /// What a dispatch reads of parameters that hold the matrices of experts.
  struct ExpertShare {
    int64_t parameterRows = 0; ///< 0: there are no experts
    int64_t columns = 0;       ///< of one expert's result
    double share = 1;          ///< of the experts
  };
  ExpertShare expertShareOf(const runtime::DispatchView &dispatch) const;
  void addState(const runtime::DispatchView &dispatch, Work &work) const;

  const runtime::LoadedPackage &package;
  std::vector<std::vector<int64_t>> logicalShapes; ///< of the parameters
  std::map<const package::Entry *, uint64_t> attendingLayers;
  std::map<std::string, Row> byId;
  std::map<Operand, double> byOperand;
  std::set<uint32_t> wholeParameters;
};

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_WORK_H
