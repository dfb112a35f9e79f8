// Any bytes as tokenizer.json: tables that are accepted are stored (or refused), read back and used.
#include "Tokenizer/Tokenizer.h"
#include "coopt/Import/TokenizerJson.h"

#include <cstdlib>

using namespace coopt;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto tables = import::parseTokenizerJson({reinterpret_cast<const char *>(data), size}, "file");
  if (!tables) {
    return 0;
  }
  auto section = package::serializeTokenizer(*tables);
  if (!section) {
    return 0;
  }
  auto tokenizer = runtime::Tokenizer::create(section->data(), section->size());
  if (!tokenizer) {
    return 0;
  }
  auto ids = tokenizer->encode("hello a b <s> 123\n\xC3\xA9\xFF A\xCC\x8A\xCC\xA3\xEF\xB7\xBA", true);
  if (!ids) {
    return 0;
  }
  for (int32_t id : *ids) {
    if (id < 0 || static_cast<uint32_t>(id) >= tokenizer->vocabularySize()) {
      std::abort();
    }
  }
  (void)tokenizer->decode(*ids);
  return 0;
}
