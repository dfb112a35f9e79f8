//===- GeneratedTokenizer.cpp - A tokenizer for generated models -------------------===//
#include "coopt/Import/ModelGenerator.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

using namespace coopt;
using namespace coopt::import;
using Json = nlohmann::ordered_json;

namespace {

/// U+2581, which stands for a space.
const std::string space = "\xE2\x96\x81";

const char *const words[] = {"the", "and",  "to",   "a",   "was", "he",   "she",  "it",   "in",   "of",
                             "his", "her",  "that", "you", "on",  "they", "with", "said", "for",  "day",
                             "had", "were", "very", "big", "one", "time", "once", "upon", "there"};

/// A vocabulary that grows by merges until it is full.
class Vocabulary {
public:
  explicit Vocabulary(int64_t size) : size(size) {}

  void token(const std::string &text) {
    known.insert(text);
    // Not through the checked interface, which looks through all members for the key.
    vocabulary.get_ref<Json::object_t &>().emplace_back(text, count++);
  }
  bool full() const { return count == size; }

  /// left + right, unless there is no room or it exists already.
  void merge(const std::string &left, const std::string &right) {
    if (!full() && known.count(left + right) == 0) {
      merges.push_back(left + " " + right);
      token(left + right);
    }
  }

  Json vocabulary = Json::object();
  Json merges = Json::array();
  std::unordered_set<std::string> known;
  int64_t size, count = 0;
};

std::string byteToken(int byte) {
  char text[8];
  std::snprintf(text, sizeof(text), "<0x%02X>", byte);
  return text;
}

} // namespace

Expected<std::string> import::generatedTokenizerJson(int64_t vocabularySize) {
  if (vocabularySize < minimumGeneratedVocabulary) {
    return fail("vocabulary of " + std::to_string(vocabularySize) +
                " tokens, a generated tokenizer takes at least " +
                std::to_string(minimumGeneratedVocabulary) +
                ": 3 special tokens, 256 bytes, a space and 94 printable characters");
  }
  const char *const special[] = {"<unk>", "<s>", "</s>"};
  Vocabulary vocabulary(vocabularySize);
  Json added = Json::array();
  for (const char *text : special) {
    added.push_back({{"id", vocabulary.count},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
    vocabulary.token(text);
  }
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.token(byteToken(byte));
  }
  vocabulary.token(space);
  for (char c = 0x21; c < 0x7F; ++c) {
    vocabulary.token(std::string(1, c));
  }
  for (const char *word : words) {
    std::string left = space;
    for (const char *c = word; *c && !vocabulary.full(); ++c) {
      vocabulary.merge(left, std::string(1, *c));
      left += *c;
    }
  }
  for (char first = 'a'; first <= 'z'; ++first) {
    for (char second = 'a'; second <= 'z'; ++second) {
      vocabulary.merge(std::string(1, first), std::string(1, second));
    }
  }
  while (!vocabulary.full()) {
    // Nothing merges to it.
    vocabulary.token("<unused_" + std::to_string(vocabulary.count) + ">");
  }
  Json replaceSpace = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", space}};
  Json replaceMark = {{"type", "Replace"}, {"pattern", {{"String", space}}}, {"content", " "}};
  Json json = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers", Json::array({{{"type", "Prepend"}, {"prepend", space}}, replaceSpace})}}},
      {"pre_tokenizer", nullptr},
      {"post_processor", nullptr},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders", Json::array({replaceMark,
                                  {{"type", "ByteFallback"}},
                                  {{"type", "Fuse"}},
                                  {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}})}}},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", "<unk>"},
        {"continuing_subword_prefix", nullptr},
        {"end_of_word_suffix", nullptr},
        {"fuse_unk", true},
        {"byte_fallback", true},
        {"ignore_merges", false},
        {"vocab", vocabulary.vocabulary},
        {"merges", vocabulary.merges}}},
  };
  return json.dump(0) + "\n";
}
