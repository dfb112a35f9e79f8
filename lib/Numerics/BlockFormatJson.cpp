#include "coopt/Numerics/BlockFormatJson.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::numerics;
using nlohmann::ordered_json;

namespace {

template <class T>
struct Word {
  const char *word;
  T value;
};

constexpr Word<EncodingKind> kKinds[] = {{"none", EncodingKind::None},
                                         {"symmetric", EncodingKind::Symmetric},
                                         {"asymmetric", EncodingKind::Asymmetric},
                                         {"min-max", EncodingKind::MinMax},
                                         {"two-level", EncodingKind::TwoLevel},
                                         {"liquid", EncodingKind::Liquid},
                                         {"shared-exponent", EncodingKind::SharedExponent},
                                         {"amax", EncodingKind::Amax},
                                         {"two-amax", EncodingKind::TwoAmax},
                                         {"signed-amax", EncodingKind::SignedAmax},
                                         {"ternary-mean", EncodingKind::TernaryMean},
                                         {"sign-mean", EncodingKind::SignMean},
                                         {"pairs", EncodingKind::Pairs}};
constexpr Word<Rounding> kRoundings[] = {{"nearest-even", Rounding::NearestEven},
                                         {"nearest-away", Rounding::NearestAway},
                                         {"nearest-to-zero", Rounding::NearestToZero},
                                         {"nearest-lower", Rounding::NearestLower},
                                         {"stochastic", Rounding::Stochastic}};
constexpr Word<EncodingConvention> kConventions[] = {{"division", EncodingConvention::Division},
                                                     {"reciprocal", EncodingConvention::Reciprocal},
                                                     {"ggml", EncodingConvention::Ggml}};
constexpr Word<SpecialCodes> kSpecials[] = {
    {"ieee", SpecialCodes::Ieee}, {"nan", SpecialCodes::NanOnly}, {"none", SpecialCodes::None}};

template <class T, size_t n>
Expected<T> readWord(const JsonValue &value, const Word<T> (&words)[n]) {
  auto text = value.string();
  if (!text) {
    return forward(text.error());
  }
  std::vector<std::string> known;
  for (const Word<T> &word : words) {
    if (*text == word.word) {
      return word.value;
    }
    known.emplace_back(word.word);
  }
  return value.error("expected " + alternatives(known) + ", got " + inQuotes(*text) +
                     didYouMean(*text, known));
}
template <class T, size_t n>
std::string wordOf(T value, const Word<T> (&words)[n]) {
  for (const Word<T> &word : words) {
    if (word.value == value) {
      return word.word;
    }
  }
  return "";
}

Expected<ElementFormat> readScaleType(const JsonValue &value) {
  auto text = value.string();
  if (!text) {
    return forward(text.error());
  }
  const Word<ElementFormat> named[] = {{"f32", ElementFormat::f32()},   {"f16", ElementFormat::f16()},
                                       {"bf16", ElementFormat::bf16()}, {"e8m0", ElementFormat::e8m0()},
                                       {"e4m3", ElementFormat::e4m3()}, {"e5m2", ElementFormat::e5m2()}};
  for (const Word<ElementFormat> &word : named) {
    if (*text == word.word) {
      return word.value;
    }
  }
  if (text->size() == 2 && ((*text)[0] == 'u' || (*text)[0] == 'i') && (*text)[1] >= '1' &&
      (*text)[1] <= '8') {
    return ElementFormat::makeInteger((*text)[1] - '0', (*text)[0] == 'i');
  }
  return value.error("expected f32, f16, bf16, e8m0, e4m3, e5m2, u1..u8 or i1..i8, got " + inQuotes(*text));
}
std::string scaleTypeName(const ElementFormat &type) {
  return type == ElementFormat::e4m3() ? "e4m3" : type == ElementFormat::e5m2() ? "e5m2" : type.name();
}

std::vector<ScaleLevel> readLevels(JsonReader &reader, const JsonValue &value) {
  std::vector<ScaleLevel> levels;
  reader.forEach(value, [&](const JsonValue &item) {
    if (levels.size() == kLargestScaleLevels) {
      reader.mistake(item.error("expected at most 3 levels"));
      return;
    }
    ScaleLevel level;
    reader.require(item.expectKeys({"type", "span", "rows"}));
    reader.take(readScaleType(item["type"]), level.type);
    if (item["span"].isString()) {
      std::string span = reader.read(item["span"].string());
      if (span != "row" && span != "tensor") {
        reader.mistake(
            item["span"].error("expected a number of elements, 'row' or 'tensor', got " + inQuotes(span)));
      }
      level.rows = span == "tensor" ? 0 : 1;
    } else {
      level.span = reader.read(item["span"].integer(1, std::numeric_limits<int32_t>::max()));
    }
    if (!item["rows"].isMissing()) {
      if (level.rows == 0) {
        reader.mistake(item["rows"].error("a span of 'tensor' has all rows"));
      }
      level.rows = reader.read(item["rows"].integer(1, std::numeric_limits<int32_t>::max()));
    }
    levels.push_back(level);
  });
  return levels;
}

std::vector<float> readNumbers(JsonReader &reader, const JsonValue &value) {
  std::vector<float> numbers;
  if (value.isArray() && value.size() > 256) {
    reader.mistake(value.error("expected at most 256 numbers, got " + std::to_string(value.size())));
    return numbers;
  }
  constexpr double largest = std::numeric_limits<float>::max();
  reader.forEach(value, [&](const JsonValue &item) {
    numbers.push_back(static_cast<float>(reader.read(item.number(-largest, largest))));
  });
  return numbers;
}

BlockElement readElement(JsonReader &reader, const JsonValue &value) {
  BlockElement element;
  reader.require(value.expectObject());
  auto type = reader.read(value["type"].string());
  std::vector<std::string> keys = {"type", "bits", "outliers", "victim"};
  auto bits = [&] { return static_cast<int>(reader.read(value["bits"].integer(1, 8))); };
  auto exponent = [&] {
    return value["exponent"].isMissing()
               ? 0
               : static_cast<int>(reader.read(value["exponent"].integer(-126, 119)));
  };
  auto inPlace = [&](Expected<ElementFormat> format) {
    if (format) {
      element.format = *format;
    } else if (reader.status) {
      reader.mistake(value.error(format.error().message));
    }
  };
  if (type == "integer") {
    bool isSigned = value["signed"].isMissing() || reader.read(value["signed"].boolean());
    inPlace(ElementFormat::makeInteger(bits(), isSigned, exponent()));
    keys.insert(keys.end(), {"signed", "exponent"});
  } else if (type == "bipolar") {
    inPlace(ElementFormat::makeBipolar(bits(), exponent()));
    keys.emplace_back("exponent");
  } else if (type == "float") {
    auto exponentBits = static_cast<int>(reader.read(value["exponentBits"].integer(1, 7)));
    auto mantissaBits = static_cast<int>(reader.read(value["mantissaBits"].integer(0, 6)));
    int bias = (1 << std::max(exponentBits - 1, 0)) - 1;
    if (!value["bias"].isMissing()) {
      bias = static_cast<int>(reader.read(value["bias"].integer(-126, 254)));
    }
    SpecialCodes specials = SpecialCodes::None;
    if (!value["specials"].isMissing()) {
      reader.take(readWord(value["specials"], kSpecials), specials);
    }
    if (exponentBits + mantissaBits > 7) {
      reader.mistake(value.error("expected a float of at most 8 bits, got " +
                                 std::to_string(1 + exponentBits + mantissaBits)));
    } else {
      inPlace(ElementFormat::makeFloat(exponentBits, mantissaBits, bias, specials, true));
    }
    keys = {"type", "outliers", "victim", "exponentBits", "mantissaBits", "bias", "specials"};
  } else if (type == "codebook") {
    inPlace(ElementFormat::makeInteger(bits(), false));
    if (value["values"].isArray() && (value["values"].size() == 0 || value["values"].size() > 256)) {
      reader.mistake(value["values"].error("expected 1 to 256 codebooks, got " +
                                           std::to_string(value["values"].size())));
    } else {
      reader.forEach(value["values"],
                     [&](const JsonValue &book) { element.codebooks.push_back(readNumbers(reader, book)); });
    }
    keys.emplace_back("values");
  } else if (reader.status) {
    reader.mistake(
        value["type"].error("expected integer, bipolar, float or codebook, got " + inQuotes(type)));
  }
  if (!value["outliers"].isMissing()) {
    element.outliers = readNumbers(reader, value["outliers"]);
    element.victim = static_cast<uint32_t>(reader.read(value["victim"].integer(0, 255)));
  } else if (!value["victim"].isMissing()) {
    reader.mistake(value["victim"].error("there are no outliers"));
  }
  if (reader.status) {
    reader.require(value.expectKeys(keys));
  }
  return element;
}

BlockEncoding readEncoding(JsonReader &reader, const JsonValue &value) {
  BlockEncoding encoding;
  reader.require(value.expectKeys({"kind", "rounding", "convention", "floor"}));
  reader.take(readWord(value["kind"], kKinds), encoding.kind);
  if (!value["rounding"].isMissing()) {
    reader.take(readWord(value["rounding"], kRoundings), encoding.rounding);
  }
  if (!value["convention"].isMissing()) {
    reader.take(readWord(value["convention"], kConventions), encoding.convention);
  }
  if (!value["floor"].isMissing()) {
    constexpr double largest = std::numeric_limits<float>::max();
    encoding.floor = static_cast<float>(reader.read(value["floor"].number(0, largest)));
  }
  return encoding;
}

ordered_json levelsToJson(const std::vector<ScaleLevel> &levels) {
  ordered_json result = ordered_json::array();
  for (const ScaleLevel &level : levels) {
    ordered_json item = {{"type", scaleTypeName(level.type)}};
    bool tensor = level.span == 0 && level.rows == 0;
    item["span"] = tensor            ? ordered_json("tensor")
                   : level.span == 0 ? ordered_json("row")
                                     : ordered_json(level.span);
    if (!tensor && level.rows != 1) {
      item["rows"] = level.rows;
    }
    result.push_back(std::move(item));
  }
  return result;
}

ordered_json elementToJson(const BlockElement &element) {
  const ElementFormat &format = element.format;
  ordered_json result = ordered_json::object();
  if (!element.codebooks.empty()) {
    result = {{"type", "codebook"}, {"bits", format.bits}, {"values", element.codebooks}};
  } else if (format.kind == ElementFormat::Kind::Float) {
    result = {{"type", "float"},
              {"exponentBits", format.exponentBits},
              {"mantissaBits", format.mantissaBits},
              {"bias", format.bias},
              {"specials", wordOf(format.specials, kSpecials)}};
  } else {
    bool bipolar = format.kind == ElementFormat::Kind::BipolarInteger;
    result = {{"type", bipolar ? "bipolar" : "integer"}, {"bits", format.bits}};
    if (!bipolar) {
      result["signed"] = format.kind == ElementFormat::Kind::SignedInteger;
    }
    if (format.integerExponent != 0) {
      result["exponent"] = format.integerExponent;
    }
  }
  if (!element.outliers.empty()) {
    result["outliers"] = element.outliers;
    result["victim"] = element.victim;
  }
  return result;
}

} // namespace

Expected<BlockFormat> numerics::readBlockFormat(const JsonValue &value) {
  JsonReader reader;
  BlockFormat format;
  reader.require(
      value.expectKeys({"name", "description", "element", "scales", "zeros", "minimums", "encoder"}));
  reader.take(value["name"].string(), format.name);
  if (!value["description"].isMissing()) {
    reader.take(value["description"].string(), format.description);
  }
  format.element = readElement(reader, value["element"]);
  format.scales = readLevels(reader, value["scales"]);
  if (!value["zeros"].isMissing()) {
    reader.require(value["zeros"].expectKeys({"bits"}));
    format.zeroBits = static_cast<int>(reader.read(value["zeros"]["bits"].integer(1, 8)));
  }
  if (JsonValue minimums = value["minimums"]; !minimums.isMissing()) {
    reader.require(minimums.expectKeys({"after", "subtracted", "levels"}));
    Minimums result;
    result.after = static_cast<int>(reader.read(minimums["after"].integer(1, kLargestScaleLevels)));
    result.subtracted = !minimums["subtracted"].isMissing() && reader.read(minimums["subtracted"].boolean());
    result.levels = readLevels(reader, minimums["levels"]);
    format.minimums = std::move(result);
  }
  if (!value["encoder"].isMissing()) {
    format.encoding = readEncoding(reader, value["encoder"]);
  }
  if (!reader.status) {
    return forward(reader.status.error());
  }
  if (Status status = format.validate(); !status) {
    return fail(value.place() + "." + status.error().message);
  }
  return format;
}

Expected<BlockFormat> numerics::parseBlockFormat(std::string_view text, const std::string &name) {
  auto document = JsonDocument::parse(text, name, size_t(1) << 20);
  if (!document) {
    return forward(document.error());
  }
  return readBlockFormat(document->root());
}

std::string numerics::printBlockFormat(const BlockFormat &format, bool compact) {
  ordered_json result = {{"name", format.name}};
  if (!format.description.empty()) {
    result["description"] = format.description;
  }
  result["element"] = elementToJson(format.element);
  result["scales"] = levelsToJson(format.scales);
  if (format.zeroBits > 0) {
    result["zeros"] = {{"bits", format.zeroBits}};
  }
  if (format.minimums) {
    result["minimums"] = {{"after", format.minimums->after},
                          {"subtracted", format.minimums->subtracted},
                          {"levels", levelsToJson(format.minimums->levels)}};
  }
  result["encoder"] = {{"kind", wordOf(format.encoding.kind, kKinds)},
                       {"rounding", wordOf(format.encoding.rounding, kRoundings)},
                       {"convention", wordOf(format.encoding.convention, kConventions)},
                       {"floor", format.encoding.floor}};
  std::string text = result.dump(compact ? -1 : 2, ' ', false, ordered_json::error_handler_t::replace);
  return compact ? text : text + "\n";
}
