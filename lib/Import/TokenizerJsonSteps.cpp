//===- TokenizerJsonSteps.cpp - Normalizer, pre-tokenizer, decoder, post-processor ------===//
#include "TokenizerJsonParts.h"

#include <algorithm>
#include <map>

using namespace coopt;
using namespace coopt::import;
using package::SplitBehavior;
using package::TokenizerKind;
using package::TokenizerStep;
using package::TokenizerStepKind;
using package::TokenizerTables;

namespace {

/// What ByteLevel cuts with unless told otherwise: the expression that GPT-2 was trained with.
constexpr const char *byteLevelExpression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// The members of a Sequence, or the value alone; nothing for null. Sequences inside of sequences are
/// flattened.
Status flatten(const JsonValue &value, const char *members, std::vector<JsonValue> &out) {
  if (value.isNull()) {
    return {};
  }
  auto type = typeOf(value);
  if (!type) {
    return forward(type.error());
  }
  if (*type != "Sequence") {
    out.push_back(value);
    return {};
  }
  JsonValue list = value[members];
  if (auto status = list.expectArray(); !status) {
    return status;
  }
  for (size_t i = 0; i < list.raw().size(); ++i) {
    if (auto status = flatten(list.element(i), members, out); !status) {
      return status;
    }
  }
  return {};
}

tl::unexpected<Error> unsupported(const JsonValue &value, const char *what, const char *known) {
  return value["type"].error(std::string(what) + " " + value["type"].raw().dump() +
                             " is not supported, known are " + known);
}

Expected<TokenizerStep> readReplace(const JsonValue &value) {
  JsonValue pattern = value["pattern"];
  if (!pattern.isObject() || pattern["String"].isNull()) {
    return pattern.error("a Replace with a regular expression is not supported, expected {\"String\": ..}");
  }
  auto text = pattern["String"].string(), content = value["content"].string();
  if (!text || !content) {
    return forward(text ? content.error() : text.error());
  }
  if (text->empty()) {
    return pattern["String"].expected("a text that is not empty");
  }
  return TokenizerStep{TokenizerStepKind::Replace, *text, *content, 0};
}

Expected<TokenizerStep> readNormalizerStep(const JsonValue &value) {
  static const std::map<std::string, TokenizerStepKind> plain = {
      {"NFC", TokenizerStepKind::Nfc},
      {"NFD", TokenizerStepKind::Nfd},
      {"NFKC", TokenizerStepKind::Nfkc},
      {"NFKD", TokenizerStepKind::Nfkd},
      {"Lowercase", TokenizerStepKind::Lowercase},
      {"StripAccents", TokenizerStepKind::RemoveMarks},
  };
  std::string type = *typeOf(value);
  if (auto found = plain.find(type); found != plain.end()) {
    return TokenizerStep{found->second, "", "", 0};
  }
  if (type == "Prepend") {
    auto text = value["prepend"].string();
    return text ? Expected<TokenizerStep>(TokenizerStep{TokenizerStepKind::Prepend, *text, "", 0})
                : forward(text.error());
  }
  if (type == "Replace") {
    return readReplace(value);
  }
  if (type == "Strip") {
    auto left = flagOr(value["strip_left"], true), right = flagOr(value["strip_right"], true);
    if (!left || !right) {
      return forward(left ? right.error() : left.error());
    }
    return TokenizerStep{TokenizerStepKind::Trim, "", "", (*left ? 1u : 0u) | (*right ? 2u : 0u)};
  }
  return unsupported(value, "normalizer",
                     "NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, Sequence");
}

Status readNormalizer(const JsonValue &value, TokenizerTables &tables) {
  std::vector<JsonValue> parts;
  if (auto status = flatten(value, "normalizers", parts); !status) {
    return status;
  }
  for (const JsonValue &part : parts) {
    auto step = readNormalizerStep(part);
    if (!step) {
      return forward(step.error());
    }
    tables.normalizer.push_back(*step);
  }
  return {};
}

/// A regular expression that matches exactly the text.
std::string escaped(const std::string &text) {
  std::string out;
  for (char c : text) {
    bool plain = isalnum(static_cast<unsigned char>(c)) || (static_cast<unsigned char>(c) & 0x80);
    out += plain ? "" : "\\";
    out += c;
  }
  return out;
}

/// Whether an expression has {n,m}+: Oniguruma's Ruby syntax, in which tokenizer.json is written, repeats the
/// interval, where PCRE2 makes it possessive.
bool repeatsInterval(const std::string &expression) {
  bool inClass = false;
  for (size_t i = 0; i < expression.size(); ++i) {
    char c = expression[i];
    if (c == '\\') {
      ++i;
      // The braces of \p{..}, \x{..} and the like are no interval.
      if (i + 1 < expression.size() && expression[i + 1] == '{' &&
          isalpha(static_cast<unsigned char>(expression[i]))) {
        i = std::min(expression.find('}', i), expression.size());
      }
    } else if (c == '[' || c == ']') {
      inClass = c == '[';
    } else if (c == '}' && !inClass && i + 1 < expression.size() && expression[i + 1] == '+') {
      return true;
    }
  }
  return false;
}

Status readSplit(const JsonValue &value, TokenizerTables &tables) {
  static const std::map<std::string, SplitBehavior> behaviors = {
      {"Isolated", SplitBehavior::Isolated},
      {"Removed", SplitBehavior::Removed},
      {"Contiguous", SplitBehavior::Contiguous},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
  };
  auto behavior = value["behavior"].string();
  auto inverted = flagOr(value["invert"], false);
  if (!behavior || !inverted) {
    return forward(behavior ? inverted.error() : behavior.error());
  }
  auto known = behaviors.find(*behavior);
  if (known == behaviors.end()) {
    return value["behavior"].expected("Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext");
  }
  JsonValue pattern = value["pattern"];
  if (!pattern.isObject()) {
    return pattern.expected("{\"Regex\": ..} or {\"String\": ..}");
  }
  bool isText = pattern["Regex"].isNull();
  auto text = pattern[isText ? "String" : "Regex"].string();
  if (!text) {
    return forward(text.error());
  }
  if (text->empty()) {
    return pattern.error("expected an expression that is not empty");
  }
  if (!isText && repeatsInterval(*text)) {
    return pattern["Regex"].error("an interval with + behind it is not supported, expected (?:..{..})+");
  }
  tables.preTokenizer.push_back({TokenizerStepKind::Split, isText ? escaped(*text) : *text, "",
                                 package::splitCount(known->second, *inverted)});
  return {};
}

Status readByteLevel(const JsonValue &value, TokenizerTables &tables) {
  auto prefix = flagOr(value["add_prefix_space"], true), split = flagOr(value["use_regex"], true);
  if (!prefix || !split) {
    return forward(prefix ? split.error() : prefix.error());
  }
  if (*prefix) {
    tables.preTokenizer.push_back({TokenizerStepKind::PrefixSpace, "", "", 0});
  }
  if (*split) {
    tables.preTokenizer.push_back({TokenizerStepKind::Split, byteLevelExpression, "", 0});
  }
  tables.kind = TokenizerKind::ByteLevelBpe;
  return {};
}

Status readDigits(const JsonValue &value, TokenizerTables &tables) {
  auto individual = flagOr(value["individual_digits"], false);
  if (!individual) {
    return forward(individual.error());
  }
  tables.preTokenizer.push_back({TokenizerStepKind::Split, *individual ? "\\p{N}" : "\\p{N}+", "", 0});
  return {};
}

/// Spaces become the replacement, which is put before the text (before every piece of it, or the first, or
/// none) and, unless told otherwise, begins a piece wherever it stands.
Status readMetaspace(const JsonValue &value, TokenizerTables &tables) {
  auto replacement = value["replacement"].string();
  auto split = flagOr(value["split"], true), prefix = flagOr(value["add_prefix_space"], true);
  // Files before version 0.14 of `tokenizers` have add_prefix_space alone.
  auto scheme =
      value["prepend_scheme"].isNull() ? Expected<std::string>("always") : value["prepend_scheme"].string();
  if (!replacement || !split || !prefix || !scheme) {
    return forward(!replacement ? replacement.error()
                   : !split     ? split.error()
                   : !prefix    ? prefix.error()
                                : scheme.error());
  }
  if (replacement->empty()) {
    return value["replacement"].expected("one character");
  }
  if (*scheme != "always" && *scheme != "first" && *scheme != "never") {
    return value["prepend_scheme"].expected("always, first or never");
  }
  tables.preTokenizer.push_back({TokenizerStepKind::Replace, " ", *replacement, 0});
  if (*scheme != "never" && *prefix) {
    tables.preTokenizer.push_back(
        {TokenizerStepKind::PrefixText, *replacement, "", *scheme == "first" ? 1u : 0u});
  }
  if (*split) {
    tables.preTokenizer.push_back({TokenizerStepKind::Split, escaped(*replacement), "",
                                   package::splitCount(SplitBehavior::MergedWithNext, false)});
  }
  return {};
}

Status readPreTokenizer(const JsonValue &value, TokenizerTables &tables) {
  std::vector<JsonValue> parts;
  if (auto status = flatten(value, "pretokenizers", parts); !status) {
    return status;
  }
  static const std::map<std::string, Status (*)(const JsonValue &, TokenizerTables &)> readers = {
      {"Split", readSplit},
      {"Digits", readDigits},
      {"Metaspace", readMetaspace},
      {"ByteLevel", readByteLevel}};
  for (const JsonValue &part : parts) {
    if (tables.kind == TokenizerKind::ByteLevelBpe) {
      return part.error("a pre-tokenizer after ByteLevel is not supported");
    }
    auto reader = readers.find(*typeOf(part));
    if (reader == readers.end()) {
      return unsupported(part, "pre-tokenizer", "Split, Digits, Metaspace, ByteLevel, Sequence");
    }
    if (auto status = reader->second(part, tables); !status) {
      return status;
    }
  }
  return {};
}

Status readDecoder(const JsonValue &value, TokenizerTables &tables) {
  std::vector<JsonValue> parts;
  if (auto status = flatten(value, "decoders", parts); !status) {
    return status;
  }
  if (tables.kind == TokenizerKind::ByteLevelBpe) {
    if (parts.size() != 1 || *typeOf(parts[0]) != "ByteLevel") {
      return value.error("expected the decoder ByteLevel, as the pre-tokenizer is ByteLevel");
    }
    return {};
  }
  if (parts.size() == 1 && *typeOf(parts[0]) == "ByteLevel") {
    return value.error(
        "the decoder ByteLevel is supported beside a pre-tokenizer that ends in ByteLevel only");
  }
  if (parts.empty()) {
    return value.error("a tokenizer without decoder (tokens with spaces between) is not supported");
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const JsonValue &part = parts[i];
    auto type = typeOf(part);
    auto last = tables.decoder.empty() ? TokenizerStepKind::Replace : tables.decoder.back().kind;
    if (*type == "Replace") {
      auto step = readReplace(part);
      if (!step) {
        return forward(step.error());
      }
      if (last != TokenizerStepKind::Replace) {
        return part.error("a Replace after " + *typeOf(parts[i - 1]) + " is not supported");
      }
      // Byte tokens are kept as bytes, so a replacement inside of their names would be lost.
      if (step->text.find_first_not_of("<>0123456789xABCDEFabcdef") == std::string::npos) {
        return part.error("a Replace of " + inQuotes(step->text) +
                          " is not supported, as it may change names of byte tokens");
      }
      tables.decoder.push_back(*step);
    } else if (*type == "ByteFallback" && last == TokenizerStepKind::Replace) {
      tables.decoder.push_back({TokenizerStepKind::ByteFallback, "", "", 0});
    } else if (*type == "Fuse" &&
               (last == TokenizerStepKind::Replace || last == TokenizerStepKind::ByteFallback)) {
      tables.decoder.push_back({TokenizerStepKind::Fuse, "", "", 0});
    } else if (*type == "Strip" && (last == TokenizerStepKind::Fuse || last == TokenizerStepKind::Strip)) {
      auto text = part["content"].string();
      auto start = part["start"].integer(0, 1 << 16), stop = part["stop"].integer(0, 1 << 16);
      if (!text || !start || !stop) {
        return forward(!text ? text.error() : !start ? start.error() : stop.error());
      }
      if (text->empty()) {
        return part["content"].expected("one character");
      }
      if (*stop != 0) {
        return part["stop"].error("a Strip at the end of text is not supported, expected 0");
      }
      tables.decoder.push_back({TokenizerStepKind::Strip, *text, "", static_cast<uint32_t>(*start)});
    } else if (*type == "ByteFallback" || *type == "Fuse" || *type == "Strip") {
      return part.error(*type +
                        " at this place is not supported: the order is Replace, ByteFallback, Fuse, Strip");
    } else {
      return unsupported(part, "decoder", "ByteLevel, Replace, ByteFallback, Fuse, Strip, Sequence");
    }
  }
  return {};
}

/// The ids of a template's special token.
Status appendTemplateIds(const JsonValue &processor, const JsonValue &item,
                         const TokenizerVocabulary &vocabulary, std::vector<uint32_t> &out) {
  auto name = item["SpecialToken"]["id"].string();
  if (!name) {
    return forward(name.error());
  }
  JsonValue tokens = processor["special_tokens"];
  JsonValue ids = tokens.isObject() ? tokens[*name]["ids"] : tokens;
  if (auto status = ids.expectArray(); !status) {
    return status;
  }
  for (size_t i = 0; i < ids.raw().size(); ++i) {
    auto id = ids.element(i).integer(0, maximumTokenId);
    if (!id) {
      return forward(id.error());
    }
    if (static_cast<size_t>(*id) >= vocabulary.tokens.size() || !vocabulary.tokens[*id].exists) {
      return ids.element(i).expected("the id of a token");
    }
    out.push_back(static_cast<uint32_t>(*id));
  }
  return {};
}

Status readTemplate(const JsonValue &processor, TokenizerTables &tables,
                    const TokenizerVocabulary &vocabulary) {
  JsonValue single = processor["single"];
  if (auto status = single.expectArray(); !status) {
    return status;
  }
  bool sequence = false;
  for (size_t i = 0; i < single.raw().size(); ++i) {
    JsonValue item = single.element(i);
    if (auto status = item.expectObject(); !status) {
      return status;
    }
    if (item["SpecialToken"].isObject()) {
      if (auto status =
              appendTemplateIds(processor, item, vocabulary, sequence ? tables.suffix : tables.prefix);
          !status) {
        return status;
      }
    } else if (item["Sequence"].isObject() && item["Sequence"]["id"].raw() == "A" && !sequence) {
      sequence = true;
    } else {
      return item.expected("a SpecialToken or, once, the Sequence A");
    }
  }
  return sequence ? Status{} : Status(single.error("expected the Sequence A once, got none"));
}

} // namespace

Expected<std::string> import::typeOf(const JsonValue &value) {
  if (auto status = value.expectObject(); !status) {
    return forward(status.error());
  }
  return value["type"].string();
}

Status import::refuse(const JsonValue &value, const std::string &feature) {
  const auto &json = value.raw();
  if (json.is_null() || json == false || json == "") {
    return {};
  }
  return value.error(feature + " is not supported, got " + (json.is_structured() ? "a value" : json.dump()));
}

Expected<bool> import::flagOr(const JsonValue &value, bool otherwise) {
  return value.isNull() ? Expected<bool>(otherwise) : value.boolean();
}

Status import::readSteps(const JsonValue &root, TokenizerTables &tables) {
  if (auto status = readNormalizer(root["normalizer"], tables); !status) {
    return status;
  }
  if (auto status = readPreTokenizer(root["pre_tokenizer"], tables); !status) {
    return status;
  }
  return readDecoder(root["decoder"], tables);
}

Status import::readPostProcessor(const JsonValue &value, TokenizerTables &tables,
                                 const TokenizerVocabulary &vocabulary) {
  std::vector<JsonValue> parts;
  if (auto status = flatten(value, "processors", parts); !status) {
    return status;
  }
  tables.hasPostProcessor = !value.isNull();
  bool found = false;
  for (const JsonValue &part : parts) {
    auto type = typeOf(part);
    if (*type == "TemplateProcessing" && !found) {
      found = true;
      if (auto status = readTemplate(part, tables, vocabulary); !status) {
        return status;
      }
    } else if (*type == "TemplateProcessing") {
      return part.error("a second TemplateProcessing is not supported");
    } else if (*type != "ByteLevel") {
      // ByteLevel only trims the offsets that it reports: it changes no ids.
      return unsupported(part, "post-processor", "TemplateProcessing, ByteLevel, Sequence");
    }
  }
  return {};
}
