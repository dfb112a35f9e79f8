// Any bytes as an .npy file: the data lie inside the file and have the size of type and shape.
#include "MemoryFile.h"
#include "Npy/Npy.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryFile memory(data, size);
  auto file = coopt::runtime::NpyFile::open(memory.path());
  if (file) {
    unsigned sum = 0;
    for (size_t i = 0; i < file->bytes(); ++i) {
      sum += file->data()[i];
    }
    volatile unsigned kept = sum;
    (void)kept;
    if (file->bytes() > size) {
      std::abort();
    }
  }
  return 0;
}
