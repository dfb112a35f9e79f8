//===- Tokenizer.h - Text to token ids and back --------------------------------===//
//
// Runs the tables of coopt/PackageFormat/Tokenizer.h; results equal those of Hugging Face's `tokenizers` for
// the features that tables can say.
//
// Encoding: (1) added tokens are found in the text as given, leftmost and longest first, and white space
// beside those that strip it goes with them; (2) each piece between them goes through the normalizer; (3)
// added tokens marked `normalized` are found in what came out; (4) each piece between is cut by the
// pre-tokenizer; (5) each cut becomes symbols: characters, or bytes for byte-level BPE; a character that the
// vocabulary lacks becomes its byte tokens, else the unknown token; (6) of all neighbouring pairs the one of
// lowest rank, the leftmost of equals, is merged until none is left: O(n log n) in the length of a cut.
//
// Text that is not UTF-8 is no error: an ill-formed byte is a symbol of its own (so it becomes its byte
// token), and normalizers and regular expressions see the text on either side as if it began and ended there.
// Decoded text is always UTF-8.
//
// Regular expressions are PCRE2 with Unicode properties, of the Unicode version that PCRE2 was built with; its
// \s takes U+180E for white space, as Unicode did before 6.3; ^ and $ match at lines. Normalization forms are
// those of utf8proc's Unicode version; that of `tokenizers` is older, so characters newer than it may differ.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_TOKENIZER_TOKENIZER_H
#define COOPT_RUNTIME_TOKENIZER_TOKENIZER_H

#include "coopt/PackageFormat/Tokenizer.h"
#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::runtime {

class RegularExpression;

struct DecodeOptions {
  bool skipSpecial = true; ///< special tokens add no text
  /// The ids go on a text that was shown already: what the decoder strips off the beginning of a text stays.
  bool continuation = false;
};

/// Immutable once made: threads may share it.
class Tokenizer {
public:
  /// Longest text that encode() takes, also after the normalizer; encoding needs up to 40 bytes of memory per
  /// byte.
  static constexpr size_t maximumText = size_t(1) << 28;

  /// The bytes of a tokenizer section, which must outlive the tokenizer.
  /// Errors: those of TokenizerView::create; a regular expression that does not compile (with the offset in
  /// it).
  static Expected<Tokenizer> create(const uint8_t *bytes, size_t size);
  ~Tokenizer();
  Tokenizer(Tokenizer &&) noexcept;
  Tokenizer &operator=(Tokenizer &&) noexcept;

  /// Ids of a text. `addSpecial` puts the post-processor's ids around it; special tokens written in the text
  /// are found in any case. Errors: text longer than maximumText; a regular expression that exceeds its
  /// matching limits.
  Expected<std::vector<int32_t>> encode(std::string_view text, bool addSpecial) const;

  /// Text of ids. Ids without a token add nothing. A byte-fallback run that is not UTF-8 as a whole becomes
  /// one U+FFFD for each of its bytes; byte-level text has one U+FFFD for each ill-formed part (the maximal
  /// subparts of the Unicode standard).
  std::string decode(const int32_t *ids, size_t count, DecodeOptions options = {}) const;
  std::string decode(const std::vector<int32_t> &ids, DecodeOptions options = {}) const {
    return decode(ids.data(), ids.size(), options);
  }

  uint32_t vocabularySize() const { return view.vocabularySize(); }
  /// False: whoever encodes a prompt puts the model's bos token before it.
  bool hasPostProcessor() const { return view.hasPostProcessor(); }
  const package::TokenizerView &tables() const { return view; }

private:
  explicit Tokenizer(package::TokenizerView tables);

  package::TokenizerView view;
  std::vector<RegularExpression> expressions; ///< one for each Split step, in order
};

/// Decodes ids as they come. What append() returns is whole characters: bytes that may yet become one are
/// held back. All pieces together are decode() of all ids, except that an ill-formed run of byte tokens gives
/// U+FFFD for its ill-formed bytes alone, since its beginning may have been returned before its end is seen.
class TextStream {
public:
  /// The tokenizer must outlive the stream.
  explicit TextStream(const Tokenizer &tokenizer, DecodeOptions options = {});
  std::string append(int32_t id);
  /// What is held back, as U+FFFD; the stream may go on afterwards.
  std::string finish();

private:
  friend class Tokenizer;
  void appendTo(std::string &out, int32_t id);
  void finishTo(std::string &out);
  void drain(std::string &out, bool last);
  void emit(std::string &out, std::string_view text);

  package::TokenizerView view;
  DecodeOptions options;
  bool wholeRuns = false; ///< decide about a byte run at its end, as decode() does
  std::string pending;    ///< bytes that are no whole character yet
  uint32_t stripStep = 0, stripped = 0;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_TOKENIZER_TOKENIZER_H
