//===- GgufTokenizer.cpp - SentencePiece vocabularies of GGUF files -----------------===//
#include "coopt/Import/Gguf.h"
#include "coopt/Import/TokenizerJson.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>

using namespace coopt;
using namespace coopt::import;
using package::TokenizerStepKind;
using package::TokenizerTables;

namespace {

constexpr size_t maximumTokens = size_t(1) << 22;
constexpr size_t maximumTokenBytes = 256; // bounds the work on one token, which grows with the square
const char *const space = "\xE2\x96\x81";

enum TokenType { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct Merge {
  TokenizerTables::Merge ids;
  float score;
  size_t left, right; ///< bytes of the parts
};

/// <0xHH>, or nothing.
std::optional<uint8_t> byteOf(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>' || digit(text[3]) < 0 ||
      digit(text[4]) < 0) {
    return std::nullopt;
  }
  return static_cast<uint8_t>(digit(text[3]) * 16 + digit(text[4]));
}

using Index = std::unordered_map<std::string_view, uint32_t>;

/// Every way to put a token together from two: the merge of SentencePiece takes the pair whose token has the best
/// score, which these give when they are sorted by it.
std::vector<Merge> mergesOf(const std::vector<float> &scores, const Index &index) {
  std::vector<Merge> merges;
  for (const auto &[text, id] : index) {
    for (size_t cut = 1; cut < text.size(); ++cut) {
      if ((static_cast<uint8_t>(text[cut]) & 0xC0) == 0x80) {
        continue; // within a character
      }
      auto left = index.find(text.substr(0, cut));
      auto right = left == index.end() ? left : index.find(text.substr(cut));
      if (right != index.end()) {
        merges.push_back({{left->second, right->second, id}, scores[id], cut, text.size() - cut});
      }
    }
  }
  std::sort(merges.begin(), merges.end(), [](const Merge &a, const Merge &b) {
    return std::tie(b.score, b.left, b.right, a.ids.merged, a.ids.left) <
           std::tie(a.score, a.left, a.right, b.ids.merged, b.ids.left);
  });
  return merges;
}

} // namespace

Expected<TokenizerTables> import::ggufTokenizer(const GgufFile &file) {
  auto model = file.string("tokenizer.ggml.model");
  if (!model) {
    return forward(model.error());
  }
  if (*model != "llama") {
    return file.wrong("tokenizer.ggml.model",
                      "tokenizer model " + inQuotes(*model) + " is not supported, expected 'llama'");
  }
  auto texts = file.strings("tokenizer.ggml.tokens");
  auto scores = file.floats("tokenizer.ggml.scores");
  auto types = file.integers("tokenizer.ggml.token_type");
  auto prefixed = file.boolean("tokenizer.ggml.add_space_prefix", true);
  auto suffixed = file.boolean("tokenizer.ggml.add_eos_token", false);
  if (!texts || !scores || !types || !prefixed || !suffixed) {
    return forward(!texts      ? texts.error()
                   : !scores   ? scores.error()
                   : !types    ? types.error()
                   : !prefixed ? prefixed.error()
                               : suffixed.error());
  }
  if (*suffixed) {
    return file.wrong("tokenizer.ggml.add_eos_token", "is not supported in this version, expected false");
  }
  if (texts->size() > maximumTokens || scores->size() != texts->size() || types->size() != texts->size()) {
    return file.wrong("tokenizer.ggml.tokens",
                      "expected at most " + std::to_string(maximumTokens) +
                          " tokens, as many scores and types, got " + std::to_string(texts->size()) + ", " +
                          std::to_string(scores->size()) + " and " + std::to_string(types->size()));
  }
  TokenizerTables tables;
  tables.byteFallback = tables.fuseUnknown = true;
  Index index;
  for (size_t i = 0; i < texts->size(); ++i) {
    auto id = static_cast<uint32_t>(i);
    std::string_view text = (*texts)[i];
    std::string place = "token " + std::to_string(i) + ": ";
    if (text.size() > maximumTokenBytes) {
      return file.wrong("tokenizer.ggml.tokens", place + std::to_string(text.size()) + " bytes, at most " +
                                                     std::to_string(maximumTokenBytes) + " are read");
    }
    if (!std::isfinite((*scores)[i])) {
      return file.wrong("tokenizer.ggml.scores", place + "expected a finite number");
    }
    int64_t type = (*types)[i];
    if (type == Byte) {
      auto byte = byteOf(text);
      if (!byte || tables.byteIds[*byte] != package::noToken) {
        return file.wrong("tokenizer.ggml.tokens",
                          place + "expected a byte <0xHH> that is new, got " + inQuotes(text));
      }
      tables.byteIds[*byte] = id;
      // Found by its byte, never by its text.
      tables.appendToken(std::string(1, static_cast<char>(*byte)), package::TokenByte);
      continue;
    }
    bool special = type == Control || type == Unknown,
         added = (special || type == UserDefined) && !text.empty();
    if (type < Normal || type > Byte) {
      return file.wrong("tokenizer.ggml.token_type",
                        place + "expected a number from 1 to 6, got " + std::to_string(type));
    }
    // Of tokens with one text, the first is found.
    bool found = type == Normal && !text.empty() && index.emplace(text, id).second;
    if (type == Unknown) {
      tables.unknownId = id;
    }
    tables.appendToken(text, (found || added ? package::TokenVocabulary : 0) |
                                 (special ? package::TokenSpecial : 0) | (added ? package::TokenAdded : 0));
    if (added) {
      tables.added.push_back({id, std::string(text), false});
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    if (tables.byteIds[byte] == package::noToken) {
      return file.wrong("tokenizer.ggml.tokens",
                        "expected a token of type 6 for each byte, none is for " + std::to_string(byte));
    }
  }
  for (const Merge &merge : mergesOf(*scores, index)) {
    tables.merges.push_back(merge.ids);
  }
  if (*prefixed) {
    tables.normalizer.push_back({TokenizerStepKind::Prepend, space, "", 0});
  }
  tables.normalizer.push_back({TokenizerStepKind::Replace, " ", space, 0});
  tables.decoder = {{TokenizerStepKind::Replace, space, " ", 0},
                    {TokenizerStepKind::ByteFallback, "", "", 0},
                    {TokenizerStepKind::Fuse, "", "", 0}};
  if (*prefixed) {
    tables.decoder.push_back({TokenizerStepKind::Strip, " ", "", 1});
  }
  return tables;
}

Expected<TokenizerTables> import::readTokenizer(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file || !isGguf(file->data(), file->size())) {
    return readTokenizerJson(path);
  }
  auto parsed = parseGguf(file->data(), file->size(), path);
  if (!parsed) {
    return forward(parsed.error());
  }
  return ggufTokenizer(*parsed);
}
