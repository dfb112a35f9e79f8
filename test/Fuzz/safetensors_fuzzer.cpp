// Any bytes as a safetensors file: what is accepted must lie inside the file.
#include "TensorChecks.h"

using namespace coopt::import;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto tensors = parseSafetensors(data, size, "file");
  if (tensors) {
    checkTensors(*tensors, size);
  }
  return 0;
}
