// Any bytes as a host program: what is read is written back as the same bytes, and verify() looks at all of
// it.
#include "coopt/PackageFormat/Program.h"

#include <cstdlib>

using namespace coopt::package;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto program = deserialize(data, size);
  if (!program) {
    return 0;
  }
  if (serialize(*program) != std::vector<uint8_t>(data, data + size)) {
    std::abort();
  }
  (void)verify(*program, {68, 272});
  return 0;
}
