//===- Tokenizer.h - Tokenizer tables, as built and as stored -----------------===//
//
// A byte-pair-encoding tokenizer as plain tables: TokenizerTables is what importers fill in,
// serializeTokenizer() turns them into one flat byte section, TokenizerView reads that section in place. What
// the tables mean, step by step, is said in runtime/Tokenizer/Tokenizer.h.
//
// The section, all integers little-endian, every block 8-byte aligned:
//
//   header   magic "COOPTTOK", u32 version, u32 kind, u32 flags, u32 vocabulary size, u32 unknown id,
//            u32 longest probe (vocabulary), u32 longest probe (merges), u32 0, then per block u64 offset,
//            u64 bytes
//   blocks   strings          the bytes of every token (in order of id), then those of added tokens and steps
//            token offsets    u32[vocabulary + 1] into strings
//            token flags      u8[vocabulary]
//            byte ids         u32[256], noToken where the vocabulary lacks the byte
//            vocabulary hash  u32[2^n]: ids; slot of a token = hashTokenText(text) mod 2^n, linear probing
//            merges           {u32 left, u32 right, u32 rank, u32 merged}[2^n]; slot = hashTokenPair(left, right)
//                             mod 2^n, linear probing
//            added, added normalized   {u32 id, u32 offset, u32 bytes, u32 flags}[], strictly increasing by
//                                      text; flags 1: strips left, 2: strips right
//            normalizer, pre-tokenizer, decoder   {u32 kind, u32 count, u32 offset, u32 bytes, u32 offset,
//                                                 u32 bytes}[]
//            prefix, suffix   u32[] ids
//
// Version 1 ends with the kinds of steps up to Strip; its Splits isolate and its added tokens have no flags.
// Empty slots hold noToken. No probe sequence is longer than the header says, and that is at most 256.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_TOKENIZER_H
#define COOPT_PACKAGEFORMAT_TOKENIZER_H

#include "coopt/Support/Error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::package {

/// "No such token": the id of an empty slot.
constexpr uint32_t noToken = 0xFFFFFFFFu;

enum class TokenizerKind : uint32_t {
  CharacterBpe =
      0, ///< SentencePiece style: symbols are characters; with byte fallback, unknown ones become byte tokens
  ByteLevelBpe = 1, ///< GPT-2 style: the text is cut by regular expressions, symbols are bytes
};

/// Flags of a token.
enum TokenFlags : uint8_t {
  TokenSpecial = 1,    ///< left out of decoded text unless asked for
  TokenByte = 2,       ///< CharacterBpe: one raw byte, written <0xHH> in tokenizer.json
  TokenAdded = 4,      ///< found in the text before anything else
  TokenVocabulary = 8, ///< of the model's own vocabulary and found by its text
};

enum class TokenizerStepKind : uint32_t {
  Prepend = 0,      ///< normalizer: `text` before every piece that is not empty
  Replace = 1,      ///< anywhere: every `text` by `replacement`, left to right, not overlapping
  Split = 2,        ///< pre-tokenizer: cut by the regular expression `text`; `count` is splitCount()
  PrefixSpace = 3,  ///< pre-tokenizer: a space before every piece that does not begin with one
  ByteFallback = 4, ///< decoder: runs of byte tokens become characters
  Fuse = 5,         ///< decoder: one text from here on
  Strip = 6,        ///< decoder, after Fuse: up to `count` times `text` off the beginning
  Nfc = 7,          ///< normalizer: the normalization forms of Unicode
  Nfd = 8,
  Nfkc = 9,
  Nfkd = 10,
  Lowercase = 11,   ///< normalizer: every character by itself
  Trim = 12,        ///< normalizer: white space off the beginning (`count` & 1) and the end (`count` & 2)
  RemoveMarks = 13, ///< normalizer: no combining marks (general category M)
  PrefixText = 14,  ///< pre-tokenizer: `text` before every piece that does not begin with it; with `count` 1
                    ///< only before the piece that the whole text begins with
};

/// What becomes of the matches of a Split and of the text between them.
enum class SplitBehavior : uint32_t {
  Isolated = 0,           ///< each a piece
  Removed = 1,            ///< matches vanish
  Contiguous = 2,         ///< neighbouring matches are one piece
  MergedWithPrevious = 3, ///< a match is one piece with the text before it
  MergedWithNext = 4,     ///< a match is one piece with the text after it
};

/// The `count` of a Split. `inverted`: what the expression does not match counts as the matches.
constexpr uint32_t splitCount(SplitBehavior behavior, bool inverted) {
  return static_cast<uint32_t>(behavior) | (inverted ? 8u : 0u);
}

struct TokenizerStep {
  TokenizerStepKind kind = TokenizerStepKind::Prepend;
  std::string text;
  std::string replacement;
  uint32_t count = 0;
};

/// A tokenizer as plain data, filled in by importers.
struct TokenizerTables {
  TokenizerKind kind = TokenizerKind::CharacterBpe;
  bool byteFallback = false;
  bool fuseUnknown = false;          ///< neighbouring unknown symbols become one unknown token
  bool ignoreMerges = false;         ///< a piece that is a token as a whole is that token
  bool hasPostProcessor = false;     ///< the file names one, even if it adds no token
  std::optional<uint32_t> unknownId; ///< without: unknown symbols vanish

  /// Token id i is text[offsets[i] .. offsets[i+1]): raw bytes as decoded for ByteLevelBpe and byte tokens,
  /// the text of the vocabulary else. Ids that no token has are empty, with no flags.
  std::string text;
  std::vector<uint32_t> offsets = {0};
  std::vector<uint8_t> flags; ///< TokenFlags, one a token
  std::array<uint32_t, 256> byteIds =
      noByteIds(); ///< token of each byte (fallback, or symbol of ByteLevelBpe)

  struct Merge {
    uint32_t left, right, merged;
  };
  std::vector<Merge> merges; ///< in order of rank, best first; of equal pairs the last counts

  struct Added {
    uint32_t id;
    std::string text;
    bool normalized; ///< looked for in the normalized text (then `text` is normalized too), else in the text
                     ///< as given
    bool stripsLeft = false, stripsRight = false; ///< white space beside the token goes with it
  };
  std::vector<Added> added;

  std::vector<TokenizerStep> normalizer;
  std::vector<TokenizerStep> preTokenizer;
  std::vector<TokenizerStep> decoder;   ///< empty for ByteLevelBpe: tokens are bytes
  std::vector<uint32_t> prefix, suffix; ///< ids put around a text when special tokens are asked for

  uint32_t vocabularySize() const { return static_cast<uint32_t>(flags.size()); }
  /// Appends the token of id vocabularySize().
  void appendToken(std::string_view bytes, uint8_t tokenFlags);

private:
  static std::array<uint32_t, 256> noByteIds() {
    std::array<uint32_t, 256> ids;
    ids.fill(noToken);
    return ids;
  }
};

/// The byte section for tables; what it returns, TokenizerView::create() accepts.
/// Errors: an id outside the vocabulary, two added tokens of one text, more than 2^31 bytes of text, an added
/// token of more than 1 KiB, more than 32 steps, a step with more than 256 bytes of text (64 KiB for a
/// regular expression), steps that together could lengthen text more than 64 times, a step at a place where it
/// has no meaning, tables that can't be hashed.
Expected<std::vector<uint8_t>> serializeTokenizer(const TokenizerTables &tables);

/// A byte section read in place. Every offset and id was checked by create(), so that no function can read
/// outside the section, whatever its bytes; ids given by the caller must be below vocabularySize().
class TokenizerView {
public:
  /// The bytes stay the caller's and must outlive the view; no alignment is needed.
  /// Errors say which block of the section, what was expected and what was got.
  static Expected<TokenizerView> create(const uint8_t *bytes, size_t size);

  TokenizerKind kind() const { return static_cast<TokenizerKind>(kindValue); }
  bool byteFallback() const { return flagBits & 1; }
  bool fuseUnknown() const { return flagBits & 2; }
  bool ignoreMerges() const { return flagBits & 4; }
  bool hasPostProcessor() const { return flagBits & 8; }
  uint32_t unknownId() const { return unknown; } ///< noToken if there is none

  uint32_t vocabularySize() const { return vocabulary; }
  std::string_view token(uint32_t id) const;
  uint8_t flags(uint32_t id) const { return block(TokenFlagBlock)[id]; }
  uint32_t byteId(uint8_t byte) const { return load(ByteIds, byte); }
  /// The id of a token of the model's vocabulary, or noToken.
  uint32_t find(std::string_view text) const;

  struct Merge {
    uint32_t rank;   ///< lower is merged first
    uint32_t merged; ///< noToken: the pair does not merge
  };
  Merge merge(uint32_t left, uint32_t right) const;

  /// Added tokens in strictly increasing order of their text (as unsigned bytes).
  uint32_t addedCount(bool normalized) const;
  std::string_view addedText(bool normalized, uint32_t index) const;
  uint32_t addedId(bool normalized, uint32_t index) const;
  bool addedStripsLeft(bool normalized, uint32_t index) const { return addedFlags(normalized, index) & 1; }
  bool addedStripsRight(bool normalized, uint32_t index) const { return addedFlags(normalized, index) & 2; }

  struct Step {
    TokenizerStepKind kind;
    uint32_t count;
    std::string_view text, replacement;
  };
  enum class Phase { Normalizer, PreTokenizer, Decoder };
  uint32_t stepCount(Phase phase) const;
  Step step(Phase phase, uint32_t index) const;

  uint32_t prefixCount() const { return count(Prefix, 4); }
  uint32_t prefixId(uint32_t index) const { return load(Prefix, index); }
  uint32_t suffixCount() const { return count(Suffix, 4); }
  uint32_t suffixId(uint32_t index) const { return load(Suffix, index); }

  /// The blocks of the section, in order.
  enum Block {
    Strings,
    TokenOffsets,
    TokenFlagBlock,
    ByteIds,
    VocabularyHash,
    Merges,
    AddedTokens,
    AddedNormalized,
    NormalizerSteps,
    PreTokenizerSteps,
    DecoderSteps,
    Prefix,
    Suffix,
    BlockCount
  };
  static const char *blockName(Block block);

private:
  const uint8_t *block(Block name) const { return base + offsets[name]; }
  uint32_t load(Block name, size_t index) const;
  uint32_t count(Block name, size_t unit) const { return static_cast<uint32_t>(sizes[name] / unit); }
  Status readHeader(const uint8_t *bytes, size_t size);
  Status checkTokens() const;
  Status checkHashes() const;
  Status checkAdded(bool normalized) const;
  uint32_t addedFlags(bool normalized, uint32_t index) const;
  Status checkSteps(Phase phase) const;
  Status checkDecoderOrder(uint32_t index, bool fused) const;
  Status checkString(Block name, uint32_t index, uint32_t offset, uint32_t length) const;

  const uint8_t *base = nullptr;
  std::array<uint64_t, BlockCount> offsets{}, sizes{};
  uint32_t kindValue = 0, flagBits = 0, vocabulary = 0, unknown = noToken;
  uint32_t vocabularyProbes = 0, mergeProbes = 0;
};

/// FNV-1a (64 bits) of the bytes, then the SplitMix64 finaliser.
uint64_t hashTokenText(std::string_view text);
/// The SplitMix64 finaliser of left * 2^32 + right.
uint64_t hashTokenPair(uint32_t left, uint32_t right);

} // namespace coopt::package

#endif // COOPT_PACKAGEFORMAT_TOKENIZER_H
