//===- TextStream.cpp - Ids to text, as they come -----------------------------===//
#include "RegularExpression.h"
#include "Tokenizer/Tokenizer.h"
#include "coopt/Support/ReplaceAll.h"
#include "coopt/Support/Utf8.h"

using namespace coopt;
using namespace coopt::runtime;
using package::TokenizerStepKind;
using Phase = package::TokenizerView::Phase;

namespace {

constexpr std::string_view replacementCharacter = "\xEF\xBF\xBD";

} // namespace

TextStream::TextStream(const Tokenizer &tokenizer, DecodeOptions options)
    : view(tokenizer.tables()), options(options) {
  if (options.continuation) {
    stripStep = view.stepCount(Phase::Decoder);
  }
}

/// Strips the beginning of the text as far as the decoder says so.
void TextStream::emit(std::string &out, std::string_view text) {
  for (; !text.empty() && stripStep < view.stepCount(Phase::Decoder); ++stripStep, stripped = 0) {
    auto step = view.step(Phase::Decoder, stripStep);
    if (step.kind != TokenizerStepKind::Strip) {
      continue;
    }
    while (stripped < step.count && text.substr(0, step.text.size()) == step.text) {
      text.remove_prefix(step.text.size());
      ++stripped;
    }
    if (text.empty()) {
      return;
    }
  }
  out += text;
}

/// Emits the characters that `pending` begins with; an incomplete one at the end stays unless nothing can
/// follow.
void TextStream::drain(std::string &out, bool last) {
  // A byte run is judged byte by byte (each becomes a replacement), byte-level text by its maximal ill-formed
  // parts.
  bool byteRun = view.kind() == package::TokenizerKind::CharacterBpe;
  std::string_view rest = pending;
  while (!rest.empty()) {
    Utf8Sequence next = nextUtf8(rest);
    if (next.kind == Utf8Sequence::Incomplete && !last) {
      break;
    }
    if (next.kind == Utf8Sequence::WellFormed) {
      emit(out, rest.substr(0, next.length));
    } else {
      for (size_t i = 0; i < (byteRun ? next.length : 1); ++i) {
        emit(out, replacementCharacter);
      }
    }
    rest.remove_prefix(next.length);
  }
  pending.erase(0, pending.size() - rest.size());
}

void TextStream::finishTo(std::string &out) {
  if (wholeRuns && view.kind() == package::TokenizerKind::CharacterBpe) {
    std::string_view rest = pending;
    while (!rest.empty() && nextUtf8(rest).kind == Utf8Sequence::WellFormed) {
      rest.remove_prefix(nextUtf8(rest).length);
    }
    if (!rest.empty()) {
      for (size_t i = 0; i < pending.size(); ++i) {
        emit(out, replacementCharacter);
      }
      pending.clear();
    }
  }
  drain(out, true);
}

void TextStream::appendTo(std::string &out, int32_t id) {
  if (id < 0 || static_cast<uint32_t>(id) >= view.vocabularySize()) {
    return;
  }
  uint8_t flags = view.flags(static_cast<uint32_t>(id));
  if (options.skipSpecial && (flags & package::TokenSpecial)) {
    return;
  }
  std::string_view token = view.token(static_cast<uint32_t>(id));
  if (view.kind() == package::TokenizerKind::ByteLevelBpe || (flags & package::TokenByte)) {
    pending += token;
    if (view.kind() == package::TokenizerKind::ByteLevelBpe || !wholeRuns) {
      drain(out, false);
    }
    return;
  }
  finishTo(out);
  std::string text(token);
  for (uint32_t i = 0; i < view.stepCount(Phase::Decoder); ++i) {
    auto step = view.step(Phase::Decoder, i);
    if (step.kind == TokenizerStepKind::Replace) {
      text = replaceAll(text, step.text, step.replacement);
    }
  }
  // Tables from a file are UTF-8; those of a damaged package need not be.
  pending = std::move(text);
  drain(out, true);
}

std::string TextStream::append(int32_t id) {
  std::string out;
  appendTo(out, id);
  return out;
}

std::string TextStream::finish() {
  std::string out;
  finishTo(out);
  return out;
}
