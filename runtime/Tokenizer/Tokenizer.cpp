#include "Tokenizer/Tokenizer.h"
#include "AddedTokens.h"
#include "MergeSymbols.h"
#include "RegularExpression.h"
#include "SplitPieces.h"
#include "coopt/PackageFormat/TokenizerNormalizer.h"
#include "coopt/Support/ReplaceAll.h"
#include "coopt/Support/Utf8.h"

using namespace coopt;
using namespace coopt::runtime;
using package::noToken;
using package::TokenizerStepKind;
using package::TokenizerView;
using Phase = package::TokenizerView::Phase;

namespace {

Status checkLength(size_t bytes) {
  if (bytes > Tokenizer::maximumText) {
    return fail("tokenizer: text of " + std::to_string(bytes) + " bytes, at most " +
                std::to_string(Tokenizer::maximumText) + " are possible");
  }
  return {};
}

/// One call of encode().
class Encoder {
public:
  Encoder(const TokenizerView &view, const std::vector<RegularExpression> &expressions,
          std::vector<int32_t> &ids)
      : view(view), expressions(expressions), ids(ids), merger(view), addedNormalized(view, true) {}

  Status text(std::string_view text) {
    return AddedTokenFinder(view, false)
        .split(
            text,
            [&](std::string_view piece) { return beforeNormalizer(piece, piece.data() == text.data()); },
            [&](uint32_t id) { append(id); });
  }

private:
  void append(uint32_t id) { ids.push_back(static_cast<int32_t>(id)); }

  /// `first`: the piece that the whole text begins with.
  Status beforeNormalizer(std::string_view piece, bool first) {
    std::string text(piece);
    for (uint32_t i = 0; i < view.stepCount(Phase::Normalizer); ++i) {
      text = package::applyNormalizerStep(std::move(text), view.step(Phase::Normalizer, i));
      if (auto status = checkLength(text.size()); !status) {
        return status;
      }
    }
    return addedNormalized.split(
        text,
        [&](std::string_view part) { return preTokenize(part, 0, 0, first && part.data() == text.data()); },
        [&](uint32_t id) { append(id); });
  }

  /// Steps from `step` on, `expression` being the next expression to use. The depth is the number of steps.
  Status preTokenize(std::string_view piece, uint32_t step, size_t expression, bool first) {
    if (step == view.stepCount(Phase::PreTokenizer)) {
      encodePiece(piece);
      return {};
    }
    auto what = view.step(Phase::PreTokenizer, step);
    if (what.kind == TokenizerStepKind::Split) {
      return split(piece, what.count, step, expression, first);
    }
    if (what.kind == TokenizerStepKind::Replace) {
      std::string text = replaceAll(piece, what.text, what.replacement);
      auto status = checkLength(text.size());
      return status && !text.empty() ? preTokenize(text, step + 1, expression, first) : status;
    }
    std::string_view prefix = what.kind == TokenizerStepKind::PrefixSpace ? " " : what.text;
    if (piece.substr(0, prefix.size()) == prefix || (what.count == 1 && !first)) {
      return preTokenize(piece, step + 1, expression, first);
    }
    return preTokenize(std::string(prefix).append(piece), step + 1, expression, first);
  }

  Status split(std::string_view piece, uint32_t count, uint32_t step, size_t expression, bool first) {
    Status inner;
    SplitPieces::Sink sink = [&](std::string_view part) {
      if (inner) {
        inner = preTokenize(part, step + 1, expression + 1, first && part.data() == piece.data());
      }
    };
    SplitPieces pieces(count, sink);
    auto status = expressions[expression].split(
        piece, [&](std::string_view part, RegularExpression::Part kind) { pieces.add(part, kind); });
    pieces.finish();
    return status ? inner : status;
  }

  void encodePiece(std::string_view piece) {
    if (view.ignoreMerges()) {
      if (uint32_t id = view.find(piece); id != noToken) {
        append(id);
        return;
      }
    }
    // An unknown token is held back until the next known symbol, so that neighbours can be fused.
    bool unknownWaits = false;
    auto known = [&](uint32_t id) {
      if (unknownWaits) {
        merger.add(view.unknownId());
        unknownWaits = false;
      }
      merger.add(id);
    };
    auto unknown = [&] {
      if (view.unknownId() == noToken) {
        return;
      }
      if (unknownWaits && !view.fuseUnknown()) {
        merger.add(view.unknownId());
      }
      unknownWaits = true;
    };
    auto bytes = [&](std::string_view symbol) {
      for (char byte : symbol) {
        if (view.byteId(static_cast<uint8_t>(byte)) == noToken) {
          return false;
        }
      }
      for (char byte : symbol) {
        known(view.byteId(static_cast<uint8_t>(byte)));
      }
      return true;
    };
    bool byteLevel = view.kind() == package::TokenizerKind::ByteLevelBpe;
    for (size_t at = 0; at < piece.size();) {
      Utf8Sequence next = nextUtf8(piece.substr(at));
      size_t length = byteLevel || next.kind != Utf8Sequence::WellFormed ? 1 : next.length;
      std::string_view symbol = piece.substr(at, length);
      at += length;
      uint32_t id = byteLevel ? view.byteId(static_cast<uint8_t>(symbol[0])) : view.find(symbol);
      if (id != noToken) {
        known(id);
      } else if (byteLevel || !view.byteFallback() || !bytes(symbol)) {
        unknown();
      }
    }
    if (unknownWaits) {
      merger.add(view.unknownId());
    }
    merger.mergeInto(ids);
  }

  const TokenizerView &view;
  const std::vector<RegularExpression> &expressions;
  std::vector<int32_t> &ids;
  SymbolMerger merger;
  AddedTokenFinder addedNormalized;
};

} // namespace

Tokenizer::Tokenizer(TokenizerView tables) : view(tables) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;

Expected<Tokenizer> Tokenizer::create(const uint8_t *bytes, size_t size) {
  auto view = TokenizerView::create(bytes, size);
  if (!view) {
    return forward(view.error());
  }
  Tokenizer tokenizer(*view);
  for (uint32_t i = 0; i < view->stepCount(Phase::PreTokenizer); ++i) {
    auto step = view->step(Phase::PreTokenizer, i);
    if (step.kind == TokenizerStepKind::Split) {
      auto expression = RegularExpression::compile(step.text);
      if (!expression) {
        return forward(expression.error(), "tokenizer: pre-tokenizer step " + std::to_string(i));
      }
      tokenizer.expressions.push_back(std::move(*expression));
    }
  }
  return tokenizer;
}

Expected<std::vector<int32_t>> Tokenizer::encode(std::string_view text, bool addSpecial) const {
  if (auto status = checkLength(text.size()); !status) {
    return forward(status.error());
  }
  std::vector<int32_t> ids;
  for (uint32_t i = 0; addSpecial && i < view.prefixCount(); ++i) {
    ids.push_back(static_cast<int32_t>(view.prefixId(i)));
  }
  if (auto status = Encoder(view, expressions, ids).text(text); !status) {
    return forward(status.error());
  }
  for (uint32_t i = 0; addSpecial && i < view.suffixCount(); ++i) {
    ids.push_back(static_cast<int32_t>(view.suffixId(i)));
  }
  return ids;
}

std::string Tokenizer::decode(const int32_t *ids, size_t count, DecodeOptions options) const {
  TextStream stream(*this, options);
  stream.wholeRuns = true;
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    stream.appendTo(text, ids[i]);
  }
  stream.finishTo(text);
  return text;
}
