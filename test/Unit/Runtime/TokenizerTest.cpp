#include "TokenizerTestSupport.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

using namespace coopt;
using namespace coopt::test;
using coopt::runtime::TextStream;
using nlohmann::json;
using Ids = std::vector<int32_t>;

namespace {

std::string streamed(const LoadedTokenizer &tokenizer, const Ids &ids, runtime::DecodeOptions options = {}) {
  TextStream stream(*tokenizer.tokenizer, options);
  std::string text;
  for (int32_t id : ids) {
    text += stream.append(id);
  }
  return text + stream.finish();
}

/// Compares with what an independent implementation gave (see Inputs/README.md).
void compareWith(const std::string &file, const std::string &folder) {
  json list = json::parse(readFile(file), nullptr, false);
  ASSERT_TRUE(list.is_array() && !list.empty()) << file;
  for (const json &group : list) {
    std::string name = group["tokenizer"].get<std::string>();
    SCOPED_TRACE(name);
    std::string path = folder + (name == "stories260k" ? "tokenizer.json" : name);
    SCOPED_TRACE(group.value("patch", json()).dump());
    auto tokenizer = loadTokenizer(path);
    if (group.contains("patch")) {
      json changed = json::parse(readFile(path)).patch(group["patch"]);
      tokenizer = loadTokenizer(import::parseTokenizerJson(changed.dump(), name));
    }
    ASSERT_TRUE(tokenizer);
    for (const json &entry : group["cases"]) {
      std::string text = entry["text"].get<std::string>();
      SCOPED_TRACE(entry["text"].dump());
      Ids plain = entry["ids"].get<Ids>();
      EXPECT_EQ(encode(*tokenizer, text), plain);
      EXPECT_EQ(encode(*tokenizer, text, true), entry.value("with_special", plain));
      EXPECT_EQ((*tokenizer)->decode(plain), entry["decoded"].get<std::string>());
      EXPECT_EQ((*tokenizer)->decode(plain, {false, false}), entry["decoded_all"].get<std::string>());
      EXPECT_EQ(streamed(*tokenizer, plain), entry["decoded"].get<std::string>());
    }
    for (const json &entry : group["decode"]) {
      Ids ids = entry["ids"].get<Ids>();
      SCOPED_TRACE(entry["ids"].dump());
      EXPECT_EQ((*tokenizer)->decode(ids), entry["decoded"].get<std::string>());
      EXPECT_EQ((*tokenizer)->decode(ids, {false, false}), entry["decoded_all"].get<std::string>());
      bool byteRuns = (*tokenizer)->tables().kind() == package::TokenizerKind::CharacterBpe;
      if (!byteRuns || entry["decoded"].get<std::string>().find("\uFFFD") == std::string::npos) {
        EXPECT_EQ(streamed(*tokenizer, ids), entry["decoded"].get<std::string>());
      }
    }
  }
}

/// A section made of tables that a test fills in.
std::unique_ptr<LoadedTokenizer> fromTables(const package::TokenizerTables &tables) {
  auto section = package::serializeTokenizer(tables);
  if (!section) {
    ADD_FAILURE() << section.error().message;
    return nullptr;
  }
  auto loaded = std::make_unique<LoadedTokenizer>();
  loaded->section = std::move(*section);
  auto tokenizer = runtime::Tokenizer::create(loaded->section.data(), loaded->section.size());
  EXPECT_TRUE(tokenizer.has_value());
  loaded->tokenizer = std::move(*tokenizer);
  return loaded;
}

/// All 256 bytes as byte-level tokens, id = byte.
package::TokenizerTables byteTables() {
  package::TokenizerTables tables;
  tables.kind = package::TokenizerKind::ByteLevelBpe;
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    tables.appendToken({&c, 1}, package::TokenVocabulary);
    tables.byteIds[byte] = byte;
  }
  return tables;
}

} // namespace

TEST(Tokenizer, AgreesWithAnIndependentImplementation) { compareWith(inputs + "encodings.json", inputs); }

TEST(Tokenizer, AgreesWithAnIndependentImplementationOnUnicode) {
  compareWith(inputs + "encodings-unicode.json", inputs);
}

TEST(Tokenizer, AgreesWithAnIndependentImplementationOnAModel) {
  if (!std::filesystem::exists(stories + "tokenizer.json")) {
    GTEST_SKIP() << stories << " is absent";
  }
  compareWith(inputs + "encodings-stories260k.json", stories);
}

TEST(Tokenizer, ModelReferences) {
  if (!std::filesystem::exists(stories + "references.json")) {
    GTEST_SKIP() << stories << " is absent";
  }
  auto tokenizer = loadTokenizer(stories);
  ASSERT_TRUE(tokenizer);
  EXPECT_FALSE((*tokenizer)->hasPostProcessor());
  json references = json::parse(readFile(stories + "references.json"), nullptr, false);
  ASSERT_EQ(references.size(), 3u);
  for (const json &reference : references) {
    Ids prompt = reference["prompt_ids"].get<Ids>();
    Ids ids = {1}; // bos: the caller's to add, as there is no post-processor
    for (int32_t id : encode(*tokenizer, reference["prompt"].get<std::string>())) {
      ids.push_back(id);
    }
    EXPECT_EQ(ids, prompt);
    for (int32_t id : reference["greedy_ids"].get<Ids>()) {
      ids.push_back(id);
    }
    // The references keep the space that the decoder strips off the beginning of a text.
    std::string text = reference["text"].get<std::string>();
    EXPECT_EQ((*tokenizer)->decode(ids, {true, true}), text);
    EXPECT_EQ(" " + (*tokenizer)->decode(ids), text);
    EXPECT_EQ(streamed(*tokenizer, ids, {true, true}), text);
  }
}

TEST(Tokenizer, StreamHoldsBackIncompleteCharacters) {
  auto tokenizer = fromTables(byteTables());
  TextStream stream(*tokenizer->tokenizer);
  EXPECT_EQ(stream.append(0xF0), "");
  EXPECT_EQ(stream.append(0x9F), "");
  EXPECT_EQ(stream.append(0x98), "");
  EXPECT_EQ(stream.append(0x80), "\xF0\x9F\x98\x80");
  EXPECT_EQ(stream.append(0xE4), "");
  EXPECT_EQ(stream.append('a'), "\xEF\xBF\xBD"
                                "a");
  EXPECT_EQ(stream.append(0xE4), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.finish(), "");
  EXPECT_EQ(stream.append('b'), "b");
}

TEST(Tokenizer, StreamOfByteTokensReplacesOnlyIllFormedBytes) {
  if (!std::filesystem::exists(stories + "tokenizer.json")) {
    GTEST_SKIP() << stories << " is absent";
  }
  auto tokenizer = loadTokenizer(stories);
  ASSERT_TRUE(tokenizer);
  auto byte = [](int value) { return value + 3; };
  Ids ids = {byte('A'), byte(0xE4), byte(0xB8), byte('B')};
  EXPECT_EQ((*tokenizer)->decode(ids), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(streamed(*tokenizer, ids), "A\uFFFD\uFFFDB");
}

TEST(Tokenizer, IdsWithoutTokenAddNoText) {
  auto tokenizer = fromTables(byteTables());
  EXPECT_EQ((*tokenizer)->decode({-1, 'a', 256, INT32_MAX, INT32_MIN, 'b'}), "ab");
}

TEST(Tokenizer, IllFormedTextBecomesItsBytes) {
  auto bytes = byteTables();
  bytes.preTokenizer.push_back({package::TokenizerStepKind::Split, R"(\p{L}+|\s+)", "", 0});
  auto tokenizer = fromTables(bytes);
  std::string text = "a\xFF"
                     "b \xE4\xB8 c\xC0\x80\xED\xA0\x80 \xF4\x90\x80\x80";
  Ids expected;
  for (char c : text) {
    expected.push_back(static_cast<uint8_t>(c));
  }
  EXPECT_EQ(encode(*tokenizer, text), expected);
  if (!std::filesystem::exists(stories + "tokenizer.json")) {
    GTEST_SKIP() << stories << " is absent: byte fallback was not tried";
  }
  auto fallback = loadTokenizer(stories);
  ASSERT_TRUE(fallback);
  EXPECT_EQ(encode(*fallback, "\xFF\xE4\xB8"), (Ids{410, 0xFF + 3, 0xE4 + 3, 0xB8 + 3}));
}

// Normalization, cutting and stripping lose no byte of text that is not UTF-8.
TEST(Tokenizer, IllFormedTextIsNormalizedAround) {
  using package::SplitBehavior;
  auto tables = byteTables();
  tables.normalizer = {{package::TokenizerStepKind::Nfc, "", "", 0}};
  for (auto behavior : {SplitBehavior::Isolated, SplitBehavior::Contiguous, SplitBehavior::MergedWithPrevious,
                        SplitBehavior::MergedWithNext}) {
    tables.preTokenizer = {
        {package::TokenizerStepKind::Split, "\\p{L}+", "", package::splitCount(behavior, false)}};
    auto tokenizer = fromTables(tables);
    EXPECT_EQ(encode(*tokenizer, "a\u030A\xFF u\u0308\xE4\xB8"),
              (Ids{0xC3, 0xA5, 0xFF, ' ', 0xC3, 0xBC, 0xE4, 0xB8}));
  }
  // What is no match vanishes, but not what is no text.
  tables.preTokenizer = {
      {package::TokenizerStepKind::Split, "\\p{L}+", "", package::splitCount(SplitBehavior::Removed, true)}};
  EXPECT_EQ(encode(*fromTables(tables), "a\xFF 1u\xE4\xB8"), (Ids{'a', 0xFF, 'u', 0xE4, 0xB8}));
}

// A token that strips white space on its right and tokens of white space: what one strips, the other still
// finds, as the reference does; long runs must not take quadratic time.
TEST(Tokenizer, StrippedRunsScale) {
  auto tables = byteTables();
  tables.added = {{'S', " ", false, false, true}, {'L', "\t", false, true, false}};
  auto tokenizer = fromTables(tables);
  constexpr size_t count = 300'001;
  EXPECT_EQ(encode(*tokenizer, "a" + std::string(count, ' ') + "b").size(), count + 2);
  EXPECT_EQ(encode(*tokenizer, "a" + std::string(count, '\t') + "b").size(), count + 2);
}

TEST(Tokenizer, BadExpressionNamesTheStep) {
  auto tables = byteTables();
  tables.preTokenizer.push_back({package::TokenizerStepKind::Split, "a(b", "", 0});
  auto section = package::serializeTokenizer(tables);
  ASSERT_TRUE(section.has_value());
  auto tokenizer = runtime::Tokenizer::create(section->data(), section->size());
  ASSERT_FALSE(tokenizer.has_value());
  EXPECT_EQ(tokenizer.error().message,
            "tokenizer: pre-tokenizer step 0: regular expression: offset 3: missing closing parenthesis");
}

TEST(Tokenizer, ExponentialExpressionEndsInAnError) {
  auto tables = byteTables();
  tables.preTokenizer.push_back({package::TokenizerStepKind::Split, "(a|aa)+\\d", "", 0});
  auto tokenizer = fromTables(tables);
  auto ids = (*tokenizer)->encode(std::string(200, 'a'), false);
  ASSERT_FALSE(ids.has_value());
  EXPECT_EQ(ids.error().message, "regular expression: text at byte 0: match limit exceeded");
}

TEST(Tokenizer, EmptyMatchesCutNothing) {
  auto tables = byteTables();
  tables.preTokenizer.push_back({package::TokenizerStepKind::Split, "x*", "", 0});
  tables.merges = {{'a', 'a', 'b'}};
  auto tokenizer = fromTables(tables);
  EXPECT_EQ(encode(*tokenizer, "aaxaa\u00E9"), (Ids{'b', 'x', 'b', 0xC3, 0xA9}));
}

// Merging must not be quadratic: 16 times the text may take 16 log 16 times as long, not 256 times.
TEST(Tokenizer, MergingScales) {
  auto tables = byteTables();
  // a a -> "aa", "aa" "aa" -> "aaaa", ..: every rank waits for the one before, so each level walks over all
  // of the text.
  uint32_t previous = 'a';
  std::string text = "a";
  for (int level = 0; level < 8; ++level) {
    text += text;
    uint32_t id = tables.vocabularySize();
    tables.appendToken(text, package::TokenVocabulary);
    tables.merges.push_back({previous, previous, id});
    previous = id;
  }
  auto tokenizer = fromTables(tables);
  auto seconds = [&](size_t length) {
    auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(encode(*tokenizer, std::string(length, 'a')).size(), length / 256);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds(1 << 14);
  double small = std::min(seconds(1 << 16), seconds(1 << 16));
  double large = seconds(1 << 20);
  EXPECT_LT(large, 80 * small + 0.05) << "2^20 bytes took " << large << " s, 2^16 took " << small << " s";
}

TEST(Tokenizer, ThreadsShareOne) {
  auto tokenizer = loadTokenizer(inputs + "bytelevel-llama3.json");
  ASSERT_TRUE(tokenizer);
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "hello world 123 the\n";
  }
  Ids expected = encode(*tokenizer, text);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto ids = (*tokenizer)->encode(text, false);
      wrong += !ids || *ids != expected;
    });
  }
  for (auto &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0);
}
