// Any bytes as an image of the accelerator, with the checksum made right: what is read is printed, read from its text and written again.
#include "coopt/NpuIsa/Image.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <xxhash.h>

using namespace coopt;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t kPlace = 40;
  (void)npu::read(data, size);
  if (size < 64) {
    return 0;
  }
  std::vector<uint8_t> bytes(data, data + size);
  for (size_t i = 0; i < 8; ++i) {
    bytes[kPlace - 8 + i] = static_cast<uint8_t>(size >> (8 * i)); // cut files say how long they are
  }
  std::fill_n(bytes.begin() + kPlace, 8, uint8_t(0));
  const uint64_t checksum = XXH3_64bits(bytes.data(), size);
  std::memcpy(bytes.data() + kPlace, &checksum, 8);
  auto image = npu::read(bytes.data(), size);
  if (!image) {
    return 0;
  }
  auto again = npu::parse(npu::print(*image));
  if (!again || !(*again == *image)) {
    std::abort();
  }
  const std::vector<uint8_t> written = npu::write(*again);
  auto back = npu::read(written.data(), written.size());
  if (!back || !(*back == *image)) {
    std::abort();
  }
  return 0;
}
