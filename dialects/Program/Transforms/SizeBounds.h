//===- SizeBounds.h - Intervals of the values of a host program --------------===//
#ifndef COOPT_DIALECTS_PROGRAM_TRANSFORMS_SIZEBOUNDS_H
#define COOPT_DIALECTS_PROGRAM_TRANSFORMS_SIZEBOUNDS_H

#include "dialects/Program/IR/Program.h"

#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace coopt::program {

/// All values v with min <= v <= max.
struct Interval {
  int64_t min = 0, max = 0;
};

/// Intervals of every index and i1 value of an entry, from the ranges of its run-time sizes through the
/// arithmetic: each operation is evaluated on the intervals of its operands, so relations between values are
/// not seen (t - t has the interval [min - max, max - min]).
class SizeBounds {
public:
  explicit SizeBounds(EntryOp entry);

  /// None if the value is not bounded: explain() says why.
  std::optional<Interval> of(mlir::Value value) const;

  /// Attaches a note at the innermost place where the bound of `value` is lost.
  void explain(mlir::Value value, mlir::InFlightDiagnostic &diagnostic) const;

  /// Bytes of a buffer for the largest sizes. Emits an error at the buffer's op if an extent is unbounded or
  /// the bytes do not fit 63 bits; an extent that may be negative counts with its largest value.
  mlir::FailureOr<uint64_t> bytesOf(mlir::Operation *bufferOp) const;

private:
  struct Bound {
    std::optional<Interval> interval;
    /// Where the bound was lost and why; only if there is no interval.
    mlir::Operation *cause = nullptr;
    llvm::StringRef reason;
  };
  Bound evaluate(mlir::Operation *op) const;

  mutable EntryOp entry; // ops are handles: their accessors are not const
  llvm::DenseMap<mlir::Value, Bound> bounds;
};

/// The dynamic extents that an op that makes a buffer was given, in order; empty for static shapes.
mlir::ValueRange dynamicSizesOf(mlir::Operation *bufferOp);

/// Bytes of one element in a buffer (i1 takes one).
uint64_t storedElementBytes(mlir::Type type);

} // namespace coopt::program

#endif // COOPT_DIALECTS_PROGRAM_TRANSFORMS_SIZEBOUNDS_H
