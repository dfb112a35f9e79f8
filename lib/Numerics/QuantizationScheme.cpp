#include "coopt/Numerics/QuantizationScheme.h"

#include <limits>
#include <optional>

using namespace coopt;
using namespace coopt::numerics;

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
  if (!reader.take("w")) {
    return reader.expected("'w' and the bits of a weight");
  }
  NameReader before = reader;
  std::optional<int64_t> bits = reader.takeNumber();
  if (!bits || *bits > 8) {
    return before.expected("1 to 8 bits of a weight");
  }
  scheme.weightBits = static_cast<int>(*bits);
  if (reader.take("a")) {
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
  if (reader.take("-asym")) {
    scheme.symmetric = false;
  } else {
    reader.take("-sym");
  }
  scheme.twoLevel = reader.take("-qoq");
  if (reader.take("-head")) {
    before = reader;
    bits = reader.takeNumber();
    if (!bits || (*bits != 4 && *bits != 8 && *bits != 16)) {
      return before.expected("4, 8 or 16 bits of the head");
    }
    scheme.headBits = static_cast<int>(*bits);
  }
  if (!reader.atEnd()) {
    return reader.expected("w{1-8}[a{8,16}][-g{N}][-sym|-asym][-qoq][-head{4,8,16}]");
  }
  return scheme;
}

std::string numerics::toString(const QuantizationScheme &scheme) {
  std::string name = "w" + std::to_string(scheme.weightBits) + "a" + std::to_string(scheme.activationBits);
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
