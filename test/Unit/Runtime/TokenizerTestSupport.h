//===- TokenizerTestSupport.h - Tokenizers and expected encodings for tests ------===//
#ifndef COOPT_TEST_UNIT_RUNTIME_TOKENIZERTESTSUPPORT_H
#define COOPT_TEST_UNIT_RUNTIME_TOKENIZERTESTSUPPORT_H

#include "Files.h"
#include "Tokenizer/Tokenizer.h"
#include "coopt/Import/TokenizerJson.h"

#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace coopt::test {

inline const std::string inputs = COOPT_TEST_SOURCE_DIR "/Unit/Import/Inputs/";
inline const std::string stories = COOPT_TEST_DATA "/models/stories260k/";

/// A tokenizer and the section that it reads.
struct LoadedTokenizer {
  std::vector<uint8_t> section;
  std::optional<runtime::Tokenizer> tokenizer;
  const runtime::Tokenizer *operator->() const { return &*tokenizer; }
};

/// Through all the stages: tables, section, tokenizer. Null (with a failure) if one of them fails.
inline std::unique_ptr<LoadedTokenizer> loadTokenizer(const Expected<package::TokenizerTables> &tables) {
  if (!tables) {
    ADD_FAILURE() << tables.error().message;
    return nullptr;
  }
  auto section = package::serializeTokenizer(*tables);
  if (!section) {
    ADD_FAILURE() << section.error().message;
    return nullptr;
  }
  auto loaded = std::make_unique<LoadedTokenizer>();
  loaded->section = std::move(*section);
  auto tokenizer = runtime::Tokenizer::create(loaded->section.data(), loaded->section.size());
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return nullptr;
  }
  loaded->tokenizer = std::move(*tokenizer);
  return loaded;
}

inline std::unique_ptr<LoadedTokenizer> loadTokenizer(const std::string &path) {
  return loadTokenizer(import::readTokenizerJson(path));
}

/// The ids of a text without special tokens; fails the test on an error.
inline std::vector<int32_t> encode(const LoadedTokenizer &tokenizer, std::string_view text,
                                   bool addSpecial = false) {
  auto ids = tokenizer->encode(text, addSpecial);
  if (!ids) {
    ADD_FAILURE() << ids.error().message;
    return {};
  }
  return *ids;
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_RUNTIME_TOKENIZERTESTSUPPORT_H
