//===- ValueTable.h - Numbers by their codes, 16 at a time ------------------===//
#ifndef COOPT_LIB_CONVERSION_VALUETABLE_H
#define COOPT_LIB_CONVERSION_VALUETABLE_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"

namespace coopt {

/// values[index] for 16 indices. Small tables live in registers and are permuted: up to 64 numbers with AVX-512,
/// 16 with AVX2. Others are gathered from a buffer. Of a table whose upper half is the lower one with the sign flipped, as floats of few
/// bits are, the lower one alone is kept where the whole would take two permutations; the index's highest bit becomes the sign.
class ValueTable {
public:
  /// Emits what a table in memory needs; `values` are 1 to 2^16, a power of two.
  ValueTable(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<float> values, Isa isa);

  /// `index`: 16 x i32. Bits of a byte beyond the table's must be 0, those above the lowest byte may be anything.
  mlir::Value lookUp(mlir::ImplicitLocOpBuilder &b, mlir::Value index) const;

private:
  std::vector<float> values;
  Isa isa;
  mlir::Value buffer;   ///< null if the table is permuted
  unsigned signBit = 0; ///< of the index, if half of the table is kept; 0: all of it

  mlir::Value permuted(mlir::ImplicitLocOpBuilder &b, mlir::Value index) const;

  mlir::Value part(mlir::ImplicitLocOpBuilder &b, size_t from, int64_t count) const;
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_VALUETABLE_H
