#include "Session/Prompt.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::runtime;

Expected<std::vector<int32_t>> runtime::encodePrompt(const LoadedPackage &package, std::string_view text,
                                                     bool addSpecial) {
  const Tokenizer *tokenizer = package.tokenizer();
  if (!tokenizer) {
    return fail("the package has no tokenizer");
  }
  auto ids = tokenizer->encode(text, addSpecial);
  const auto &model = package.manifest().model;
  if (ids && addSpecial && !tokenizer->hasPostProcessor() && model && model->bos) {
    ids->insert(ids->begin(), static_cast<int32_t>(*model->bos));
  }
  return ids;
}

bool runtime::isEnd(const LoadedPackage &package, int32_t token) {
  const auto &model = package.manifest().model;
  return model && std::find(model->eos.begin(), model->eos.end(), token) != model->eos.end();
}
