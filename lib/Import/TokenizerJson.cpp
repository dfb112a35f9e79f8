#include "coopt/Import/TokenizerJson.h"
#include "TokenizerJsonParts.h"
#include "coopt/PackageFormat/TokenizerNormalizer.h"
#include "coopt/Support/MappedFile.h"

#include <filesystem>
#include <set>

using namespace coopt;
using namespace coopt::import;
using package::TokenizerKind;
using package::TokenizerTables;

namespace {

constexpr size_t maximumTokenizerBytes = 256 << 20;

/// What the normalizer makes of a text: added tokens marked `normalized` are looked for in this form.
std::string normalize(std::string text, const TokenizerTables &tables) {
  for (const auto &step : tables.normalizer) {
    text =
        package::applyNormalizerStep(std::move(text), {step.kind, step.count, step.text, step.replacement});
  }
  return text;
}

/// Writes the tokens in the form that the tables ask for.
void fillText(const TokenizerVocabulary &vocabulary, TokenizerTables &tables) {
  for (const auto &token : vocabulary.tokens) {
    uint8_t flags = token.flags;
    if (flags & package::TokenByte) {
      // <0xHH>; found by its byte, never by its text.
      char byte = static_cast<char>(std::stoi(token.text.substr(3, 2), nullptr, 16));
      tables.appendToken({&byte, 1}, flags & ~package::TokenVocabulary);
    } else if (tables.kind == TokenizerKind::ByteLevelBpe) {
      auto bytes = byteLevelBytes(token.text);
      tables.appendToken(bytes ? *bytes : token.text, bytes ? flags : flags & ~package::TokenVocabulary);
    } else {
      tables.appendToken(token.text, flags);
    }
  }
}

} // namespace

Status import::readAddedTokens(const JsonValue &root, TokenizerTables &tables,
                               TokenizerVocabulary &vocabulary) {
  JsonValue list = root["added_tokens"];
  if (list.isNull()) {
    return {};
  }
  if (auto status = list.expectArray(); !status) {
    return status;
  }
  std::map<std::string, uint32_t> known;
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].exists) {
      known.emplace(vocabulary.tokens[id].text, id);
    }
  }
  std::set<std::string> seen[2];
  for (size_t i = 0; i < list.raw().size(); ++i) {
    JsonValue entry = list.element(i);
    if (auto status = entry.expectObject(); !status) {
      return status;
    }
    if (auto status = refuse(entry["single_word"], "single_word of added tokens"); !status) {
      return status;
    }
    auto id = entry["id"].integer(0, maximumTokenId);
    auto content = entry["content"].string();
    auto special = flagOr(entry["special"], false);
    auto normalized = flagOr(entry["normalized"], special && !*special);
    auto left = flagOr(entry["lstrip"], false), right = flagOr(entry["rstrip"], false);
    if (!id || !content) {
      return forward(id ? content.error() : id.error());
    }
    for (const auto *flag : {&special, &normalized, &left, &right}) {
      if (!*flag) {
        return forward(flag->error());
      }
    }
    std::string text = *normalized ? normalize(*content, tables) : *content;
    if (text.empty()) {
      return entry["content"].expected("a text that is not empty");
    }
    auto token = known.find(*content);
    if (token != known.end() && token->second != *id) {
      return entry["id"].expected(std::to_string(token->second) + ", the id of " + inQuotes(*content) +
                                  " in the vocabulary");
    }
    auto &slot = vocabulary.at(static_cast<uint32_t>(*id));
    if (token == known.end() && slot.exists) {
      return entry["id"].error(std::to_string(*id) + " is the id of " + inQuotes(slot.text) + " already");
    }
    if (!seen[*normalized].insert(text).second) {
      return entry["content"].error(inQuotes(*content) + " is added twice");
    }
    if (!slot.exists) {
      // In the form in which it stood in the text, so that decoding gives that text back.
      slot.text = text;
      slot.exists = true;
    }
    slot.flags |= package::TokenAdded | (*special ? package::TokenSpecial : 0);
    known.emplace(*content, *id);
    tables.added.push_back({static_cast<uint32_t>(*id), std::move(text), *normalized, *left, *right});
  }
  return {};
}

Expected<TokenizerTables> import::parseTokenizerJson(std::string_view text, const std::string &name) {
  auto document = JsonDocument::parse(text, name, maximumTokenizerBytes);
  if (!document) {
    return forward(document.error());
  }
  JsonValue root = document->root();
  if (auto status = root.expectObject(); !status) {
    return forward(status.error());
  }
  TokenizerTables tables;
  TokenizerVocabulary vocabulary;
  auto read = [&]() -> Status {
    if (auto status = refuse(root["truncation"], "truncation"); !status) {
      return status;
    }
    if (auto status = refuse(root["padding"], "padding"); !status) {
      return status;
    }
    if (auto status = readSteps(root, tables); !status) {
      return status;
    }
    if (auto status = readModel(root["model"], tables, vocabulary); !status) {
      return status;
    }
    if (auto status = readAddedTokens(root, tables, vocabulary); !status) {
      return status;
    }
    return readPostProcessor(root["post_processor"], tables, vocabulary);
  };
  if (auto status = read(); !status) {
    return forward(status.error());
  }
  fillText(vocabulary, tables);
  return tables;
}

Expected<TokenizerTables> import::readTokenizerJson(const std::string &path) {
  std::error_code error;
  std::string name = std::filesystem::is_directory(path, error) ? path + "/tokenizer.json" : path;
  auto file = MappedFile::open(name);
  if (!file) {
    return forward(file.error());
  }
  return parseTokenizerJson({reinterpret_cast<const char *>(file->data()), file->size()}, name);
}
