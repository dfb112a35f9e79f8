#include "Bench/Experts.h"

#include "Bench/Limits.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::bench;
using runtime::ExpertStatistics;
using runtime::Session;

namespace {

/// One way to have experts in memory.
struct Variant {
  std::string name;
  Package package;
  std::unique_ptr<Session> session;
  std::vector<double> prefill, decode; ///< seconds: of the prompt, of a token
  // Of decoding: percents of requests, read megabytes and waited milliseconds of a token.
  std::vector<double> hits, guessed, megabytes, stalls;
  std::vector<float> logits; ///< after the last token of the round
};

class ExpertsMeasurement {
public:
  ExpertsMeasurement(const Options &options, Result &result) : options(options), result(result) {}
  Status run(const Package &mapped, const Progress &progress);

private:
  Status add(const std::string &name, Package package);
  Status round(Variant &variant, int64_t number, bool isKept);
  Status compare() const;
  Status summarize();

  const Options &options;
  Result &result;
  std::vector<Variant> variants;
  std::vector<int32_t> tokens;
};

/// Rounds before those that count: memory then holds what it will.
constexpr int64_t kWarmRounds = 3;

double secondsSince(int64_t start) {
  return std::max(1e-9, static_cast<double>(nanoseconds() - start) * 1e-9);
}

} // namespace

Status ExpertsMeasurement::add(const std::string &name, Package package) {
  auto session = Session::open(package, options.threads);
  if (!session) {
    return forward(session.error());
  }
  Variant variant;
  variant.name = name;
  variant.package = std::move(package);
  variant.session = std::move(*session);
  variants.push_back(std::move(variant));
  return {};
}

/// A prompt, and decoding with tokens of their own in each round: experts that only came last time are no help.
Status ExpertsMeasurement::round(Variant &variant, int64_t number, bool isKept) {
  Session &session = *variant.session;
  auto statistics = [&] {
    const runtime::ExpertStore *experts = variant.package->experts();
    return experts ? experts->statistics() : ExpertStatistics();
  };
  if (auto status = session.truncate(0); !status) {
    return status;
  }
  int64_t start = nanoseconds();
  if (auto status = session.append(tokens.data(), static_cast<size_t>(options.prefill)); !status) {
    return status;
  }
  double prefill = secondsSince(start);
  Status status = session.truncate(std::min(options.contextFill, options.prefill));
  if (status && session.position() < options.contextFill) {
    status = session.append(tokens.data() + session.position(),
                            static_cast<size_t>(options.contextFill - session.position()));
  }
  if (!status) {
    return status;
  }
  const int32_t *next =
      tokens.data() + std::max(options.prefill, options.contextFill) + number * options.decode;
  ExpertStatistics before = statistics();
  start = nanoseconds();
  for (int64_t i = 0; i < options.decode; ++i) {
    if (status = session.append(next + i, 1); !status) {
      return status;
    }
  }
  double decoded = static_cast<double>(options.decode);
  double decode = secondsSince(start) / decoded;
  ExpertStatistics after = statistics();
  int64_t vocabulary = variant.package->manifest().model->vocabulary;
  variant.logits.assign(session.logits(), session.logits() + vocabulary);
  if (isKept) {
    variant.prefill.push_back(prefill);
    variant.decode.push_back(decode);
    double requests = static_cast<double>(after.requests - before.requests);
    variant.hits.push_back(requests > 0 ? 100 * static_cast<double>(after.hits - before.hits) / requests : 0);
    variant.guessed.push_back(
        requests > 0 ? 100 * static_cast<double>(after.guessed - before.guessed) / requests : 0);
    variant.megabytes.push_back(static_cast<double>(after.bytesRead - before.bytesRead) * 1e-6 / decoded);
    variant.stalls.push_back((after.stallSeconds - before.stallSeconds) * 1e3 / decoded);
  }
  return {};
}

Status ExpertsMeasurement::compare() const {
  for (const Variant &variant : variants) {
    if (std::memcmp(variant.logits.data(), variants.front().logits.data(),
                    variant.logits.size() * sizeof(float)) != 0) {
      return fail("logits with " + variant.name + " differ from those with " + variants.front().name +
                  ": nothing is reported");
    }
  }
  return {};
}

Status ExpertsMeasurement::summarize() {
  const std::string decodeLabel = "decode at " + std::to_string(options.contextFill) + ", ",
                    prefillLabel = "prefill " + std::to_string(options.prefill) + ", ";
  Status status;
  auto then = [&](auto &&...arguments) {
    auto series = status ? makeSeries(arguments...) : forward(status.error());
    if (series) {
      result.series.push_back(std::move(*series));
    } else {
      status = forward(series.error());
    }
  };
  const Variant &mapped = variants.front();
  for (const Variant &variant : variants) {
    std::vector<double> milliseconds, rates;
    for (size_t i = 0; i < variant.decode.size(); ++i) {
      milliseconds.push_back(variant.decode[i] * 1e3);
      rates.push_back(static_cast<double>(options.prefill) / variant.prefill[i]);
    }
    const runtime::ExpertStore *experts = variant.package->experts();
    const std::string limit = experts ? mapped.name : "";
    then(prefillLabel + variant.name, "tokens/s", rates, limit, mapped.prefill, variant.prefill);
    then(decodeLabel + variant.name, "ms/token", milliseconds, limit, mapped.decode, variant.decode);
    if (!experts) {
      continue;
    }
    then("  experts that were there", "%", variant.hits);
    if (experts->readsAhead()) {
      then("  experts that were guessed", "%", variant.guessed);
    }
    then("  read", "MB/token", variant.megabytes);
    then("  waited", "ms/token", variant.stalls);
  }
  return status;
}

Status ExpertsMeasurement::run(const Package &mapped, const Progress &progress) {
  const package::ModelInfo &model = *mapped->manifest().model;
  int64_t needed = std::max(options.prefill, options.contextFill + options.decode);
  if (needed > model.context) {
    return fail("expected a context of " + std::to_string(needed) +
                " tokens for --prefill and --context-fill + --decode, got " + std::to_string(model.context));
  }
  tokens = promptTokens(model.vocabulary, std::max(options.prefill, options.contextFill) +
                                              (kWarmRounds + options.repeat) * options.decode);
  if (auto status = add("experts mapped", mapped); !status) {
    return status;
  }
  for (bool prefetch : {true, false}) {
    runtime::LoadOptions load;
    load.device = "cpu";
    load.isa = options.isa;
    load.experts = options.experts;
    load.experts.prefetch = prefetch;
    auto limited = runtime::LoadedPackage::load(result.path, load);
    if (!limited) {
      return forward(limited.error());
    }
    ExpertStatistics facts = (*limited)->experts()->statistics();
    const std::string share = formatNumber("%.0f%% of experts", 100 * static_cast<double>(facts.limit) /
                                                                    static_cast<double>(facts.total));
    if (auto status = add(share + (prefetch ? ", read ahead" : ", on demand"), *limited); !status) {
      return status;
    }
  }
  for (int64_t i = 0; i < kWarmRounds + options.repeat; ++i) {
    progress(i < kWarmRounds
                 ? "filling memory"
                 : "round " + std::to_string(i - kWarmRounds + 1) + " of " + std::to_string(options.repeat));
    for (Variant &variant : variants) {
      if (auto status = round(variant, i, i >= kWarmRounds); !status) {
        return status;
      }
    }
    if (auto status = compare(); !status) {
      return status;
    }
  }
  result.checked += "; logits equal with all experts mapped, read ahead and on demand";
  return summarize();
}

Status bench::measureExperts(const Package &mapped, const Options &options, Result &result,
                             const Progress &progress) {
  return ExpertsMeasurement(options, result).run(mapped, progress);
}
