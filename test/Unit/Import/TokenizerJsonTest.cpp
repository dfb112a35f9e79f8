#include "coopt/Import/TokenizerJson.h"
#include "ImportTestSupport.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;
using namespace coopt::test;
using nlohmann::json;

namespace {

json load(const std::string &name) { return json::parse(readFile(inputs + name), nullptr, false); }
const std::string characters = "characters-fused.json", byteLevel = "bytelevel-llama3.json";

std::string messageOf(const json &tokenizer) {
  auto tables = parseTokenizerJson(tokenizer.dump(), "t");
  return tables ? "no error" : tables.error().message;
}

/// The message when the value at a JSON pointer is another.
std::string messageWith(const std::string &file, const std::string &pointer, const json &value) {
  json tokenizer = load(file);
  tokenizer[json::json_pointer(pointer)] = value;
  return messageOf(tokenizer);
}

} // namespace

TEST(TokenizerJson, Characters) {
  auto tables = readTokenizerJson(inputs + characters);
  ASSERT_TRUE(tables.has_value()) << tables.error().message;
  EXPECT_EQ(tables->kind, package::TokenizerKind::CharacterBpe);
  EXPECT_EQ(tables->vocabularySize(), 14u);
  EXPECT_TRUE(tables->fuseUnknown);
  EXPECT_FALSE(tables->byteFallback);
  EXPECT_TRUE(tables->hasPostProcessor);
  EXPECT_EQ(tables->unknownId, 0u);
  EXPECT_EQ(tables->prefix, (std::vector<uint32_t>{1}));
  EXPECT_EQ(tables->suffix, (std::vector<uint32_t>{1}));
  EXPECT_EQ(tables->merges.size(), 6u);
  EXPECT_EQ(tables->flags[1], package::TokenSpecial | package::TokenAdded | package::TokenVocabulary);
  EXPECT_EQ(tables->flags[13], package::TokenAdded);
  EXPECT_EQ(tables->normalizer.size(), 2u);
  EXPECT_EQ(tables->decoder.size(), 3u);
}

TEST(TokenizerJson, UnsupportedFeaturesAreNamed) {
  EXPECT_EQ(messageOf(load(characters)), "no error");
  EXPECT_EQ(messageWith(characters, "/model/type", "WordPiece"),
            "t: $.model.type: tokenizer model \"WordPiece\" is not supported, expected 'BPE'");
  EXPECT_EQ(messageWith(characters, "/model/dropout", 0.1),
            "t: $.model.dropout: dropout is not supported, got 0.1");
  EXPECT_EQ(messageWith(characters, "/model/end_of_word_suffix", "</w>"),
            "t: $.model.end_of_word_suffix: end_of_word_suffix is not supported, got \"</w>\"");
  EXPECT_EQ(messageWith(characters, "/model/continuing_subword_prefix", ""), "no error");
  EXPECT_EQ(
      messageWith(characters, "/model/byte_fallback", true),
      "t: $.model.byte_fallback: byte fallback needs all 256 byte tokens, the vocabulary lacks '<0x00>'");
  EXPECT_EQ(messageWith(byteLevel, "/model/byte_fallback", true),
            "t: $.model.byte_fallback: byte fallback beside a ByteLevel pre-tokenizer is not supported");
  EXPECT_EQ(messageWith(characters, "/truncation", {{"max_length", 5}}),
            "t: $.truncation: truncation is not supported, got a value");
  EXPECT_EQ(messageWith(characters, "/padding", json::object()),
            "t: $.padding: padding is not supported, got a value");
  EXPECT_EQ(
      messageWith(characters, "/normalizer", {{"type", "BertNormalizer"}}),
      "t: $.normalizer.type: normalizer \"BertNormalizer\" is not supported, known are NFC, NFD, NFKC, NFKD, "
      "Lowercase, Strip, StripAccents, Prepend, Replace, Sequence");
  EXPECT_EQ(messageWith(characters, "/normalizer/normalizers/1/pattern", {{"Regex", "a"}}),
            "t: $.normalizer.normalizers[1].pattern: a Replace with a regular expression is not supported, "
            "expected "
            "{\"String\": ..}");
  EXPECT_EQ(messageWith(characters, "/normalizer/normalizers/1/pattern/String", ""),
            "t: $.normalizer.normalizers[1].pattern.String: expected a text that is not empty, got ''");
  EXPECT_EQ(
      messageWith(characters, "/pre_tokenizer", {{"type", "Whitespace"}}),
      "t: $.pre_tokenizer.type: pre-tokenizer \"Whitespace\" is not supported, known are Split, Digits, "
      "Metaspace, ByteLevel, Sequence");
  EXPECT_EQ(messageWith(characters, "/pre_tokenizer", {{"type", "Metaspace"}}),
            "t: $.pre_tokenizer.replacement: expected a string, got nothing");
  EXPECT_EQ(messageWith(characters, "/pre_tokenizer",
                        {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "last"}}),
            "t: $.pre_tokenizer.prepend_scheme: expected always, first or never, got 'last'");
  EXPECT_EQ(messageWith(byteLevel, "/pre_tokenizer/pretokenizers/0/behavior", "Kept"),
            "t: $.pre_tokenizer.pretokenizers[0].behavior: expected Isolated, Removed, Contiguous, "
            "MergedWithPrevious or MergedWithNext, got 'Kept'");
  EXPECT_EQ(messageWith(byteLevel, "/pre_tokenizer/pretokenizers/0/invert", 1),
            "t: $.pre_tokenizer.pretokenizers[0].invert: expected true or false, got 1");
  for (const char *expression : {"\\p{N}{1,3}+", "a{2}+b"}) {
    EXPECT_EQ(
        messageWith(byteLevel, "/pre_tokenizer/pretokenizers/0/pattern/Regex", expression),
        "t: $.pre_tokenizer.pretokenizers[0].pattern.Regex: an interval with + behind it is not supported, "
        "expected (?:..{..})+");
  }
  for (const char *expression : {"\\p{N}+|[}]+|\\}+|(?:a{2})+|\\x{20}+", "\\p{"}) {
    EXPECT_EQ(messageWith(byteLevel, "/pre_tokenizer/pretokenizers/0/pattern/Regex", expression), "no error");
  }
  json onlySplit = load(byteLevel);
  onlySplit["pre_tokenizer"] = onlySplit["pre_tokenizer"]["pretokenizers"][0];
  EXPECT_EQ(
      messageOf(onlySplit),
      "t: $.decoder: the decoder ByteLevel is supported beside a pre-tokenizer that ends in ByteLevel only");
  json twice = load(byteLevel);
  twice["pre_tokenizer"]["pretokenizers"].push_back({{"type", "ByteLevel"}});
  EXPECT_EQ(messageOf(twice),
            "t: $.pre_tokenizer.pretokenizers[2]: a pre-tokenizer after ByteLevel is not supported");
  EXPECT_EQ(messageWith(byteLevel, "/decoder", nullptr),
            "t: $.decoder: expected the decoder ByteLevel, as the pre-tokenizer is ByteLevel");
  EXPECT_EQ(messageWith(characters, "/decoder", {{"type", "WordPiece"}}),
            "t: $.decoder.type: decoder \"WordPiece\" is not supported, known are ByteLevel, Replace, "
            "ByteFallback, Fuse, "
            "Strip, Sequence");
  EXPECT_EQ(messageWith(characters, "/decoder/decoders/1/type", "Strip").substr(0, 76),
            "t: $.decoder.decoders[1]: Strip at this place is not supported: the order is");
  EXPECT_EQ(messageWith(characters, "/decoder/decoders/2/stop", 1),
            "t: $.decoder.decoders[2].stop: a Strip at the end of text is not supported, expected 0");
  EXPECT_EQ(messageWith(characters, "/post_processor", {{"type", "BertProcessing"}}),
            "t: $.post_processor.type: post-processor \"BertProcessing\" is not supported, known are "
            "TemplateProcessing, "
            "ByteLevel, Sequence");
  EXPECT_EQ(messageWith(characters, "/added_tokens/1/single_word", true),
            "t: $.added_tokens[1].single_word: single_word of added tokens is not supported, got true");
}

// Added tokens marked `normalized` are looked for in normalized text.
TEST(TokenizerJson, AddedTokensAreNormalized) {
  auto tables = readTokenizerJson(inputs + "bytelevel-unicode.json");
  ASSERT_TRUE(tables.has_value()) << tables.error().message;
  ASSERT_EQ(tables->normalizer.size(), 1u);
  EXPECT_EQ(tables->normalizer[0].kind, package::TokenizerStepKind::Nfc);
  std::vector<std::string> normalized, asGiven;
  for (const auto &token : tables->added) {
    (token.normalized ? normalized : asGiven).push_back(token.text);
  }
  EXPECT_EQ(normalized, (std::vector<std::string>{"\u00E9toile"}));
  ASSERT_EQ(asGiven.size(), 4u);
  EXPECT_EQ(asGiven.back(), "A\u030A");

  json twoForms = load("bytelevel-unicode.json");
  json token = twoForms["added_tokens"].back();
  token["id"] = token["id"].get<int>() + 1;
  token["content"] = "\u00E9toile";
  token["normalized"] = true;
  twoForms["added_tokens"].push_back(token);
  EXPECT_EQ(messageOf(twoForms), "t: $.added_tokens[5].content: '\u00E9toile' is added twice");
}

TEST(TokenizerJson, WhiteSpaceBesideAddedTokens) {
  auto tables = readTokenizerJson(inputs + "characters-spaces.json");
  ASSERT_TRUE(tables.has_value()) << tables.error().message;
  ASSERT_EQ(tables->added.size(), 6u);
  EXPECT_FALSE(tables->added[3].stripsLeft);
  EXPECT_TRUE(tables->added[3].stripsRight);
  EXPECT_TRUE(tables->added[5].stripsLeft);
  EXPECT_FALSE(tables->added[5].stripsRight);
}

TEST(TokenizerJson, MistakesHaveAPlace) {
  EXPECT_EQ(messageWith(characters, "/model/vocab/ana", 3),
            "t: $.model.vocab: id 3 belongs to 'a' and to 'ana'");
  EXPECT_EQ(messageWith(characters, "/model/vocab/ana", -3),
            "t: $.model.vocab['ana']: expected an id from 0 to 4194303, got -3");
  EXPECT_EQ(messageWith(characters, "/model/vocab/ana", 1 << 22).substr(0, 31),
            "t: $.model.vocab['ana']: expect");
  EXPECT_EQ(messageWith(characters, "/model/vocab/ana", 0.5).substr(0, 31),
            "t: $.model.vocab['ana']: expect");
  EXPECT_EQ(messageWith(characters, "/model/unk_token", "<none>"),
            "t: $.model.unk_token: '<none>' is not in the vocabulary");
  EXPECT_EQ(messageWith(characters, "/model/merges/2", "an z"),
            "t: $.model.merges[2]: merge of 'an' and 'z': the vocabulary lacks 'z'");
  EXPECT_EQ(messageWith(characters, "/model/merges/2", {"ana", "na"}),
            "t: $.model.merges[2]: merge of 'ana' and 'na': the vocabulary lacks 'anana'");
  for (const json &bad : {json("an"), json("a n a"), json(7), json::array({"a"}), json::array({"a", 1})}) {
    std::string expected =
        "t: $.model.merges[2]: expected two tokens, as a pair or with one space between, got ";
    EXPECT_EQ(messageWith(characters, "/model/merges/2", bad).substr(0, expected.size()), expected);
  }
  EXPECT_EQ(messageWith(characters, "/added_tokens/2/id", 3),
            "t: $.added_tokens[2].id: 3 is the id of 'a' already");
  EXPECT_EQ(messageWith(characters, "/added_tokens/1/id", 5),
            "t: $.added_tokens[1].id: expected 1, the id of '<s>' in the vocabulary, got 5");
  EXPECT_EQ(messageWith(characters, "/added_tokens/1/content", ""),
            "t: $.added_tokens[1].content: expected a text that is not empty, got ''");
  json twice = load(characters);
  twice["added_tokens"].push_back(twice["added_tokens"][1]);
  EXPECT_EQ(messageOf(twice), "t: $.added_tokens[3].content: '<s>' is added twice");
  EXPECT_EQ(messageWith(characters, "/post_processor/special_tokens/<s>/ids/0", 14),
            "t: $.post_processor.special_tokens['<s>'].ids[0]: expected the id of a token, got 14");
  EXPECT_EQ(messageWith(characters, "/post_processor/single/1", {{"Sequence", {{"id", "B"}}}}),
            "t: $.post_processor.single[1]: expected a SpecialToken or, once, the Sequence A, got an object");
  EXPECT_EQ(messageWith(characters, "/model", nullptr), "t: $.model: expected an object, got null");
  EXPECT_EQ(messageWith(characters, "/model/merges", nullptr),
            "t: $.model.merges: expected an array, got null");
}

// Whatever replaces whatever value: an error or tables that can be stored, never a crash.
TEST(TokenizerJson, EveryValueReplaced) {
  for (const std::string &file : {characters, byteLevel, std::string("bytelevel-unicode.json"),
                                  std::string("characters-spaces.json")}) {
    const json whole = load(file), flat = whole.flatten();
    size_t step = flat.size() / 100 + 1, index = 0;
    for (const auto &[pointer, value] : flat.items()) {
      bool oneOfMany =
          pointer.compare(0, 13, "/model/vocab/") == 0 || pointer.compare(0, 14, "/model/merges/") == 0;
      if (oneOfMany && index++ % step != 0) {
        continue;
      }
      for (const json &other : {json(nullptr), json(-1), json(300), json(1e300), json(""), json("x"),
                                json(true), json::array(), json::object()}) {
        json tokenizer = whole;
        tokenizer[json::json_pointer(pointer)] = other;
        if (auto tables = parseTokenizerJson(tokenizer.dump(), "t")) {
          (void)package::serializeTokenizer(*tables);
        }
      }
    }
  }
}

TEST(TokenizerJson, EveryTruncationIsAnError) {
  std::string whole = load(characters).dump();
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parseTokenizerJson(whole.substr(0, length), "t").has_value()) << length;
  }
  auto missing = readTokenizerJson("/nonexistent/model");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message, "/nonexistent/model: No such file or directory");
}
