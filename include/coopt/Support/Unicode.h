//===- Unicode.h - Normalization forms, lower case, white space ------------------===//
//
// Transformations of UTF-8 text, with the tables of utf8proc (version 2.8: Unicode 15.0). Text that is not
// UTF-8 is no error: ill-formed bytes stay as they are, and the text on either side is transformed as if it
// began and ended there.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SUPPORT_UNICODE_H
#define COOPT_SUPPORT_UNICODE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace coopt {

/// The forms of Unicode Standard Annex 15.
enum class NormalizationForm { Nfc, Nfd, Nfkc, Nfkd };

/// The text in a normalization form, at most maximumNormalizationGrowth(form) times as long. O(n log n) for n
/// code points, whatever the runs of combining marks; needs 4 bytes of memory for each code point that the
/// text between two ASCII characters decomposes to.
std::string normalizeUnicode(std::string_view text, NormalizationForm form);

/// How many times as long UTF-8 text can become: U+0390 in NFD, U+1D160 in NFC, U+FDFA in NFKC and NFKD.
constexpr unsigned maximumNormalizationGrowth(NormalizationForm form) {
  return form == NormalizationForm::Nfkc || form == NormalizationForm::Nfkd ? 11 : 3;
}

/// Every character in lower case, each by itself (so a final sigma is like any other); at most twice as long.
std::string lowerCase(std::string_view text);

/// The text without the characters of general category M (combining marks).
std::string withoutMarks(std::string_view text);

/// Bytes of the longest beginning, or end, that has nothing but characters of the property White_Space.
size_t whiteSpaceAtBegin(std::string_view text);
size_t whiteSpaceAtEnd(std::string_view text);

} // namespace coopt

#endif // COOPT_SUPPORT_UNICODE_H
