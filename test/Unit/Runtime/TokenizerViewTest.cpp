#include "TokenizerTestSupport.h"

#include <cstring>

using namespace coopt;
using namespace coopt::test;
using package::serializeTokenizer;
using package::TokenizerStepKind;
using package::TokenizerTables;
using package::TokenizerView;

namespace {

TokenizerTables smallTables() {
  TokenizerTables tables;
  tables.unknownId = 0;
  for (const char *text : {"?", "a", "b", "ab", "aba"}) {
    tables.appendToken(text, package::TokenVocabulary);
  }
  tables.appendToken("<s>", package::TokenAdded | package::TokenSpecial);
  tables.appendToken("x", package::TokenByte);
  tables.byteIds['x'] = 6;
  tables.byteFallback = true;
  tables.merges = {{1, 2, 3}, {3, 1, 4}};
  tables.added = {{5, "<s>", false}, {3, "aab", true}};
  tables.normalizer = {{TokenizerStepKind::Replace, "c", "ab", 0}};
  tables.decoder = {{TokenizerStepKind::Replace, "?", " ", 0},
                    {TokenizerStepKind::ByteFallback, "", "", 0},
                    {TokenizerStepKind::Fuse, "", "", 0},
                    {TokenizerStepKind::Strip, " ", "", 1}};
  tables.prefix = {5};
  return tables;
}

/// With what version 1 did not have.
TokenizerTables versionTwoTables() {
  TokenizerTables tables = smallTables();
  tables.added[0].stripsLeft = tables.added[0].stripsRight = true;
  tables.normalizer = {{TokenizerStepKind::Trim, "", "", 1},
                       {TokenizerStepKind::Nfkc, "", "", 0},
                       {TokenizerStepKind::Lowercase, "", "", 0},
                       {TokenizerStepKind::RemoveMarks, "", "", 0}};
  tables.preTokenizer = {{TokenizerStepKind::Replace, "c", "ab", 0},
                         {TokenizerStepKind::PrefixText, "b", "", 1},
                         {TokenizerStepKind::Split, "s|\\s", "",
                          package::splitCount(package::SplitBehavior::MergedWithNext, true)}};
  return tables;
}

std::string errorOf(const TokenizerTables &tables) {
  auto section = serializeTokenizer(tables);
  return section ? "no error" : section.error().message;
}

/// Uses everything that a section offers; only what it does to memory is of interest.
void exercise(const std::vector<uint8_t> &section) {
  auto tokenizer = runtime::Tokenizer::create(section.data(), section.size());
  if (!tokenizer) {
    return;
  }
  (void)tokenizer->encode("abacus aab <s> xxA\u030A\xFF\xE4\xB8\xAD ?", true);
  std::vector<int32_t> ids;
  for (int32_t id = -1; id < 16; ++id) {
    ids.push_back(id);
  }
  (void)tokenizer->decode(ids);
}

} // namespace

TEST(TokenizerView, HoldsWhatTheTablesSay) {
  auto tables = smallTables();
  tables.ignoreMerges = tables.hasPostProcessor = true;
  auto section = serializeTokenizer(tables);
  ASSERT_TRUE(section.has_value()) << section.error().message;
  EXPECT_EQ(section->size() % 8, 0u);
  auto view = TokenizerView::create(section->data(), section->size());
  ASSERT_TRUE(view.has_value()) << view.error().message;
  EXPECT_EQ(view->kind(), package::TokenizerKind::CharacterBpe);
  EXPECT_TRUE(view->byteFallback());
  EXPECT_FALSE(view->fuseUnknown());
  EXPECT_TRUE(view->ignoreMerges());
  EXPECT_TRUE(view->hasPostProcessor());
  EXPECT_EQ(view->unknownId(), 0u);
  ASSERT_EQ(view->vocabularySize(), 7u);
  EXPECT_EQ(view->token(4), "aba");
  EXPECT_EQ(view->find("aba"), 4u);
  EXPECT_EQ(view->find("<s>"), package::noToken);
  EXPECT_EQ(view->find("x"), package::noToken);
  EXPECT_EQ(view->find(""), package::noToken);
  EXPECT_EQ(view->byteId('x'), 6u);
  EXPECT_EQ(view->byteId('y'), package::noToken);
  EXPECT_EQ(view->merge(1, 2).merged, 3u);
  EXPECT_EQ(view->merge(3, 1).rank, 1u);
  EXPECT_EQ(view->merge(1, 1).merged, package::noToken);
  ASSERT_EQ(view->addedCount(false), 1u);
  EXPECT_EQ(view->addedText(false, 0), "<s>");
  ASSERT_EQ(view->addedCount(true), 1u);
  EXPECT_EQ(view->addedId(true, 0), 3u);
  ASSERT_EQ(view->stepCount(TokenizerView::Phase::Decoder), 4u);
  EXPECT_EQ(view->step(TokenizerView::Phase::Decoder, 3).count, 1u);
  EXPECT_EQ(view->step(TokenizerView::Phase::Normalizer, 0).replacement, "ab");
  EXPECT_EQ(view->prefixCount(), 1u);
  EXPECT_EQ(view->suffixCount(), 0u);
}

TEST(TokenizerView, LargeTablesAreFound) {
  TokenizerTables tables;
  constexpr uint32_t count = 20011;
  for (uint32_t id = 0; id < count; ++id) {
    tables.appendToken("t" + std::to_string(id * 7919), package::TokenVocabulary);
  }
  for (uint32_t i = 0; i < count; ++i) {
    tables.merges.push_back({i, i * 31 % count, (i + 5) % count});
  }
  tables.merges.push_back({3, 93, 17}); // a second time: the last counts
  auto section = serializeTokenizer(tables);
  ASSERT_TRUE(section.has_value()) << section.error().message;
  auto view = TokenizerView::create(section->data(), section->size());
  ASSERT_TRUE(view.has_value());
  for (uint32_t id = 0; id < count; ++id) {
    ASSERT_EQ(view->find("t" + std::to_string(id * 7919)), id);
    ASSERT_EQ(view->merge(id, id * 31 % count).merged, id == 3 ? 17 : (id + 5) % count);
    ASSERT_EQ(view->merge(id, id * 31 % count).rank, id == 3 ? count : id);
    ASSERT_EQ(view->merge(id, (id * 31 + 1) % count).merged, package::noToken);
  }
}

TEST(TokenizerView, EveryTruncationIsAnError) {
  for (const auto &tables : {smallTables(), versionTwoTables()}) {
    auto section = serializeTokenizer(tables);
    ASSERT_TRUE(section.has_value()) << section.error().message;
    for (size_t length = 0; length < section->size(); ++length) {
      std::vector<uint8_t> cut(section->begin(), section->begin() + length);
      EXPECT_FALSE(TokenizerView::create(cut.data(), cut.size()).has_value()) << length;
      exercise(cut);
    }
  }
}

TEST(TokenizerView, AnyDamagedByteIsHarmless) {
  for (const auto &tables : {smallTables(), versionTwoTables()}) {
    auto section = serializeTokenizer(tables);
    ASSERT_TRUE(section.has_value());
    for (size_t at = 0; at < section->size(); ++at) {
      for (uint8_t value : {0x00, 0x01, 0x04, 0x07, 0x0A, 0x7F, 0x80, 0xFE, 0xFF}) {
        std::vector<uint8_t> damaged = *section;
        damaged[at] = value;
        exercise(damaged);
      }
    }
  }
}

TEST(TokenizerView, NeedsNoAlignment) {
  auto section = serializeTokenizer(smallTables());
  ASSERT_TRUE(section.has_value());
  std::vector<uint8_t> shifted(section->size() + 1);
  std::copy(section->begin(), section->end(), shifted.begin() + 1);
  auto tokenizer = runtime::Tokenizer::create(shifted.data() + 1, section->size());
  ASSERT_TRUE(tokenizer.has_value());
  auto ids = tokenizer->encode("aba<s>x", true);
  ASSERT_TRUE(ids.has_value());
  EXPECT_EQ(*ids, (std::vector<int32_t>{5, 4, 5, 6}));
}

TEST(TokenizerView, Messages) {
  EXPECT_EQ(errorOf(smallTables()), "no error");
  auto with = [](auto change) {
    auto tables = smallTables();
    change(tables);
    return errorOf(tables);
  };
  EXPECT_EQ(with([](auto &t) { t.prefix = {7}; }),
            "tokenizer: prefix ids: id 7 lies outside the vocabulary of 7");
  EXPECT_EQ(with([](auto &t) { t.unknownId = 7; }),
            "tokenizer: unknown token: id 7 lies outside the vocabulary of 7");
  EXPECT_EQ(with([](auto &t) { t.byteIds[0] = 9; }),
            "tokenizer: byte ids: id 9 lies outside the vocabulary of 7");
  EXPECT_NE(with([](auto &t) { t.merges[0].merged = 9; }).find("1 + 2 -> 9 lies outside the vocabulary of 7"),
            std::string::npos);
  EXPECT_EQ(with([](auto &t) { t.added[0].id = 7; }),
            "tokenizer: added tokens: record 0: id 7 lies outside the vocabulary of 7");
  EXPECT_EQ(with([](auto &t) { t.added.push_back(t.added[0]); }),
            "tokenizer: added tokens: record 1: '<s>' is there twice or out of order");
  EXPECT_EQ(with([](auto &t) { t.added[0].text = ""; }),
            "tokenizer: added tokens: record 0: an added token without text");
  EXPECT_EQ(with([](auto &t) { t.added[0].text = std::string(1025, 'x'); }),
            "tokenizer: added tokens: record 0: an added token of 1025 bytes, at most 1024 are allowed");
  EXPECT_EQ(with([](auto &t) { t.flags[6] = 0x80; }), "tokenizer: token 6: unknown flags 128");
  EXPECT_EQ(with([](auto &t) { t.flags[3] = package::TokenByte; }),
            "tokenizer: token 3: a byte token of 2 bytes");
  EXPECT_EQ(with([](auto &t) { t.flags.pop_back(); }), "tokenizer: 6 token flags, but 8 token offsets");
  EXPECT_EQ(with([](auto &t) { t.normalizer[0].kind = TokenizerStepKind::Fuse; }),
            "tokenizer: normalizer steps: step 0: kind 5 has no meaning here");
  EXPECT_EQ(with([](auto &t) { t.normalizer[0].text = ""; }),
            "tokenizer: normalizer steps: step 0: nothing to look for");
  EXPECT_EQ(with([](auto &t) { t.normalizer.resize(7, t.normalizer[0]); }),
            "tokenizer: normalizer steps: step 6: the steps lengthen text 128 times, at most 64 are allowed");
  EXPECT_EQ(with([](auto &t) { t.normalizer.resize(3, {TokenizerStepKind::Nfkd, "", "", 0}); }),
            "tokenizer: normalizer steps: step 2: the steps lengthen text 242 times, at most 64 are allowed");
  EXPECT_EQ(with([](auto &t) { t.normalizer[0] = {static_cast<TokenizerStepKind>(15), "a", "", 0}; }),
            "tokenizer: normalizer steps: step 0: kind 15 has no meaning here");
  EXPECT_EQ(with([](auto &t) { t.preTokenizer = {{TokenizerStepKind::Nfc, "", "", 0}}; }),
            "tokenizer: pre-tokenizer steps: step 0: kind 7 has no meaning here");
  EXPECT_EQ(with([](auto &t) { t.normalizer = {{TokenizerStepKind::Trim, "", "", 4}}; }),
            "tokenizer: normalizer steps: step 0: count 4, at most 3 is allowed");
  EXPECT_EQ(with([](auto &t) { t.preTokenizer = {{TokenizerStepKind::Split, "a", "", 13}}; }),
            "tokenizer: pre-tokenizer steps: step 0: count 13, at most 12 is allowed");
  EXPECT_EQ(with([](auto &t) { t.preTokenizer = {{TokenizerStepKind::Split, "a", "", 7}}; }),
            "tokenizer: pre-tokenizer steps: step 0: unknown behavior 7 of a split");
  EXPECT_EQ(with([](auto &t) { t.preTokenizer = {{TokenizerStepKind::PrefixText, "", "", 1}}; }),
            "tokenizer: pre-tokenizer steps: step 0: nothing to look for");
  EXPECT_EQ(with([](auto &t) { t.decoder.erase(t.decoder.begin() + 2); }),
            "tokenizer: decoder steps: step 2: strip before fuse");
  EXPECT_EQ(with([](auto &t) { t.decoder.push_back(t.decoder[0]); }),
            "tokenizer: decoder steps: step 4: only strip may follow fuse");
  EXPECT_EQ(with([](auto &t) { t.preTokenizer.resize(33, {TokenizerStepKind::Split, "a", "", 0}); }),
            "tokenizer: pre-tokenizer steps: 33 steps, at most 32 are allowed");

  auto section = *serializeTokenizer(smallTables());
  auto patched = [&](size_t at, uint64_t value, size_t bytes) {
    auto copy = section;
    std::memcpy(copy.data() + at, &value, bytes);
    auto view = TokenizerView::create(copy.data(), copy.size());
    return view ? "no error" : view.error().message;
  };
  EXPECT_EQ(patched(0, 'X', 1), "tokenizer: does not begin with COOPTTOK");
  EXPECT_EQ(patched(8, 3, 4), "tokenizer: format version 3, this program reads 1 to 2");
  EXPECT_EQ(patched(8, 0, 4), "tokenizer: format version 0, this program reads 1 to 2");
  EXPECT_EQ(patched(8, 1, 4), "no error");
  EXPECT_EQ(patched(12, 2, 4), "tokenizer: unknown kind 2");
  EXPECT_EQ(patched(28, 300, 4), "tokenizer: probe sequences of 300 slots, at most 256 are allowed");
  std::string size = std::to_string(section.size());
  EXPECT_EQ(patched(40, 1 << 20, 8).substr(0, 27), "tokenizer: strings: 24 byte");
  EXPECT_EQ(patched(48, UINT64_MAX, 8),
            "tokenizer: strings: 18446744073709551615 bytes at offset 248 lie outside the "
            "section (" +
                size + " bytes) or are not aligned to 8");
}
