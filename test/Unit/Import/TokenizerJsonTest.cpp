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
      messageWith(characters, "/normalizer", {{"type", "NFC"}}),
      "t: $.normalizer.type: normalizer \"NFC\" is not supported, known are Prepend, Replace, Sequence");
  EXPECT_EQ(messageWith(characters, "/normalizer/normalizers/1/pattern", {{"Regex", "a"}}),
            "t: $.normalizer.normalizers[1].pattern: a Replace with a regular expression is not supported, "
            "expected "
            "{\"String\": ..}");
  EXPECT_EQ(messageWith(characters, "/normalizer/normalizers/1/pattern/String", ""),
            "t: $.normalizer.normalizers[1].pattern.String: expected a text that is not empty, got ''");
  EXPECT_EQ(messageWith(characters, "/pre_tokenizer", {{"type", "Metaspace"}}),
            "t: $.pre_tokenizer.type: pre-tokenizer \"Metaspace\" is not supported, known are Split, "
            "ByteLevel, Sequence");
  EXPECT_EQ(messageWith(byteLevel, "/pre_tokenizer/pretokenizers/0/behavior", "Removed"),
            "t: $.pre_tokenizer.pretokenizers[0].behavior: a Split of behavior \"Removed\" is not supported, "
            "expected "
            "'Isolated'");
  EXPECT_EQ(messageWith(byteLevel, "/pre_tokenizer/pretokenizers/0/invert", true),
            "t: $.pre_tokenizer.pretokenizers[0].invert: an inverted Split is not supported, got true");
  json onlySplit = load(byteLevel);
  onlySplit["pre_tokenizer"] = onlySplit["pre_tokenizer"]["pretokenizers"][0];
  EXPECT_EQ(messageOf(onlySplit),
            "t: $.pre_tokenizer: a pre-tokenizer that does not end in ByteLevel is not supported");
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
  for (std::string feature : {"single_word", "lstrip", "rstrip"}) {
    EXPECT_EQ(messageWith(characters, "/added_tokens/1/" + feature, true),
              "t: $.added_tokens[1]." + feature + ": " + feature +
                  " of added tokens is not supported, got true");
  }
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
  for (const std::string &file : {characters, byteLevel}) {
    json flat = load(file).flatten();
    size_t step = flat.size() / 150 + 1, index = 0;
    for (const auto &[pointer, value] : flat.items()) {
      bool everyone = pointer.compare(0, 13, "/model/vocab/") != 0 || index++ % step == 0;
      for (const json &other : {json(nullptr), json(-1), json(300), json(1e300), json(""), json("x"),
                                json(true), json::array(), json::object()}) {
        if (everyone) {
          json tokenizer = load(file);
          tokenizer[json::json_pointer(pointer)] = other;
          auto tables = parseTokenizerJson(tokenizer.dump(), "t");
          if (tables) {
            (void)package::serializeTokenizer(*tables);
          }
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
