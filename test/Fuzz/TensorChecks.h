//===- TensorChecks.h - What holds for the tensors of an accepted file ---------------===//
#ifndef COOPT_TEST_FUZZ_TENSORCHECKS_H
#define COOPT_TEST_FUZZ_TENSORCHECKS_H

#include "coopt/Import/Safetensors.h"

#include <cstdlib>
#include <vector>

/// Ends the program unless all tensors lie inside a file of `size` bytes, have as many as type and shape say, and do not
/// overlap (by their sum).
inline void checkTensors(const std::vector<coopt::import::TensorInfo> &tensors, size_t size) {
  uint64_t total = 0;
  for (const coopt::import::TensorInfo &tensor : tensors) {
    uint64_t bytes = 0;
    if (tensor.blocks) { // of one row's columns each
      const uint64_t columns = static_cast<uint64_t>(tensor.shape.back());
      const uint64_t perBlock = static_cast<uint64_t>(coopt::numerics::ggufBlockElements(*tensor.blocks));
      if (columns % perBlock != 0) {
        std::abort();
      }
      bytes = static_cast<uint64_t>(tensor.elements()) / perBlock *
              static_cast<uint64_t>(coopt::numerics::ggufBlockBytes(*tensor.blocks));
    } else {
      bytes = static_cast<uint64_t>(tensor.elements()) * tensorTypeSize(tensor.type);
    }
    if (tensor.offset > size || tensor.bytes > size - tensor.offset || tensor.bytes != bytes) {
      std::abort();
    }
    total += tensor.bytes;
  }
  if (total > size) {
    std::abort();
  }
}

#endif // COOPT_TEST_FUZZ_TENSORCHECKS_H
