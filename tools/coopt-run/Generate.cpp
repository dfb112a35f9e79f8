#include "Commands.h"

#include "Session/Prompt.h"

#include <cmath>
#include <cstdio>

using namespace coopt;
using namespace coopt::run;

namespace {

/// Shows tokens as they come: as text, or as ids that --tokens takes.
class Printer {
public:
  explicit Printer(const runtime::Tokenizer *tokenizer) {
    if (tokenizer) {
      runtime::DecodeOptions decode;
      decode.continuation = true;
      stream.emplace(*tokenizer, decode);
    }
  }
  void token(int32_t id) {
    if (stream) {
      show(stream->append(id));
    } else {
      show((isFirst ? "" : ",") + std::to_string(id));
    }
    isFirst = false;
  }
  void finish() { show((stream ? stream->finish() : "") + "\n"); }
  bool hasShown() const { return !isFirst; }

private:
  static void show(const std::string &text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  std::optional<runtime::TextStream> stream;
  bool isFirst = true;
};

void printLogits(const float *logits, int64_t count) {
  std::fputs("[", stdout);
  for (int64_t i = 0; i < count; ++i) {
    // JSON has neither NaN nor infinities.
    std::printf(std::isfinite(logits[i]) ? "%s%.9g" : "%snull", i ? ", " : "",
                static_cast<double>(logits[i]));
  }
  std::fputs("]\n", stdout);
}

} // namespace

static Expected<std::vector<int32_t>> promptTokens(const Options &options, const Package &package) {
  if (!options.prompt) {
    return options.tokens;
  }
  return runtime::encodePrompt(*package, *options.prompt, /*addSpecial=*/true);
}

static Status generateTokens(const Options &options, const Package &package, runtime::Session &session,
                             int64_t &generated) {
  Printer printer(options.printTokens ? nullptr : package->tokenizer());
  Status status;
  for (int64_t i = 0; status && i < options.count; ++i) {
    auto token = session.sample(options.temperature);
    if (!token) {
      status = forward(token.error());
      break;
    }
    if (runtime::isEnd(*package, *token)) {
      break;
    }
    ++generated;
    printer.token(*token);
    if (std::ferror(stdout)) {
      break; // nobody sees more; the program ends with the reason
    }
    if (i + 1 == options.count) {
      break;
    }
    if (session.position() == package->manifest().model->context) {
      std::fprintf(stderr, "coopt-run: note: the context of %lld tokens is full\n",
                   static_cast<long long>(session.position()));
      break;
    }
    status = session.append(&*token, 1);
  }
  // A run that fails at once has printed nothing; a later message starts on a line of its own.
  if (status || printer.hasShown()) {
    printer.finish();
  }
  return status;
}

Status run::generate(const Options &options, const Package &package) {
  auto tokens = promptTokens(options, package);
  if (!tokens) {
    return forward(tokens.error(), options.package);
  }
  if (tokens->empty()) {
    return fail("the prompt has no token");
  }
  if (!options.printTokens && !options.printLogits && !package->tokenizer()) {
    return fail(options.package + ": the package has no tokenizer; --print-tokens shows ids");
  }
  auto measurement = Measurement::create(options, package);
  if (!measurement) {
    return forward(measurement.error());
  }
  auto session = openSession(options, package, **measurement);
  if (!session) {
    return forward(session.error());
  }
  Stopwatch prefill;
  if (auto status = (*session)->append(tokens->data(), tokens->size()); !status) {
    return forward(status.error(), options.package);
  }
  (*measurement)->phase("prefill", static_cast<int64_t>(tokens->size()), prefill.seconds());
  if (options.printLogits) {
    printLogits((*session)->logits(), package->manifest().model->vocabulary);
  } else if (options.count > 0) {
    Stopwatch decode;
    int64_t generated = 0;
    if (auto status = generateTokens(options, package, **session, generated); !status) {
      return forward(status.error(), options.package);
    }
    (*measurement)->phase("decode", generated, decode.seconds());
  }
  return (*measurement)->finish();
}
