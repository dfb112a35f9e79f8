#include "coopt/Support/Unicode.h"

#include <chrono>
#include <gtest/gtest.h>

using namespace coopt;

namespace {

std::string nfc(std::string_view text) { return normalizeUnicode(text, NormalizationForm::Nfc); }
std::string nfd(std::string_view text) { return normalizeUnicode(text, NormalizationForm::Nfd); }
std::string nfkc(std::string_view text) { return normalizeUnicode(text, NormalizationForm::Nfkc); }
std::string nfkd(std::string_view text) { return normalizeUnicode(text, NormalizationForm::Nfkd); }

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

} // namespace

// Examples of Unicode Standard Annex 15 (figures 3 to 6, table 9) and of chapter 3 of the standard, as they
// stand there.
TEST(Unicode, ExamplesOfTheStandard) {
  struct {
    const char *text, *nfd, *nfc, *nfkd, *nfkc;
  } const examples[] = {
      {"", "", "", "", ""},
      {"plain ASCII\n", "plain ASCII\n", "plain ASCII\n", "plain ASCII\n", "plain ASCII\n"},
      // Singletons: angstrom sign, ohm sign.
      {"\u212B", "A\u030A", "\u00C5", "A\u030A", "\u00C5"},
      {"\u2126", "\u03A9", "\u03A9", "\u03A9", "\u03A9"},
      // Canonical composites.
      {"\u00C5", "A\u030A", "\u00C5", "A\u030A", "\u00C5"},
      {"\u00F4", "o\u0302", "\u00F4", "o\u0302", "\u00F4"},
      // Several marks: below comes before above, and each composes only with what is not blocked.
      {"\u1E69", "s\u0323\u0307", "\u1E69", "s\u0323\u0307", "\u1E69"},
      {"\u1E0B\u0323", "d\u0323\u0307", "\u1E0D\u0307", "d\u0323\u0307", "\u1E0D\u0307"},
      {"q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307"},
      // Compatibility composites.
      {"\uFB01", "\uFB01", "\uFB01", "fi", "fi"},
      {"2\u2075", "2\u2075", "2\u2075", "25", "25"},
      {"\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E9B\u0323", "s\u0323\u0307", "\u1E69"},
      // Hangul by arithmetic (section 3.12), also from a syllable without trailing consonant.
      {"\uD4DB", "\u1111\u1171\u11B6", "\uD4DB", "\u1111\u1171\u11B6", "\uD4DB"},
      {"\uD4CC\u11B6", "\u1111\u1171\u11B6", "\uD4DB", "\u1111\u1171\u11B6", "\uD4DB"},
      // U+11A7 is no trailing consonant.
      {"\uAC00\u11A7", "\u1100\u1161\u11A7", "\uAC00\u11A7", "\u1100\u1161\u11A7", "\uAC00\u11A7"},
      // Excluded from composition: by script, as a later addition, as a singleton, as a non-starter.
      {"\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C"},
      {"\u2ADC", "\u2ADD\u0338", "\u2ADD\u0338", "\u2ADD\u0338", "\u2ADD\u0338"},
      {"\uFA10", "\u585A", "\u585A", "\u585A", "\u585A"},
      {"\u0344", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301"},
      // Corrigendum 4.
      {"\U0002F868", "\u36FC", "\u36FC", "\u36FC", "\u36FC"},
      // Vietnamese, marks in either order; half-width katakana with its voicing mark.
      {"o\u0323\u0302", "o\u0323\u0302", "\u1ED9", "o\u0323\u0302", "\u1ED9"},
      {"o\u0302\u0323", "o\u0323\u0302", "\u1ED9", "o\u0323\u0302", "\u1ED9"},
      {"\uFF8A\uFF9E", "\uFF8A\uFF9E", "\uFF8A\uFF9E", "\u30CF\u3099", "\u30D0"},
  };
  for (const auto &example : examples) {
    SCOPED_TRACE(example.text);
    EXPECT_EQ(nfd(example.text), example.nfd);
    EXPECT_EQ(nfc(example.text), example.nfc);
    EXPECT_EQ(nfkd(example.text), example.nfkd);
    EXPECT_EQ(nfkc(example.text), example.nfkc);
    // In the middle of other text too.
    std::string text = "x" + std::string(example.text) + "y\u4E2D" + example.text;
    EXPECT_EQ(nfd(text), "x" + std::string(example.nfd) + "y\u4E2D" + example.nfd);
  }
}

TEST(Unicode, LongestDecompositions) {
  EXPECT_EQ(nfkd("\uFDFA"), "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 "
                            "\u0648\u0633\u0644\u0645");
  EXPECT_EQ(nfkc("\uFDFA").size(), 3 * maximumNormalizationGrowth(NormalizationForm::Nfkc));
  EXPECT_EQ(nfd("\u0390").size(), 2 * maximumNormalizationGrowth(NormalizationForm::Nfd));
  EXPECT_EQ(nfc("\U0001D160").size(), 4 * maximumNormalizationGrowth(NormalizationForm::Nfc));
}

TEST(Unicode, IllFormedBytesStay) {
  // The text on either side is normalized by itself: a mark does not reach over an ill-formed byte.
  EXPECT_EQ(nfc("a\u030A\xFFo\u0302"), "\u00E5\xFF\u00F4");
  EXPECT_EQ(nfc("a\xFF\u030A"), "a\xFF\u030A");
  EXPECT_EQ(nfc("\xCC"), "\xCC");
  EXPECT_EQ(nfc("a\xCC"), "a\xCC");
  EXPECT_EQ(nfd("\u00E5\xE4\xB8"), "a\u030A\xE4\xB8");
  std::string bad = "\xC0\x80\xED\xA0\x80 \xF4\x90\x80\x80\x80\xFE";
  for (auto form :
       {NormalizationForm::Nfc, NormalizationForm::Nfd, NormalizationForm::Nfkc, NormalizationForm::Nfkd}) {
    EXPECT_EQ(normalizeUnicode(bad, form), bad);
  }
  EXPECT_EQ(lowerCase("A\xFF\u00C5\xE4"), "a\xFF\u00E5\xE4");
  EXPECT_EQ(withoutMarks("a\u030A\xCC\xFF"), "a\xCC\xFF");
  EXPECT_EQ(nfc(std::string("a\0o\u0302", 5)), std::string("a\0\u00F4", 4));
}

// Sorting the marks of one base must not be quadratic.
TEST(Unicode, RunsOfMarks) {
  constexpr size_t count = 100'001;
  auto start = std::chrono::steady_clock::now();
  // Every mark above has to pass every mark below.
  EXPECT_EQ(nfd("a" + repeated("\u0301", count) + repeated("\u0323", count)),
            "a" + repeated("\u0323", count) + repeated("\u0301", count));
  EXPECT_EQ(nfc("a" + repeated("\u0301", count) + repeated("\u0323", count)),
            "\u1EA1" + repeated("\u0323", count - 1) + repeated("\u0301", count));
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 10);
}

TEST(Unicode, LowerCase) {
  EXPECT_EQ(lowerCase("Zz\u00C5\u0394"), "zz\u00E5\u03B4");
  EXPECT_EQ(lowerCase("\u0130I"), "i\u0307i");
  EXPECT_EQ(lowerCase("\u039F\u03A3"), "\u03BF\u03C3");             // no final sigma
  EXPECT_EQ(lowerCase("\u01C5\u1E9E\u00DF"), "\u01C6\u00DF\u00DF"); // title case, sharp s
  EXPECT_EQ(lowerCase("\u023A\U00010400\u4E2D"), "\u2C65\U00010428\u4E2D");
}

TEST(Unicode, WithoutMarks) {
  EXPECT_EQ(withoutMarks("e\u0301\u20DD\u0903x"), "ex"); // above, enclosing, spacing
  EXPECT_EQ(withoutMarks("\u00E9\u00B4"), "\u00E9\u00B4");
}

TEST(Unicode, WhiteSpace) {
  std::string all = " \t\n\v\f\r\u0085\u00A0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000";
  EXPECT_EQ(whiteSpaceAtBegin(all), all.size());
  EXPECT_EQ(whiteSpaceAtEnd(all), all.size());
  EXPECT_EQ(whiteSpaceAtBegin(all + "x "), all.size());
  EXPECT_EQ(whiteSpaceAtEnd(" x" + all), all.size());
  for (const char *other :
       {"", "x", "\u200B", "\u180E", "\uFEFF", "\u2060", "\xA0", "\x80", "\xC2", "\xE2\x80"}) {
    EXPECT_EQ(whiteSpaceAtBegin(other), 0u);
    EXPECT_EQ(whiteSpaceAtEnd(other), 0u);
  }
  EXPECT_EQ(whiteSpaceAtEnd("\xE2\x80 "), 1u);
  EXPECT_EQ(whiteSpaceAtBegin(" \xE2\x80"), 1u);
}
