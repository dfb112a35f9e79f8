#include "coopt/Support/Unicode.h"
#include "coopt/Support/Utf8.h"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

using namespace coopt;

namespace {

bool isAscii(char c) { return static_cast<uint8_t>(c) < 0x80; }

void appendUtf8(std::string &out, utf8proc_int32_t point) {
  utf8proc_uint8_t bytes[4];
  auto length = utf8proc_encode_char(point, bytes);
  out.append(reinterpret_cast<const char *>(bytes), static_cast<size_t>(length));
}

/// Well-formed text on its way into a normalization form. utf8proc decomposes and composes; marks are sorted
/// here, as its own sorting takes time quadratic in the length of a run of marks.
class Normalizer {
public:
  explicit Normalizer(NormalizationForm form)
      : composes(form == NormalizationForm::Nfc || form == NormalizationForm::Nfkc),
        options(form == NormalizationForm::Nfkc || form == NormalizationForm::Nfkd
                    ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT
                    : UTF8PROC_DECOMPOSE) {}

  void add(uint32_t point) {
    utf8proc_int32_t parts[longestDecomposition];
    int boundary = 0;
    auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(point), parts, longestDecomposition,
                                         static_cast<utf8proc_option_t>(options), &boundary);
    if (count < 0 || count > longestDecomposition) {
      points.push_back(static_cast<utf8proc_int32_t>(point));
      return;
    }
    points.insert(points.end(), parts, parts + count);
  }

  void finish(std::string &out) {
    sortMarks();
    // utf8proc 2.8 takes U+11A7, which stands before the first trailing consonant of Hangul, for one and
    // composes it away. It is a starter and composes with nothing, so a part may begin there.
    for (auto begin = points.begin(); begin != points.end();) {
      auto end = std::find(begin + 1, points.end(), 0x11A7);
      finishPart(out, &*begin, end - begin);
      begin = end;
    }
    points.clear();
  }

private:
  static constexpr int longestDecomposition = 32; // U+FDFA has 18

  void finishPart(std::string &out, utf8proc_int32_t *part, utf8proc_ssize_t count) const {
    if (composes) {
      // Stable: without what Unicode excludes from composition.
      auto composed = utf8proc_normalize_utf32(
          part, count, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
      count = composed < 0 ? count : composed;
    }
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      appendUtf8(out, part[i]);
    }
  }

  /// The canonical ordering: each run of marks by combining class, equal classes as they were.
  void sortMarks() {
    auto combiningClass = [](utf8proc_int32_t point) {
      return static_cast<uint64_t>(utf8proc_get_property(point)->combining_class);
    };
    for (auto begin = points.begin(); begin != points.end();) {
      auto end = std::find_if(begin, points.end(), [&](auto point) { return combiningClass(point) == 0; });
      if (end - begin > 1) {
        // Class, place and code point in one number.
        keys.clear();
        for (auto mark = begin; mark != end; ++mark) {
          keys.push_back(combiningClass(*mark) << 56 | static_cast<uint64_t>(mark - begin) << 21 |
                         static_cast<uint64_t>(*mark));
        }
        std::sort(keys.begin(), keys.end());
        std::transform(keys.begin(), keys.end(), begin,
                       [](uint64_t key) { return static_cast<utf8proc_int32_t>(key & 0x1FFFFF); });
      }
      begin = end == points.end() ? end : end + 1;
    }
  }

  bool composes;
  int options;
  std::vector<utf8proc_int32_t> points;
  std::vector<uint64_t> keys;
};

/// Calls `change` with the bytes and the code point of every character that is not ASCII; the rest goes
/// through `ascii`, a byte at a time, or, ill-formed, out as it is.
template <typename Ascii, typename Change>
std::string eachCharacter(std::string_view text, Ascii ascii, Change change) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Sequence next = nextUtf8(text);
    std::string_view bytes = text.substr(0, next.length);
    if (next.kind != Utf8Sequence::WellFormed) {
      out += bytes;
    } else if (next.length == 1) {
      out += ascii(text[0]);
    } else {
      change(out, bytes, decodeUtf8(bytes));
    }
    text.remove_prefix(next.length);
  }
  return out;
}

/// The property White_Space.
bool isWhiteSpace(uint32_t point) {
  return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
         point == 0x202F || point == 0x205F || point == 0x3000;
}

} // namespace

std::string coopt::normalizeUnicode(std::string_view text, NormalizationForm form) {
  std::string out;
  out.reserve(text.size());
  Normalizer normalizer(form);
  for (size_t at = 0; at < text.size();) {
    size_t end = static_cast<size_t>(std::find_if_not(text.begin() + at, text.end(), isAscii) - text.begin());
    // ASCII is itself in every form and joins no character before it, but what follows may join it.
    size_t begin = end == text.size() || end == at ? end : end - 1;
    out.append(text, at, begin - at);
    at = begin;
    bool wellFormed = true;
    do {
      if (at == text.size()) {
        break;
      }
      Utf8Sequence next = nextUtf8(text.substr(at));
      wellFormed = next.kind == Utf8Sequence::WellFormed;
      if (wellFormed) {
        normalizer.add(decodeUtf8(text.substr(at, next.length)));
      } else {
        normalizer.finish(out);
        out.append(text, at, next.length);
      }
      at += next.length;
    } while (wellFormed && at < text.size() && !isAscii(text[at]));
    normalizer.finish(out);
  }
  return out;
}

std::string coopt::lowerCase(std::string_view text) {
  auto ascii = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return eachCharacter(text, ascii, [](std::string &out, std::string_view, uint32_t point) {
    if (point == 0x130) {
      out += "i\xCC\x87"; // I with dot above, the one character whose lower case is two
    } else {
      appendUtf8(out, utf8proc_tolower(static_cast<utf8proc_int32_t>(point)));
    }
  });
}

std::string coopt::withoutMarks(std::string_view text) {
  auto same = [](char c) { return c; };
  return eachCharacter(text, same, [](std::string &out, std::string_view bytes, uint32_t point) {
    auto category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
    if (category != UTF8PROC_CATEGORY_MN && category != UTF8PROC_CATEGORY_MC &&
        category != UTF8PROC_CATEGORY_ME) {
      out += bytes;
    }
  });
}

size_t coopt::whiteSpaceAtBegin(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    Utf8Sequence next = nextUtf8(text.substr(at));
    if (next.kind != Utf8Sequence::WellFormed || !isWhiteSpace(decodeUtf8(text.substr(at, next.length)))) {
      break;
    }
    at += next.length;
  }
  return at;
}

size_t coopt::whiteSpaceAtEnd(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    // White space takes at most 3 bytes.
    size_t length = 1;
    while (length < 3 && length < end && (static_cast<uint8_t>(text[end - length]) & 0xC0) == 0x80) {
      ++length;
    }
    std::string_view last = text.substr(end - length, length);
    Utf8Sequence next = nextUtf8(last);
    if (next.kind != Utf8Sequence::WellFormed || next.length != length || !isWhiteSpace(decodeUtf8(last))) {
      break;
    }
    end -= length;
  }
  return text.size() - end;
}
