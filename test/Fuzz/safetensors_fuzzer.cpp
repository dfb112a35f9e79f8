// Any bytes as a safetensors file: what is accepted must lie inside the file.
#include "coopt/Import/Safetensors.h"

#include <cstdlib>

using namespace coopt::import;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto tensors = parseSafetensors(data, size, "file");
  if (!tensors) {
    return 0;
  }
  uint64_t total = 0;
  for (const TensorInfo &tensor : *tensors) {
    if (tensor.offset > size || tensor.bytes > size - tensor.offset ||
        tensor.bytes != static_cast<uint64_t>(tensor.elements()) * tensorTypeSize(tensor.type)) {
      std::abort();
    }
    total += tensor.bytes;
  }
  if (total > size) {
    std::abort();
  }
  return 0;
}
