//===- TokenizerNormalizer.h - The steps of a tokenizer's normalizer --------------===//
//
// Importers normalize added tokens with them, the runtime normalizes text.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_TOKENIZERNORMALIZER_H
#define COOPT_PACKAGEFORMAT_TOKENIZERNORMALIZER_H

#include "coopt/PackageFormat/Tokenizer.h"
#include "coopt/Support/Unicode.h"

namespace coopt::package {

/// The normalization form that a step stands for, if it stands for one.
std::optional<NormalizationForm> normalizationForm(TokenizerStepKind kind);

/// What a step of the normalizer makes of a text; steps of other phases change nothing. Text that is not UTF-8
/// keeps its ill-formed bytes.
std::string applyNormalizerStep(std::string text, const TokenizerView::Step &step);

} // namespace coopt::package

#endif // COOPT_PACKAGEFORMAT_TOKENIZERNORMALIZER_H
