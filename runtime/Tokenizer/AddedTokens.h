//===- AddedTokens.h - Finding added tokens in text ------------------------------===//
#ifndef COOPT_RUNTIME_TOKENIZER_ADDEDTOKENS_H
#define COOPT_RUNTIME_TOKENIZER_ADDEDTOKENS_H

#include "coopt/PackageFormat/Tokenizer.h"

#include <array>
#include <functional>

namespace coopt::runtime {

/// Finds added tokens, leftmost first and the longest at each place. White space beside a token that strips
/// it is no part of any piece; other tokens are still found in it.
class AddedTokenFinder {
public:
  /// `normalized`: which of the two lists of added tokens.
  AddedTokenFinder(const package::TokenizerView &view, bool normalized);

  /// Calls `text` for what lies between added tokens (never empty) and `token` for each one found, in order;
  /// stops at the first error. O(bytes * longest added token * log(number of them)).
  Status split(std::string_view text, const std::function<Status(std::string_view)> &piece,
               const std::function<void(uint32_t id)> &token) const;

private:
  struct Found {
    uint32_t index = 0; ///< in the list of added tokens
    size_t length = 0;
  };
  Found longest(std::string_view text) const;

  const package::TokenizerView &view;
  bool normalized;
  std::array<bool, 256> begins{}; ///< whether any added token begins with the byte
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_TOKENIZER_ADDEDTOKENS_H
