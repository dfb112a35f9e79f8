//===- Elementwise.h - vec.map, all that it is about resolved ---------------===//
//
// A function is one of integers if all that it reads are: sums, differences and products wrap around in 32 bits, quotients are cut off towards 0
// (of 0 they are 0). Else all are binary32, rounded to nearest even, nothing fused but fma. Bits (and, or, xor, shifts) are those of i32,
// or of binary32; shifts take the lowest five bits of b. Comparisons give 1 and 0.
//
// mapElements() says what that means, an element at a time. mapRows() is what runs.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_CORE_ELEMENTWISE_H
#define COOPT_NPU_CORE_ELEMENTWISE_H

#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Choices.h"

#include <array>

namespace coopt::npu {

struct ElementMap {
  struct Operand {
    machine::NpuType type = machine::NpuType::I8;
    const uint8_t *base = nullptr;
    int64_t stride = 0; ///< bytes between rows
    Broadcast broadcast = Broadcast::None;
  };
  VectorFunction function = VectorFunction::Copy;
  int64_t rows = 0, columns = 0;
  std::array<Operand, 3> operands; ///< those that the function reads
  machine::NpuType type = machine::NpuType::I8;
  uint8_t *to = nullptr;
  int64_t stride = 0; ///< bytes between rows of results
};

/// Row by row, each element read, computed and written before the next.
void mapElements(const ElementMap &map);

/// The same by typed loops over parts of rows. False, and nothing is done, if it is none of their cases: elements that are no whole bytes, results
/// that overlap what is read otherwise than element by element, a select between an integer and a float.
bool mapRows(const ElementMap &map);

} // namespace coopt::npu

#endif // COOPT_NPU_CORE_ELEMENTWISE_H
