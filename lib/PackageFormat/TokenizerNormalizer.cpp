#include "coopt/PackageFormat/TokenizerNormalizer.h"
#include "coopt/Support/ReplaceAll.h"

using namespace coopt;
using namespace coopt::package;

std::optional<NormalizationForm> package::normalizationForm(TokenizerStepKind kind) {
  switch (kind) {
  case TokenizerStepKind::Nfc:
    return NormalizationForm::Nfc;
  case TokenizerStepKind::Nfd:
    return NormalizationForm::Nfd;
  case TokenizerStepKind::Nfkc:
    return NormalizationForm::Nfkc;
  case TokenizerStepKind::Nfkd:
    return NormalizationForm::Nfkd;
  default:
    return std::nullopt;
  }
}

std::string package::applyNormalizerStep(std::string text, const TokenizerView::Step &step) {
  if (auto form = normalizationForm(step.kind)) {
    return normalizeUnicode(text, *form);
  }
  switch (step.kind) {
  case TokenizerStepKind::Prepend:
    text.insert(0, text.empty() ? std::string_view() : step.text);
    return text;
  case TokenizerStepKind::Replace:
    return replaceAll(text, step.text, step.replacement);
  case TokenizerStepKind::Lowercase:
    return lowerCase(text);
  case TokenizerStepKind::Trim:
    if (step.count & 1) {
      text.erase(0, whiteSpaceAtBegin(text));
    }
    if (step.count & 2) {
      text.resize(text.size() - whiteSpaceAtEnd(text));
    }
    return text;
  case TokenizerStepKind::RemoveMarks:
    return withoutMarks(text);
  default:
    return text;
  }
}
