//===- TokenizerLayout.h - Constants shared by writer and reader of the tokenizer section --===//
#ifndef COOPT_LIB_PACKAGEFORMAT_TOKENIZERLAYOUT_H
#define COOPT_LIB_PACKAGEFORMAT_TOKENIZERLAYOUT_H

#include "coopt/PackageFormat/TokenizerNormalizer.h"

#include <algorithm>

namespace coopt::package::tokenizer_layout {

constexpr char magic[8] = {'C', 'O', 'O', 'P', 'T', 'T', 'O', 'K'};
constexpr uint32_t version = 2;    ///< 1 is read too: it is the same with less in it
constexpr size_t fixedHeader = 40; ///< bytes before the block table
constexpr size_t headerSize = fixedHeader + 16 * TokenizerView::BlockCount;
constexpr size_t stepSize = 24;
constexpr size_t addedSize = 16;
constexpr size_t mergeSize = 16;
constexpr uint32_t maximumProbes = 256;
constexpr uint32_t maximumSteps = 32;
constexpr uint32_t maximumExpression = 1u << 16; ///< bytes of a regular expression
constexpr uint32_t maximumStepText = 256;        ///< bytes of any other text of a step
constexpr uint32_t maximumAddedText = 1024; ///< bytes of an added token: bounds the time to look for them
constexpr uint64_t maximumGrowth = 64;      ///< times by which the steps of a phase may lengthen text
constexpr uint32_t maximumStripCount = 1u << 16;

/// Whether a step has a meaning in a phase.
inline bool stepBelongs(TokenizerView::Phase phase, TokenizerStepKind kind) {
  switch (kind) {
  case TokenizerStepKind::Prepend:
  case TokenizerStepKind::Nfc:
  case TokenizerStepKind::Nfd:
  case TokenizerStepKind::Nfkc:
  case TokenizerStepKind::Nfkd:
  case TokenizerStepKind::Lowercase:
  case TokenizerStepKind::Trim:
  case TokenizerStepKind::RemoveMarks:
    return phase == TokenizerView::Phase::Normalizer;
  case TokenizerStepKind::Replace:
    return true;
  case TokenizerStepKind::Split:
  case TokenizerStepKind::PrefixSpace:
  case TokenizerStepKind::PrefixText:
    return phase == TokenizerView::Phase::PreTokenizer;
  case TokenizerStepKind::ByteFallback:
  case TokenizerStepKind::Fuse:
  case TokenizerStepKind::Strip:
    return phase == TokenizerView::Phase::Decoder;
  }
  return false;
}

/// The largest meaningful `count` of a step.
inline uint32_t maximumCount(TokenizerStepKind kind) {
  switch (kind) {
  case TokenizerStepKind::Split:
    return splitCount(SplitBehavior::MergedWithNext, true);
  case TokenizerStepKind::Strip:
    return maximumStripCount;
  case TokenizerStepKind::Trim:
    return 3;
  case TokenizerStepKind::PrefixText:
    return 1;
  default:
    return 0;
  }
}

/// How many times as long a step can make text.
inline uint64_t growthOf(const TokenizerView::Step &step) {
  switch (step.kind) {
  case TokenizerStepKind::Replace:
    return std::max<uint64_t>(1, (step.replacement.size() + step.text.size() - 1) / step.text.size());
  case TokenizerStepKind::Lowercase:
    return 2;
  default:
    auto form = normalizationForm(step.kind);
    return form ? maximumNormalizationGrowth(*form) : 1;
  }
}

inline uint64_t finalise(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

} // namespace coopt::package::tokenizer_layout

#endif // COOPT_LIB_PACKAGEFORMAT_TOKENIZERLAYOUT_H
