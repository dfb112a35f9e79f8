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
  // Parameters of the sizes that the program takes them for: what else it says is then looked at.
  std::vector<uint64_t> parameterBytes(16);
  for (const Entry &entry : program->entries) {
    for (const Buffer &buffer : entry.buffers) {
      if (buffer.kind == BufferKind::Parameter && buffer.index < parameterBytes.size()) {
        parameterBytes[buffer.index] = buffer.maxBytes;
      }
    }
  }
  (void)verify(*program, parameterBytes);
  return 0;
}
