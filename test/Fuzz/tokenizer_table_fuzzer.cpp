// Any bytes as a stored tokenizer: what is accepted encodes to ids of its vocabulary and decodes to UTF-8.
#include "Tokenizer/Tokenizer.h"
#include "coopt/Support/Utf8.h"

#include <cstdlib>

using namespace coopt;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto tokenizer = runtime::Tokenizer::create(data, size);
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
  for (int32_t id = -1; id < 300; ++id) {
    ids->push_back(id);
  }
  std::string text = tokenizer->decode(*ids, {false, false});
  for (std::string_view rest = text; !rest.empty();) {
    auto next = nextUtf8(rest);
    if (next.kind != Utf8Sequence::WellFormed) {
      std::abort();
    }
    rest.remove_prefix(next.length);
  }
  return 0;
}
