//===- Utf8.h - Walking over bytes that should be UTF-8 ------------------------===//
#ifndef COOPT_SUPPORT_UTF8_H
#define COOPT_SUPPORT_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coopt {

struct Utf8Sequence {
  enum Kind { WellFormed, IllFormed, Incomplete } kind;
  size_t length; ///< of the character, or of the maximal ill-formed or incomplete part; at least 1
};

/// The sequence at the beginning of `text`, which must not be empty. The Unicode standard, table 3-7
/// (well-formed byte sequences). Incomplete: the text ends inside of what may become a character.
inline Utf8Sequence nextUtf8(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byte(0);
  if (lead < 0x80) {
    return {Utf8Sequence::WellFormed, 1};
  }
  size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                  : (lead & 0xF0) == 0xE0        ? 3
                  : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                 : 0;
  if (length == 0) {
    return {Utf8Sequence::IllFormed, 1};
  }
  // Only the second byte has a range of its own: no overlong forms, no surrogates, nothing above U+10FFFF.
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (size_t i = 1; i < length; ++i, low = 0x80, high = 0xBF) {
    if (i == text.size()) {
      return {Utf8Sequence::Incomplete, i};
    }
    if (byte(i) < low || byte(i) > high) {
      return {Utf8Sequence::IllFormed, i};
    }
  }
  return {Utf8Sequence::WellFormed, length};
}

/// The code point of a well-formed character, whose bytes are `character`.
inline uint32_t decodeUtf8(std::string_view character) {
  uint32_t point = static_cast<uint8_t>(character[0]);
  if (character.size() > 1) {
    point &= 0x7Fu >> character.size();
  }
  for (size_t i = 1; i < character.size(); ++i) {
    point = point << 6 | (static_cast<uint8_t>(character[i]) & 0x3F);
  }
  return point;
}

} // namespace coopt

#endif // COOPT_SUPPORT_UTF8_H
