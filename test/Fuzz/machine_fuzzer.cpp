// Any bytes as a machine description: what is accepted keeps the rules, and is read back equal from what is written of it.
#include "coopt/Machine/Machine.h"

#include <cstdlib>

using namespace coopt::machine;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto machine = parseMachine({reinterpret_cast<const char *>(data), size}, "file");
  if (!machine) {
    if (machine.error().message.rfind("file: ", 0) != 0) {
      std::abort();
    }
    return 0;
  }
  auto again = parseMachine(toJson(*machine), "again");
  if (!validate(*machine) || !again || *again != *machine) {
    std::abort();
  }
  return 0;
}
