#include "coopt/Numerics/QuantizationScheme.h"

#include "coopt/Numerics/FormatTable.h"
#include "coopt/Support/Json.h"

#include <limits>
#include <optional>

using namespace coopt;
using namespace coopt::numerics;

static constexpr const char *kIntegerGrammar = "w{1-8}[a{8,16}][-g{N}][-sym|-asym][-qoq][-head{4,8,16}]";
static constexpr const char *kNamedGrammar = "FORMAT[-a{8,16}][-g{N}][-head{4,8,16}]";

namespace {

/// Takes pieces off the front of a name and remembers where it stands.
class NameReader {
public:
  explicit NameReader(std::string_view name) : name(name), rest(name) {}

  bool take(std::string_view prefix) {
    if (rest.substr(0, prefix.size()) != prefix) {
      return false;
    }
    rest.remove_prefix(prefix.size());
    return true;
  }

  /// A decimal number without leading zero, at most 2^31 - 1.
  std::optional<int64_t> takeNumber() {
    int64_t value = 0;
    size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      value = value * 10 + (rest[digits] - '0');
      ++digits;
      if (value == 0 || value > std::numeric_limits<int32_t>::max()) {
        return std::nullopt;
      }
    }
    if (digits == 0) {
      return std::nullopt;
    }
    rest.remove_prefix(digits);
    return value;
  }

  /// The longest name of a format that ends here or before a '-'; "" if there is none.
  std::string takeFormat() {
    std::string longest;
    for (const NamedFormat &named : listFormats()) {
      const std::string &word = named.format.name;
      bool ends = rest.size() == word.size() || (rest.size() > word.size() && rest[word.size()] == '-');
      if (ends && rest.substr(0, word.size()) == word && word.size() > longest.size()) {
        longest = word;
      }
    }
    rest.remove_prefix(longest.size());
    return longest;
  }

  std::string_view ahead() const { return rest; }
  bool atEnd() const { return rest.empty(); }

  tl::unexpected<Error> expected(const std::string &what) const {
    // A name may come from anywhere: quote no more of it than a person would read.
    std::string shown(name.substr(0, 80));
    std::string got = rest.empty() ? "its end" : "'" + std::string(rest.substr(0, 20)) + "'";
    return fail("quantisation name '" + shown + "': expected " + what + ", got " + got);
  }

private:
  std::string_view name, rest;
};

} // namespace

Expected<QuantizationScheme> numerics::parseQuantizationName(std::string_view name) {
  NameReader reader(name);
  QuantizationScheme scheme;
  NameReader before = reader;
  std::optional<int64_t> bits;
  scheme.format = reader.takeFormat();
  const bool isNamed = !scheme.format.empty();
  if (isNamed) {
    scheme.weightBits = 0;
  } else {
    if (!reader.take("w")) {
      std::vector<std::string> known;
      for (const NamedFormat &named : listFormats()) {
        known.push_back(named.format.name);
      }
      auto error = reader.expected("'w' and the bits of a weight, or the name of a format");
      return fail(error.value().message + didYouMean(reader.ahead().substr(0, 40), known));
    }
    before = reader;
    bits = reader.takeNumber();
    if (!bits || *bits > 8) {
      return before.expected("1 to 8 bits of a weight");
    }
    scheme.weightBits = static_cast<int>(*bits);
  }
  if (reader.take(isNamed ? "-a" : "a")) {
    before = reader;
    bits = reader.takeNumber();
    if (!bits || (*bits != 8 && *bits != 16)) {
      return before.expected("8 or 16 bits of an activation");
    }
    scheme.activationBits = static_cast<int>(*bits);
  }
  if (reader.take("-g")) {
    before = reader;
    std::optional<int64_t> size = reader.takeNumber();
    if (!size) {
      return before.expected("a group size from 1 to 2147483647");
    }
    scheme.groupSize = *size;
  }
  if (!isNamed) {
    if (reader.take("-asym")) {
      scheme.symmetric = false;
    } else {
      reader.take("-sym");
    }
    scheme.twoLevel = reader.take("-qoq");
  }
  if (reader.take("-head")) {
    before = reader;
    bits = reader.takeNumber();
    if (!bits || (*bits != 4 && *bits != 8 && *bits != 16)) {
      return before.expected("4, 8 or 16 bits of the head");
    }
    scheme.headBits = static_cast<int>(*bits);
  }
  if (!reader.atEnd()) {
    return reader.expected(isNamed ? kNamedGrammar : kIntegerGrammar);
  }
  return scheme;
}

std::string numerics::toString(const QuantizationScheme &scheme) {
  std::string name =
      scheme.format.empty() ? "w" + std::to_string(scheme.weightBits) + "a" : scheme.format + "-a";
  name += std::to_string(scheme.activationBits);
  if (scheme.groupSize > 0) {
    name += "-g" + std::to_string(scheme.groupSize);
  }
  if (!scheme.symmetric) {
    name += "-asym";
  }
  if (scheme.twoLevel) {
    name += "-qoq";
  }
  if (scheme.headBits != 0) {
    name += "-head" + std::to_string(scheme.headBits);
  }
  return name;
}

/// A named format with another number of elements per innermost scale.
static Expected<BlockFormat> withGroups(BlockFormat format, int64_t groupSize) {
  int64_t own = format.groupSize();
  if (own == 0 || format.scales.front().rows != 1) {
    return fail("format '" + format.name + "': it has no groups whose size could be chosen");
  }
  for (ScaleLevel &level : format.scales) {
    level.span = level.span == own ? groupSize : level.span;
  }
  if (format.minimums) {
    for (ScaleLevel &level : format.minimums->levels) {
      level.span = level.span == own ? groupSize : level.span;
    }
  }
  if (Status status = format.validate(); !status) {
    return forward(status.error(),
                   "format '" + format.name + "' with groups of " + std::to_string(groupSize));
  }
  format.name += "-g" + std::to_string(groupSize);
  return format;
}

Expected<BlockFormat> QuantizationScheme::weightBlockFormat() const {
  if (!format.empty()) {
    Expected<BlockFormat> named = custom ? *custom : findFormat(format);
    return named && groupSize > 0 ? withGroups(std::move(*named), groupSize) : named;
  }
  if (twoLevel) {
    if (weightBits != 4) {
      return fail("two levels of scales: expected weights of 4 bits, got " + std::to_string(weightBits));
    }
    return twoLevelFormat(twoLevelGroupSize());
  }
  return integerGroupFormat(weightBits, groupSize, symmetric,
                            groupSize > 0 ? ElementFormat::f16() : ElementFormat::f32());
}

Expected<BlockFormat> QuantizationScheme::headBlockFormat() const {
  if (!headIsQuantized()) {
    return fail("the head is not quantised");
  }
  if (twoLevel && headBits != 4) {
    // Small models feel every bit of the head: it has 8, and one scale per row.
    return integerGroupFormat(8, 0, true, ElementFormat::f32());
  }
  if (headBits == 0 || (twoLevel && headBits == weightBits)) {
    return weightBlockFormat();
  }
  return integerGroupFormat(headBits, groupSize, symmetric,
                            groupSize > 0 ? ElementFormat::f16() : ElementFormat::f32());
}

std::string numerics::describeQuantization() {
  return std::string("f32   weights and activations in binary32; contractions are Bounded\n\n") +
         kIntegerGrammar +
         R"(

  wB       weights of B bits: codes in -(2^(B-1) - 1) .. 2^(B-1) - 1; of one bit +-1, the scale being the mean
           magnitude
  a8       activations of 8 bits, quantised per token as they come. With integer weights all ops are Exact or
           Fixed, the same bits on every instruction set and for any number of threads
  a16      (the default) float activations: weights are decoded as they are read, contractions are Bounded
  -gN      a scale (f16) for N columns of a row; without it one (f32) for each row
  -asym    codes 0 .. 2^B - 1 and a zero beside each scale
  -qoq     w4 only: integer scales and zeros for groups (128 columns unless -gN) under one f32 scale a row
  -headB   the bits of the output head and of an embedding tied to it; 16: float. With -qoq 8 if not given

  w8a8, w4a16-g32-asym-head8, w4a8-qoq, ..

)" + kNamedGrammar +
         R"(

  one of the formats below; -gN: N columns for each innermost scale. Contractions are Bounded. Those that are
  decoded only come with models that are stored in them

  nf4, mxfp4-head8, fp8-block-a8, ..

auto:size=300M  auto:size=4.5bits  auto:latency=5ms[,size=..]  [,of=NAME+NAME+..]

  the format of each contraction's weight so that the predicted loss is the smallest for so many bytes of parameters, bits
  of a weight or time of a token; of the formats named, or of w2 to w8 with -g32-asym

FILE.json

  a format of one's own, or names by layer:
  { "quantize": "w4a16-g32", "rules": [ { "match": "layers.*/mlp/*", "quantize": "nf4" } ] }

formats, with the bits they store for a weight:

)" + describeFormats();
}
