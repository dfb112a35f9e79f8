//===- TokenizerJsonModel.cpp - Vocabulary and merges of tokenizer.json --------------===//
#include "TokenizerJsonParts.h"

#include <array>

using namespace coopt;
using namespace coopt::import;
using package::noToken;
using package::TokenizerKind;
using package::TokenizerStepKind;
using package::TokenizerTables;

namespace {

using Json = nlohmann::json;

std::string utf8(uint32_t codePoint) {
  // Byte-level characters lie below U+0800.
  if (codePoint < 0x80) {
    return std::string(1, static_cast<char>(codePoint));
  }
  return {static_cast<char>(0xC0 | codePoint >> 6), static_cast<char>(0x80 | (codePoint & 0x3F))};
}

bool standsForItself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::string byteTokenName(unsigned byte) {
  static const char digits[] = "0123456789ABCDEF";
  return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
}

bool isByteTokenName(const std::string &text) {
  return text.size() == 6 && text.compare(0, 3, "<0x") == 0 && text[5] == '>' &&
         isxdigit(static_cast<unsigned char>(text[3])) && isxdigit(static_cast<unsigned char>(text[4]));
}

Expected<const Json *> readVocabulary(const JsonValue &model, bool hasByteFallbackDecoder,
                                      TokenizerVocabulary &vocabulary) {
  JsonValue vocab = model["vocab"];
  if (auto status = vocab.expectObject(); !status) {
    return forward(status.error());
  }
  for (const auto &[text, value] : vocab.raw().items()) {
    bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= static_cast<uint64_t>(maximumTokenId);
    if (!fits) {
      return JsonValue(value, vocab.place() + "[" + inQuotes(text) + "]")
          .expected("an id from 0 to " + std::to_string(maximumTokenId));
    }
    auto &token = vocabulary.at(value.get<uint32_t>());
    if (token.exists) {
      return vocab.error("id " + value.dump() + " belongs to " + inQuotes(token.text) + " and to " +
                         inQuotes(text));
    }
    token.text = text;
    token.exists = true;
    token.flags =
        package::TokenVocabulary | (hasByteFallbackDecoder && isByteTokenName(text) ? package::TokenByte : 0);
  }
  return &vocab.raw();
}

uint32_t find(const Json &vocabulary, const std::string &text) {
  auto found = vocabulary.find(text);
  return found == vocabulary.end() ? noToken : found->get<uint32_t>();
}

/// ["a", "b"], or "a b" with exactly one space, as files before version 0.20 of `tokenizers` have it.
bool splitMerge(const Json &entry, std::string &left, std::string &right) {
  if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
    left = entry[0].get<std::string>();
    right = entry[1].get<std::string>();
    return true;
  }
  if (!entry.is_string()) {
    return false;
  }
  const auto &text = entry.get_ref<const std::string &>();
  size_t space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos) {
    return false;
  }
  left = text.substr(0, space);
  right = text.substr(space + 1);
  return true;
}

Status readMerges(const JsonValue &list, const Json &vocabulary, TokenizerTables &tables) {
  if (auto status = list.expectArray(); !status) {
    return status;
  }
  std::string left, right;
  for (size_t i = 0; i < list.raw().size(); ++i) {
    const Json &entry = list.raw()[i];
    if (entry.is_string() && entry.get_ref<const std::string &>().compare(0, 8, "#version") == 0) {
      continue;
    }
    if (!splitMerge(entry, left, right)) {
      return list.element(i).expected("two tokens, as a pair or with one space between");
    }
    uint32_t ids[3] = {find(vocabulary, left), find(vocabulary, right), find(vocabulary, left + right)};
    for (int part = 0; part < 3; ++part) {
      if (ids[part] == noToken) {
        return list.element(i).error("merge of " + inQuotes(left) + " and " + inQuotes(right) +
                                     ": the vocabulary lacks " +
                                     inQuotes(part == 0   ? left
                                              : part == 1 ? right
                                                          : left + right));
      }
    }
    tables.merges.push_back({ids[0], ids[1], ids[2]});
  }
  return {};
}

Status readBytes(const JsonValue &model, const Json &vocabulary, TokenizerTables &tables) {
  auto fallback = flagOr(model["byte_fallback"], false);
  if (!fallback) {
    return forward(fallback.error());
  }
  tables.byteFallback = *fallback;
  bool byteLevel = tables.kind == TokenizerKind::ByteLevelBpe;
  if (byteLevel && *fallback) {
    return model["byte_fallback"].error("byte fallback beside a ByteLevel pre-tokenizer is not supported");
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (byteLevel) {
      tables.byteIds[byte] = find(vocabulary, byteLevelCharacter(static_cast<uint8_t>(byte)));
    } else if (*fallback) {
      tables.byteIds[byte] = find(vocabulary, byteTokenName(byte));
      if (tables.byteIds[byte] == noToken) {
        return model["byte_fallback"].error("byte fallback needs all 256 byte tokens, the vocabulary lacks " +
                                            inQuotes(byteTokenName(byte)));
      }
    }
  }
  return {};
}

} // namespace

const std::string &import::byteLevelCharacter(uint8_t byte) {
  static const auto characters = [] {
    std::array<std::string, 256> table;
    uint32_t next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
      table[b] = utf8(standsForItself(b) ? b : next++);
    }
    return table;
  }();
  return characters[byte];
}

std::optional<std::string> import::byteLevelBytes(std::string_view text) {
  static const auto bytes = [] {
    std::array<int, 0x800> table;
    table.fill(-1);
    uint32_t next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
      table[standsForItself(b) ? b : next++] = static_cast<int>(b);
    }
    return table;
  }();
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned lead = static_cast<uint8_t>(text[i]);
    unsigned codePoint = lead;
    if (lead >= 0x80) {
      if (lead < 0xC2 || lead > 0xDF || i + 1 == text.size()) {
        return std::nullopt;
      }
      codePoint = (lead & 0x1F) << 6 | (static_cast<uint8_t>(text[++i]) & 0x3F);
    }
    if (bytes[codePoint] < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(bytes[codePoint]);
  }
  return out;
}

Status import::readModel(const JsonValue &model, TokenizerTables &tables, TokenizerVocabulary &vocabulary) {
  if (auto status = model.expectObject(); !status) {
    return status;
  }
  JsonValue type = model["type"];
  if (!type.isNull() && type.raw() != "BPE") {
    return type.error("tokenizer model " + type.raw().dump() + " is not supported, expected 'BPE'");
  }
  if (model["dropout"].raw() != 0) {
    if (auto status = refuse(model["dropout"], "dropout"); !status) {
      return status;
    }
  }
  for (const char *affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (auto status = refuse(model[affix], affix); !status) {
      return status;
    }
  }
  auto fuse = flagOr(model["fuse_unk"], false), ignore = flagOr(model["ignore_merges"], false);
  if (!fuse || !ignore) {
    return forward(fuse ? ignore.error() : fuse.error());
  }
  tables.fuseUnknown = *fuse;
  tables.ignoreMerges = *ignore;

  bool hasByteFallbackDecoder = false;
  for (const auto &step : tables.decoder) {
    hasByteFallbackDecoder |= step.kind == TokenizerStepKind::ByteFallback;
  }
  auto vocab = readVocabulary(model, hasByteFallbackDecoder, vocabulary);
  if (!vocab) {
    return forward(vocab.error());
  }
  if (JsonValue unknown = model["unk_token"]; !unknown.isNull()) {
    auto text = unknown.string();
    if (!text) {
      return forward(text.error());
    }
    tables.unknownId = find(**vocab, *text);
    if (*tables.unknownId == noToken) {
      return unknown.error(inQuotes(*text) + " is not in the vocabulary");
    }
  }
  if (auto status = readBytes(model, **vocab, tables); !status) {
    return status;
  }
  return readMerges(model["merges"], **vocab, tables);
}
