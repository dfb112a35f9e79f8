#define PCRE2_CODE_UNIT_WIDTH 8
#include "RegularExpression.h"
#include "coopt/Support/Utf8.h"

#include <pcre2.h>
#include <string>

using namespace coopt;
using namespace coopt::runtime;

namespace {

// Far above what the usual expressions need, low enough that a bad one ends in an error within seconds.
constexpr uint32_t matchLimit = 10'000'000;
constexpr uint32_t heapLimitKiB = 256 * 1024;
constexpr size_t jitStackMaximum = 8 << 20;

std::string errorText(int code) {
  PCRE2_UCHAR8 text[160];
  return pcre2_get_error_message_8(code, text, sizeof(text)) < 0 ? "error " + std::to_string(code)
                                                                 : reinterpret_cast<char *>(text);
}

} // namespace

/// What one call of split() needs: expressions are shared by threads, this is not.
struct RegularExpression::MatchState {
  explicit MatchState(const pcre2_code_8 *code)
      : context(pcre2_match_context_create_8(nullptr)),
        stack(pcre2_jit_stack_create_8(32 << 10, jitStackMaximum, nullptr)),
        data(pcre2_match_data_create_from_pattern_8(code, nullptr)) {
    if (context) {
      pcre2_set_match_limit_8(context, matchLimit);
      pcre2_set_heap_limit_8(context, heapLimitKiB);
      // No stack (a PCRE2 without JIT, or no memory): the machine's own is used.
      if (stack) {
        pcre2_jit_stack_assign_8(context, nullptr, stack);
      }
    }
  }
  ~MatchState() {
    pcre2_match_data_free_8(data);
    pcre2_jit_stack_free_8(stack);
    pcre2_match_context_free_8(context);
  }
  MatchState(const MatchState &) = delete;

  pcre2_match_context_8 *context;
  pcre2_jit_stack_8 *stack;
  pcre2_match_data_8 *data;
};

Expected<RegularExpression> RegularExpression::compile(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  // \C could cut characters in half. Multi-line: tokenizers are trained with Oniguruma's Ruby syntax, in which ^ and $
  // match at lines.
  pcre2_code_8 *code = pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(pattern.data()), pattern.size(),
                                       PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                       &error, &offset, nullptr);
  if (!code) {
    return fail("regular expression: offset " + std::to_string(offset) + ": " + errorText(error));
  }
  // Without JIT the interpreter of PCRE2 gives the same matches, slower.
  pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE);
  RegularExpression expression;
  expression.code.reset(code, pcre2_code_free_8);
  return expression;
}

Status RegularExpression::splitUtf8(std::string_view text, size_t base, MatchState &state,
                                    const Sink &sink) const {
  auto subject = reinterpret_cast<PCRE2_SPTR8>(text.data());
  size_t done = 0, start = 0;
  while (start < text.size()) {
    int result =
        pcre2_match_8(code.get(), subject, text.size(), start, PCRE2_NO_UTF_CHECK, state.data, state.context);
    if (result == PCRE2_ERROR_NOMATCH) {
      break;
    }
    const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer_8(state.data);
    if (result < 0) {
      return fail("regular expression: text at byte " + std::to_string(base + start) + ": " +
                  errorText(result));
    }
    size_t begin = bounds[0], end = bounds[1];
    if (begin < done || end <= begin) {
      // An empty match (or one moved back by \K) cuts nothing: look again one character later.
      start += nextUtf8(text.substr(start)).length;
      continue;
    }
    if (begin > done) {
      sink(text.substr(done, begin - done), Part::Between);
    }
    sink(text.substr(begin, end - begin), Part::Match);
    done = start = end;
  }
  if (done < text.size()) {
    sink(text.substr(done), Part::Between);
  }
  return {};
}

Status RegularExpression::split(std::string_view text, const Sink &sink) const {
  MatchState state(code.get());
  if (!state.context || !state.data) {
    return fail("regular expression: out of memory");
  }
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    Utf8Sequence next = nextUtf8(text.substr(at));
    if (next.kind == Utf8Sequence::WellFormed) {
      at += next.length;
      continue;
    }
    if (auto status = splitUtf8(text.substr(begin, at - begin), begin, state, sink); !status) {
      return status;
    }
    sink(text.substr(at, 1), Part::IllFormed);
    begin = ++at;
  }
  return splitUtf8(text.substr(begin), begin, state, sink);
}
