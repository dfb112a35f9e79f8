#include "coopt/Numerics/AutoQuantization.h"

#include "coopt/Numerics/QuantizationPlan.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/MappedFile.h"

#include <algorithm>
#include <charconv>
#include <cmath>

using namespace coopt;
using namespace coopt::numerics;

static constexpr std::string_view kPrefix = "auto:";

bool numerics::isAutoQuantization(std::string_view text) { return text.substr(0, kPrefix.size()) == kPrefix; }

/// What stands between the separators: one piece at least.
static std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  pieces.push_back(text);
  return pieces;
}

/// A positive number and what stands behind it.
static std::optional<std::pair<double, std::string_view>> takeNumber(std::string_view text) {
  double value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !(value > 0) || !std::isfinite(value)) {
    return std::nullopt;
  }
  return std::pair(value, text.substr(static_cast<size_t>(end - text.data())));
}

static bool readSize(std::string_view text, AutoQuantization &made) {
  const auto number = takeNumber(text);
  if (!number) {
    return false;
  }
  const auto &[value, unit] = *number;
  if (unit == "bits") {
    made.bitsPerWeight = value;
    return true;
  }
  const size_t letter = unit.size() == 1 ? std::string_view("KMGT").find(unit) : std::string_view::npos;
  if (!unit.empty() && letter == std::string_view::npos) {
    return false;
  }
  made.bytes = std::ldexp(value, unit.empty() ? 0 : static_cast<int>(10 * (letter + 1)));
  return std::isfinite(*made.bytes);
}

static bool readLatency(std::string_view text, AutoQuantization &made) {
  const auto number = takeNumber(text);
  if (!number) {
    return false;
  }
  const auto &[value, unit] = *number;
  made.seconds = unit == "s" ? value : unit == "ms" ? value * 1e-3 : value * 1e-6;
  return unit == "s" || unit == "ms" || unit == "us";
}

static Expected<std::optional<QuantizationScheme>> readFormat(std::string_view name) {
  if (name == "f32") {
    return std::optional<QuantizationScheme>();
  }
  auto scheme = parseQuantizationName(name);
  if (!scheme) {
    return forward(scheme.error());
  }
  return std::optional<QuantizationScheme>(std::move(*scheme));
}

static Status readFormats(std::string_view text, AutoQuantization &made) {
  std::optional<int> activations;
  for (std::string_view piece : split(text, '+')) {
    auto format = readFormat(piece);
    if (!format) {
      return forward(format.error());
    }
    const std::string name = storageName(*format);
    if (std::find(made.of.begin(), made.of.end(), *format) != made.of.end()) {
      return fail("format " + name + " stands there twice");
    }
    // What activations lose is in no loss here.
    if (*format && activations.value_or((*format)->activationBits) != (*format)->activationBits) {
      return fail("expected formats of one kind of activations, got " + name + " beside others");
    }
    if (*format) {
      activations = (*format)->activationBits;
    }
    made.of.push_back(std::move(*format));
  }
  return {};
}

Expected<AutoQuantization> numerics::parseAutoQuantization(std::string_view text) {
  AutoQuantization made;
  made.text = text;
  const std::string place = "quantisation " + inQuotes(text);
  auto expected = [&](const std::string &what, std::string_view got) {
    return fail(place + ": expected " + what + ", got " + (got.empty() ? "nothing" : inQuotes(got)));
  };
  for (std::string_view item : split(text.substr(std::min(kPrefix.size(), text.size())), ',')) {
    const std::string key(item.substr(0, item.find('=')));
    const std::string_view value = item.substr(std::min(key.size() + 1, item.size()));
    const bool isSize = key == "size", isLatency = key == "latency";
    if (!isSize && !isLatency && key != "of") {
      return expected("size=.., latency=.. or of=..", item);
    }
    const bool isTwice = isSize      ? made.bytes || made.bitsPerWeight
                         : isLatency ? made.seconds.has_value()
                                     : !made.of.empty();
    if (isTwice) {
      return fail(place + ": " + key + " is there twice");
    }
    if (isSize && !readSize(value, made)) {
      return expected("a size such as 300M or 4.5bits", value);
    }
    if (isLatency && !readLatency(value, made)) {
      return expected("a time such as 5ms, 300us or 1.5s", value);
    }
    if (key == "of") {
      if (Status read = readFormats(value, made); !read) {
        return forward(read.error(), place);
      }
    }
  }
  if (!made.bytes && !made.bitsPerWeight && !made.seconds) {
    return fail(place + ": expected a limit, size=.. or latency=..");
  }
  if (made.of.empty()) {
    for (int bits = 2; bits <= 8; ++bits) {
      made.of.push_back(*readFormat("w" + std::to_string(bits) + "a16-g32-asym"));
    }
  }
  return made;
}

Expected<Sensitivities> Sensitivities::parse(std::string_view json, const std::string &name) {
  auto document = JsonDocument::parse(json, name);
  if (!document) {
    return forward(document.error());
  }
  Sensitivities made;
  made.name = name;
  const JsonValue root = document->root();
  JsonReader reader;
  reader.require(root.expectObject());
  for (const std::string &opId : root.keys()) {
    const JsonValue byFormat = root[opId];
    reader.require(byFormat.expectObject());
    for (const std::string &format : byFormat.keys()) {
      const JsonValue value = byFormat[format];
      auto read = readFormat(format);
      if (!read) {
        reader.mistake(value.error(read.error().message));
        continue;
      }
      made.losses[opId].emplace_back(std::move(*read), reader.read(value.number()));
    }
  }
  if (!reader.status) {
    return forward(reader.status.error());
  }
  return made;
}

Expected<Sensitivities> Sensitivities::read(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) {
    return forward(file.error());
  }
  return parse({reinterpret_cast<const char *>(file->data()), file->size()}, path);
}

Expected<double> Sensitivities::lossOf(const std::string &opId,
                                       const std::optional<QuantizationScheme> &format) const {
  auto op = losses.find(opId);
  if (op != losses.end()) {
    for (const auto &[known, loss] : op->second) {
      if (known == format) {
        return loss;
      }
    }
  }
  return fail(name + ": $: expected a loss of " + inQuotes(opId) + " in " + storageName(format));
}
