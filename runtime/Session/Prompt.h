//===- Prompt.h - Text as a model wants to see it ---------------------------===//
#ifndef COOPT_RUNTIME_SESSION_PROMPT_H
#define COOPT_RUNTIME_SESSION_PROMPT_H

#include "Loader/LoadedPackage.h"

#include <string_view>
#include <vector>

namespace coopt::runtime {

/// Ids of a text. `addSpecial`: with the tokenizer's special tokens, or with the model's bos in front where
/// the model has one and the tokenizer no post-processor. Errors: no tokenizer; those of Tokenizer::encode.
Expected<std::vector<int32_t>> encodePrompt(const LoadedPackage &package, std::string_view text,
                                            bool addSpecial);

/// Whether generation ends with this token.
bool isEnd(const LoadedPackage &package, int32_t token);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_SESSION_PROMPT_H
