// Any text as a program of the accelerator: what is read is printed as a text that means the same, and checked.
#include "coopt/NpuIsa/Checker.h"

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
  npu::Limits limits;
  limits.bytes = {1 << 20, 1 << 16, 1 << 16, 1 << 14};
  limits.channels = npu::kChannels;
  (void)npu::checkProgram(*image, limits);
  return 0;
}
