//===- RegularExpression.h - Cutting text with PCRE2 ---------------------------===//
#ifndef COOPT_RUNTIME_TOKENIZER_REGULAREXPRESSION_H
#define COOPT_RUNTIME_TOKENIZER_REGULAREXPRESSION_H

#include "coopt/Support/Error.h"

#include <functional>
#include <memory>
#include <string_view>

struct pcre2_real_code_8;

namespace coopt::runtime {

/// A compiled expression; threads may share it.
class RegularExpression {
public:
  enum class Part { Match, Between, IllFormed };
  using Sink = std::function<void(std::string_view, Part)>;

  static Expected<RegularExpression> compile(std::string_view pattern);

  /// Calls `sink` for every match and for the text between matches, in order, none of them empty. Ill-formed
  /// bytes are parts of their own, one each. Errors: matching limits (work, memory) exceeded, with the
  /// offset in the text.
  Status split(std::string_view text, const Sink &sink) const;

private:
  struct MatchState;
  Status splitUtf8(std::string_view text, size_t base, MatchState &state, const Sink &sink) const;

  std::shared_ptr<pcre2_real_code_8> code;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_TOKENIZER_REGULAREXPRESSION_H
