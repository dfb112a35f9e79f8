//===- Contraction.h - Products of two matrices in memory -------------------===//
#ifndef COOPT_NPU_CORE_CONTRACTION_H
#define COOPT_NPU_CORE_CONTRACTION_H

#include "coopt/Machine/Npu.h"

#include <cstdint>
#include <vector>

namespace coopt::npu {

/// A matrix [rows][columns], row by row, in the narrowest of three types that holds its numbers.
struct Numbers {
  enum class Kind : uint8_t {
    Bytes, ///< integers of at most 8 bits
    Integers,
    Floats
  };
  Kind kind = Kind::Bytes; ///< which of the three holds them; the others are empty
  int64_t rows = 0, columns = 0;
  std::vector<int8_t> bytes;
  std::vector<int32_t> integers;
  std::vector<float> floats;

  /// Zeros, for numbers of a type.
  void reset(machine::NpuType type, int64_t rows, int64_t columns);
  /// From memory, rows `stride` bytes apart.
  void load(machine::NpuType type, const uint8_t *base, int64_t stride, int64_t rows, int64_t columns);
  /// One number, of the type that it was reset() for.
  void set(int64_t row, int64_t column, machine::NpuType type, const uint8_t *base, int64_t index);
};

/// sums[m][n] += sum over k of a[m][k] w[k][n], k ascending, of as many k as a has columns (w has as many rows or more); sums wrap
/// around. Floats of w count as 0.
void addProducts(int32_t *sums, const Numbers &a, const Numbers &w);
/// The same of floats, each product fused with its sum. Integers of w are converted.
void addProducts(float *sums, const Numbers &a, const Numbers &w);

} // namespace coopt::npu

#endif // COOPT_NPU_CORE_CONTRACTION_H
