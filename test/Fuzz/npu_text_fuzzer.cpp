// Any text as a program of the accelerator: what is read is printed as a text that means the same.
#include "coopt/NpuIsa/Image.h"

#include <cstdlib>

using namespace coopt;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto image = npu::parse({reinterpret_cast<const char *>(data), size});
  if (!image) {
    return 0;
  }
  auto again = npu::parse(npu::print(*image));
  if (!again || !(*again == *image)) {
    std::abort();
  }
  return 0;
}
