//===- TokenizerView.cpp - A tokenizer section, checked and read in place ------===//
#include "TokenizerLayout.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::tokenizer_layout;

// Tables are read in place: on a big-endian machine every load would have to swap.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tokenizer section is little-endian");

namespace {

template <typename T>
T loadAt(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

std::string number(uint64_t value) { return std::to_string(value); }

constexpr uint8_t knownTokenFlags = TokenSpecial | TokenByte | TokenAdded | TokenVocabulary;
constexpr uint32_t knownFlags = 15;

/// Bytes of one record; 1 where the block is bytes.
constexpr size_t unitOf(TokenizerView::Block block) {
  switch (block) {
  case TokenizerView::Strings:
  case TokenizerView::TokenFlagBlock:
    return 1;
  case TokenizerView::Merges:
    return mergeSize;
  case TokenizerView::AddedTokens:
  case TokenizerView::AddedNormalized:
    return addedSize;
  case TokenizerView::NormalizerSteps:
  case TokenizerView::PreTokenizerSteps:
  case TokenizerView::DecoderSteps:
    return stepSize;
  default:
    return 4;
  }
}

TokenizerView::Block blockOf(TokenizerView::Phase phase) {
  switch (phase) {
  case TokenizerView::Phase::Normalizer:
    return TokenizerView::NormalizerSteps;
  case TokenizerView::Phase::PreTokenizer:
    return TokenizerView::PreTokenizerSteps;
  case TokenizerView::Phase::Decoder:
    return TokenizerView::DecoderSteps;
  }
  return TokenizerView::DecoderSteps;
}

} // namespace

const char *TokenizerView::blockName(Block block) {
  static const char *const names[BlockCount] = {
      "strings",       "token offsets", "token flags",      "byte ids",         "vocabulary hash",
      "merges",        "added tokens",  "added normalized", "normalizer steps", "pre-tokenizer steps",
      "decoder steps", "prefix ids",    "suffix ids"};
  return names[block];
}

uint32_t TokenizerView::load(Block name, size_t index) const {
  return loadAt<uint32_t>(block(name) + 4 * index);
}

Status TokenizerView::readHeader(const uint8_t *bytes, size_t size) {
  if (size < headerSize) {
    return fail("tokenizer: " + number(size) + " bytes, the header alone takes " + number(headerSize));
  }
  if (std::memcmp(bytes, magic, sizeof(magic)) != 0) {
    return fail("tokenizer: does not begin with COOPTTOK");
  }
  if (uint32_t got = loadAt<uint32_t>(bytes + 8); got < 1 || got > version) {
    return fail("tokenizer: format version " + number(got) + ", this program reads 1 to " + number(version));
  }
  base = bytes;
  kindValue = loadAt<uint32_t>(bytes + 12);
  flagBits = loadAt<uint32_t>(bytes + 16);
  vocabulary = loadAt<uint32_t>(bytes + 20);
  unknown = loadAt<uint32_t>(bytes + 24);
  vocabularyProbes = loadAt<uint32_t>(bytes + 28);
  mergeProbes = loadAt<uint32_t>(bytes + 32);
  if (kindValue > 1) {
    return fail("tokenizer: unknown kind " + number(kindValue));
  }
  if (flagBits & ~knownFlags) {
    return fail("tokenizer: unknown flags " + number(flagBits));
  }
  if (vocabulary >= (1u << 31)) {
    return fail("tokenizer: vocabulary of " + number(vocabulary) + " tokens, at most 2^31 - 1 are possible");
  }
  if (vocabularyProbes > maximumProbes || mergeProbes > maximumProbes) {
    return fail("tokenizer: probe sequences of " + number(std::max(vocabularyProbes, mergeProbes)) +
                " slots, at most " + number(maximumProbes) + " are allowed");
  }
  for (int i = 0; i < BlockCount; ++i) {
    offsets[i] = loadAt<uint64_t>(bytes + fixedHeader + 16 * i);
    sizes[i] = loadAt<uint64_t>(bytes + fixedHeader + 16 * i + 8);
    std::string place = std::string("tokenizer: ") + blockName(static_cast<Block>(i)) + ": ";
    if (offsets[i] % 8 != 0 || offsets[i] > size || sizes[i] > size - offsets[i]) {
      return fail(place + number(sizes[i]) + " bytes at offset " + number(offsets[i]) +
                  " lie outside the section (" + number(size) + " bytes) or are not aligned to 8");
    }
    size_t unit = unitOf(static_cast<Block>(i));
    if (sizes[i] % unit != 0 || sizes[i] / unit > 0xFFFFFFFFu) {
      return fail(place + number(sizes[i]) + " bytes are no whole number of records of " + number(unit) +
                  " bytes");
    }
  }
  return {};
}

Status TokenizerView::checkTokens() const {
  uint64_t expected[3] = {(uint64_t(vocabulary) + 1) * 4, vocabulary, 256 * 4};
  for (int i = 0; i < 3; ++i) {
    Block name = static_cast<Block>(TokenOffsets + i);
    if (sizes[name] != expected[i]) {
      return fail(std::string("tokenizer: ") + blockName(name) + ": expected " + number(expected[i]) +
                  " bytes, got " + number(sizes[name]));
    }
  }
  uint32_t previous = 0;
  for (size_t i = 0; i <= vocabulary; ++i) {
    uint32_t offset = load(TokenOffsets, i);
    if (offset < previous || offset > sizes[Strings]) {
      return fail("tokenizer: token offsets: offset " + number(i) + " is " + number(offset) +
                  ", expected an increasing sequence up to " + number(sizes[Strings]));
    }
    previous = offset;
  }
  for (uint32_t id = 0; id < vocabulary; ++id) {
    if (flags(id) & ~knownTokenFlags) {
      return fail("tokenizer: token " + number(id) + ": unknown flags " + number(flags(id)));
    }
    if ((flags(id) & TokenByte) && token(id).size() != 1) {
      return fail("tokenizer: token " + number(id) + ": a byte token of " + number(token(id).size()) +
                  " bytes");
    }
  }
  auto check = [&](const char *what, uint32_t id, bool mayMiss) -> Status {
    if (id >= vocabulary && !(mayMiss && id == noToken)) {
      return fail(std::string("tokenizer: ") + what + ": id " + number(id) +
                  " lies outside the vocabulary of " + number(vocabulary));
    }
    return {};
  };
  if (auto status = check("unknown token", unknown, true); !status) {
    return status;
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (auto status = check("byte ids", load(ByteIds, byte), true); !status) {
      return status;
    }
  }
  for (Block name : {Prefix, Suffix}) {
    for (uint32_t i = 0; i < count(name, 4); ++i) {
      if (auto status = check(blockName(name), load(name, i), false); !status) {
        return status;
      }
    }
  }
  return {};
}

Status TokenizerView::checkHashes() const {
  for (Block name : {VocabularyHash, Merges}) {
    uint32_t slots = count(name, unitOf(name));
    if (slots == 0 || (slots & (slots - 1)) != 0) {
      return fail(std::string("tokenizer: ") + blockName(name) + ": " + number(slots) +
                  " slots, expected a power of two");
    }
  }
  for (uint32_t slot = 0; slot < count(VocabularyHash, 4); ++slot) {
    uint32_t id = load(VocabularyHash, slot);
    if (id >= vocabulary && id != noToken) {
      return fail("tokenizer: vocabulary hash: slot " + number(slot) + ": id " + number(id) +
                  " lies outside the vocabulary of " + number(vocabulary));
    }
  }
  for (uint32_t slot = 0; slot < count(Merges, mergeSize); ++slot) {
    uint32_t left = load(Merges, 4 * size_t(slot)), right = load(Merges, 4 * size_t(slot) + 1);
    uint32_t merged = load(Merges, 4 * size_t(slot) + 3);
    if (left != noToken && (left >= vocabulary || right >= vocabulary || merged >= vocabulary)) {
      return fail("tokenizer: merges: slot " + number(slot) + ": " + number(left) + " + " + number(right) +
                  " -> " + number(merged) + " lies outside the vocabulary of " + number(vocabulary));
    }
  }
  return {};
}

Status TokenizerView::checkString(Block name, uint32_t index, uint32_t offset, uint32_t length) const {
  if (offset > sizes[Strings] || length > sizes[Strings] - offset) {
    return fail(std::string("tokenizer: ") + blockName(name) + ": record " + number(index) + ": " +
                number(length) + " bytes at " + number(offset) + " lie outside the strings (" +
                number(sizes[Strings]) + " bytes)");
  }
  return {};
}

Status TokenizerView::checkAdded(bool normalized) const {
  Block name = normalized ? AddedNormalized : AddedTokens;
  for (uint32_t i = 0; i < addedCount(normalized); ++i) {
    std::string place = std::string("tokenizer: ") + blockName(name) + ": record " + number(i) + ": ";
    if (addedId(normalized, i) >= vocabulary) {
      return fail(place + "id " + number(addedId(normalized, i)) + " lies outside the vocabulary of " +
                  number(vocabulary));
    }
    size_t record = 4 * size_t(i);
    if (auto status = checkString(name, i, load(name, record + 1), load(name, record + 2)); !status) {
      return status;
    }
    if (uint32_t flags = addedFlags(normalized, i); flags > 3) {
      return fail(place + "unknown flags " + number(flags));
    }
    std::string_view text = addedText(normalized, i);
    if (text.empty()) {
      return fail(place + "an added token without text");
    }
    if (text.size() > maximumAddedText) {
      return fail(place + "an added token of " + number(text.size()) + " bytes, at most " +
                  number(maximumAddedText) + " are allowed");
    }
    if (i > 0 && !(addedText(normalized, i - 1) < text)) {
      return fail(place + "'" + std::string(text) + "' is there twice or out of order");
    }
  }
  return {};
}

/// Streaming needs the order replace, byte fallback, fuse, strip: what comes after is decided by what came
/// before.
Status TokenizerView::checkDecoderOrder(uint32_t index, bool fused) const {
  std::string record = "tokenizer: decoder steps: step " + number(index) + ": ";
  TokenizerStepKind kind = step(Phase::Decoder, index).kind;
  bool strip = kind == TokenizerStepKind::Strip;
  if (strip != fused) {
    return fail(record + (strip ? "strip before fuse" : "only strip may follow fuse"));
  }
  if (index == 0) {
    return {};
  }
  TokenizerStepKind before = step(Phase::Decoder, index - 1).kind;
  if (kind == TokenizerStepKind::Replace && before != TokenizerStepKind::Replace) {
    return fail(record + "replace after byte fallback");
  }
  if (kind == TokenizerStepKind::ByteFallback && before == TokenizerStepKind::ByteFallback) {
    return fail(record + "byte fallback twice");
  }
  return {};
}

Status TokenizerView::checkSteps(Phase phase) const {
  Block name = blockOf(phase);
  std::string place = std::string("tokenizer: ") + blockName(name) + ": ";
  if (stepCount(phase) > maximumSteps) {
    return fail(place + number(stepCount(phase)) + " steps, at most " + number(maximumSteps) +
                " are allowed");
  }
  bool fused = false;
  uint64_t growth = 1;
  for (uint32_t i = 0; i < stepCount(phase); ++i) {
    std::string record = place + "step " + number(i) + ": ";
    size_t word = 6 * size_t(i);
    uint32_t kind = load(name, word);
    if (kind > static_cast<uint32_t>(TokenizerStepKind::PrefixText) ||
        !stepBelongs(phase, static_cast<TokenizerStepKind>(kind))) {
      return fail(record + "kind " + number(kind) + " has no meaning here");
    }
    for (size_t field : {2, 4}) {
      uint32_t offset = load(name, word + field), length = load(name, word + field + 1);
      if (auto status = checkString(name, i, offset, length); !status) {
        return status;
      }
      uint32_t maximum =
          kind == static_cast<uint32_t>(TokenizerStepKind::Split) ? maximumExpression : maximumStepText;
      if (length > maximum) {
        return fail(record + number(length) + " bytes of text, at most " + number(maximum) + " are allowed");
      }
    }
    Step read = step(phase, i);
    bool needsText = read.kind == TokenizerStepKind::Replace || read.kind == TokenizerStepKind::Strip ||
                     read.kind == TokenizerStepKind::Split || read.kind == TokenizerStepKind::PrefixText;
    if (needsText && read.text.empty()) {
      return fail(record + "nothing to look for");
    }
    if (read.count > maximumCount(read.kind)) {
      return fail(record + "count " + number(read.count) + ", at most " + number(maximumCount(read.kind)) +
                  " is allowed");
    }
    if (read.kind == TokenizerStepKind::Split &&
        (read.count & 7) > static_cast<uint32_t>(SplitBehavior::MergedWithNext)) {
      return fail(record + "unknown behavior " + number(read.count & 7) + " of a split");
    }
    growth *= growthOf(read);
    if (growth > maximumGrowth) {
      return fail(record + "the steps lengthen text " + number(growth) + " times, at most " +
                  number(maximumGrowth) + " are allowed");
    }
    if (phase == Phase::Decoder) {
      if (auto status = checkDecoderOrder(i, fused); !status) {
        return status;
      }
      fused |= read.kind == TokenizerStepKind::Fuse;
    }
  }
  return {};
}

Expected<TokenizerView> TokenizerView::create(const uint8_t *bytes, size_t size) {
  TokenizerView view;
  if (auto status = view.readHeader(bytes, size); !status) {
    return forward(status.error());
  }
  for (auto check : {&TokenizerView::checkTokens, &TokenizerView::checkHashes}) {
    if (auto status = (view.*check)(); !status) {
      return forward(status.error());
    }
  }
  for (bool normalized : {false, true}) {
    if (auto status = view.checkAdded(normalized); !status) {
      return forward(status.error());
    }
  }
  for (Phase phase : {Phase::Normalizer, Phase::PreTokenizer, Phase::Decoder}) {
    if (auto status = view.checkSteps(phase); !status) {
      return forward(status.error());
    }
  }
  return view;
}

std::string_view TokenizerView::token(uint32_t id) const {
  uint32_t begin = load(TokenOffsets, id), end = load(TokenOffsets, size_t(id) + 1);
  return {reinterpret_cast<const char *>(block(Strings)) + begin, end - begin};
}

uint32_t TokenizerView::find(std::string_view text) const {
  size_t mask = count(VocabularyHash, 4) - 1;
  size_t slot = hashTokenText(text) & mask;
  for (uint32_t probe = 0; probe < vocabularyProbes; ++probe, slot = (slot + 1) & mask) {
    uint32_t id = load(VocabularyHash, slot);
    if (id == noToken || token(id) == text) {
      return id;
    }
  }
  return noToken;
}

TokenizerView::Merge TokenizerView::merge(uint32_t left, uint32_t right) const {
  size_t mask = count(Merges, mergeSize) - 1;
  size_t slot = hashTokenPair(left, right) & mask;
  for (uint32_t probe = 0; probe < mergeProbes; ++probe, slot = (slot + 1) & mask) {
    uint32_t key = load(Merges, 4 * slot);
    if (key == noToken) {
      break;
    }
    if (key == left && load(Merges, 4 * slot + 1) == right) {
      return {load(Merges, 4 * slot + 2), load(Merges, 4 * slot + 3)};
    }
  }
  return {noToken, noToken};
}

uint32_t TokenizerView::addedCount(bool normalized) const {
  return count(normalized ? AddedNormalized : AddedTokens, addedSize);
}

std::string_view TokenizerView::addedText(bool normalized, uint32_t index) const {
  Block name = normalized ? AddedNormalized : AddedTokens;
  uint32_t offset = load(name, 4 * size_t(index) + 1), length = load(name, 4 * size_t(index) + 2);
  return {reinterpret_cast<const char *>(block(Strings)) + offset, length};
}

uint32_t TokenizerView::addedId(bool normalized, uint32_t index) const {
  return load(normalized ? AddedNormalized : AddedTokens, 4 * size_t(index));
}

uint32_t TokenizerView::addedFlags(bool normalized, uint32_t index) const {
  return load(normalized ? AddedNormalized : AddedTokens, 4 * size_t(index) + 3);
}

uint32_t TokenizerView::stepCount(Phase phase) const { return count(blockOf(phase), stepSize); }

TokenizerView::Step TokenizerView::step(Phase phase, uint32_t index) const {
  Block name = blockOf(phase);
  size_t word = 6 * size_t(index);
  const char *strings = reinterpret_cast<const char *>(block(Strings));
  return {static_cast<TokenizerStepKind>(load(name, word)),
          load(name, word + 1),
          {strings + load(name, word + 2), load(name, word + 3)},
          {strings + load(name, word + 4), load(name, word + 5)}};
}
