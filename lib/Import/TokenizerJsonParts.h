//===- TokenizerJsonParts.h - The parts of tokenizer.json, each read in its own file ---===//
#ifndef COOPT_LIB_IMPORT_TOKENIZERJSONPARTS_H
#define COOPT_LIB_IMPORT_TOKENIZERJSONPARTS_H

#include "coopt/PackageFormat/Tokenizer.h"
#include "coopt/Support/Json.h"

#include <nlohmann/json.hpp>

namespace coopt::import {

/// What one file's tokens are, before they become tables.
struct TokenizerVocabulary {
  struct Token {
    std::string text; ///< as the file writes it
    uint8_t flags = 0;
    bool exists = false;
  };
  std::vector<Token> tokens; ///< by id

  /// Makes room for an id and returns its token.
  Token &at(uint32_t id) {
    if (id >= tokens.size()) {
      tokens.resize(size_t(id) + 1);
    }
    return tokens[id];
  }
};

/// Highest id that is read: bounds what a file can make us allocate.
constexpr int64_t maximumTokenId = (1 << 22) - 1;

/// The string of a JSON object's "type"; an error if there is none.
Expected<std::string> typeOf(const JsonValue &value);
/// Refuses a switch that is on (or a text that is not empty, or anything else than null): "FEATURE is not
/// supported".
Status refuse(const JsonValue &value, const std::string &feature);
/// A boolean that may be missing.
Expected<bool> flagOr(const JsonValue &value, bool otherwise);

/// `normalizer`, `pre_tokenizer` and `decoder`; sets the kind.
Status readSteps(const JsonValue &root, package::TokenizerTables &tables);
/// `model`: vocabulary, merges, unknown token, byte ids. Needs the kind and the decoder.
Status readModel(const JsonValue &model, package::TokenizerTables &tables, TokenizerVocabulary &vocabulary);
/// `added_tokens`. Needs the vocabulary and the normalizer.
Status readAddedTokens(const JsonValue &root, package::TokenizerTables &tables,
                       TokenizerVocabulary &vocabulary);
/// `post_processor`. Needs the vocabulary.
Status readPostProcessor(const JsonValue &value, package::TokenizerTables &tables,
                         const TokenizerVocabulary &vocabulary);

/// The character that byte-level vocabularies write for a byte, as UTF-8: printable ones for themselves, the
/// others from U+0100 on (GPT-2's bytes_to_unicode).
const std::string &byteLevelCharacter(uint8_t byte);
/// The bytes that a byte-level text stands for; nothing if it has a character that stands for no byte.
std::optional<std::string> byteLevelBytes(std::string_view text);

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_TOKENIZERJSONPARTS_H
