#include "Bench/Check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace coopt;
using namespace coopt::bench;
using runtime::Session;

std::vector<int32_t> bench::promptTokens(int64_t vocabulary, int64_t count) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<int32_t>(package::splitMix64(1, static_cast<uint64_t>(i)) %
                                       static_cast<uint64_t>(vocabulary)));
  }
  return ids;
}

namespace {
struct Generated {
  std::vector<int32_t> ids;
  std::vector<float> logits; ///< of all steps
};
} // namespace

static Expected<Generated> generate(Session &session, int64_t vocabulary, int64_t prompt, int64_t count) {
  std::vector<int32_t> next = promptTokens(vocabulary, prompt);
  Generated out;
  for (int64_t i = 0; i < count; ++i) {
    if (auto status = session.append(next.data(), next.size()); !status) {
      return forward(status.error());
    }
    const float *logits = session.logits();
    out.logits.insert(out.logits.end(), logits, logits + vocabulary);
    auto id = session.sample(0);
    if (!id) {
      return forward(id.error());
    }
    next.assign(1, *id);
    out.ids.push_back(*id);
  }
  return out;
}

static Expected<Generated> generate(const Package &package, int threads, int64_t prompt, int64_t count) {
  auto session = Session::open(package, threads);
  if (!session) {
    return forward(session.error());
  }
  return generate(**session, package->manifest().model->vocabulary, prompt, count);
}

/// Errors if a bit differs; `between` says what the two are.
static Status compare(const Generated &first, const Generated &second, const std::string &between) {
  if (first.ids != second.ids ||
      std::memcmp(first.logits.data(), second.logits.data(), first.logits.size() * sizeof(float)) != 0) {
    return fail("results differ between " + between + ": nothing is reported");
  }
  if (!std::all_of(first.logits.begin(), first.logits.end(), [](float x) { return std::isfinite(x); })) {
    return fail("the logits are not finite: nothing is reported");
  }
  return {};
}

static Expected<std::vector<float>> score(const Package &package, int threads,
                                          const std::vector<int32_t> &ids) {
  auto session = Session::open(package, threads);
  if (!session) {
    return forward(session.error());
  }
  std::vector<float> nll(ids.size() - 1);
  if (auto status = (*session)->score(ids.data(), ids.data() + 1, nll.size(), nll.data()); !status) {
    return forward(status.error());
  }
  return nll;
}

static Status compareReference(const Package &package, const Options &options, Result &result) {
  auto reference = runtime::LoadedPackage::load(options.reference, {});
  if (!reference) {
    return forward(reference.error(), "--reference");
  }
  const auto &model = (*reference)->manifest().model, &own = package->manifest().model;
  if (!model || model->vocabulary != own->vocabulary) {
    return fail("--reference: " + options.reference + ": expected a language model with a vocabulary of " +
                std::to_string(own->vocabulary));
  }
  int64_t length = std::min<int64_t>({65, own->context, model->context});
  if (length < 2) {
    return fail("--reference: a context of two tokens at least is needed");
  }
  std::vector<int32_t> ids = promptTokens(own->vocabulary, length);
  auto mine = score(package, options.threads, ids), theirs = score(*reference, options.threads, ids);
  if (!mine || !theirs) {
    return forward(!mine ? mine.error() : theirs.error(), "score");
  }
  double sums[2] = {}, difference = 0;
  for (size_t i = 0; i < mine->size(); ++i) {
    double a = static_cast<double>((*mine)[i]), b = static_cast<double>((*theirs)[i]);
    sums[0] += a;
    sums[1] += b;
    difference += std::fabs(a - b);
  }
  double count = static_cast<double>(mine->size());
  result.meanNll = sums[0] / count;
  result.referenceNll = sums[1] / count;
  result.nllDifference = difference / count;
  char text[200];
  std::snprintf(text, sizeof(text), "mean nll %.6f, reference %.6f, mean difference %.2g nats",
                sums[0] / count, sums[1] / count, difference / count);
  // A comparison with NaN is no agreement.
  if (!(difference / count <= options.tolerance)) {
    std::snprintf(text + std::strlen(text), sizeof(text) - std::strlen(text), ", more than %g",
                  options.tolerance);
    return fail("results differ from the reference " + options.reference + ": " + text);
  }
  result.checked += std::string("; ") + text;
  return {};
}

Status bench::check(const Package &package, const Options &options, Result &result) {
  int64_t context = package->manifest().model->context;
  int64_t prompt = std::clamp<int64_t>(context - 8, 1, 19);
  int64_t count = std::min<int64_t>(8, context - prompt + 1);
  int other = result.threads == 1 ? 2 : 1;
  auto first = generate(package, result.threads, prompt, count),
       second = generate(package, other, prompt, count);
  if (!first || !second) {
    return forward(!first ? first.error() : second.error(), "check");
  }
  std::string counts = std::to_string(result.threads) + " and " + std::to_string(other) + " threads";
  if (Status status = compare(*first, *second, counts); !status) {
    return status;
  }
  result.checked = std::to_string(count) + " greedy tokens and their logits equal on " + counts;
  return options.reference.empty() ? Status() : compareReference(package, options, result);
}

Status bench::checkSimulated(const Package &package, const Options &options, Result &result) {
  if (options.timingOnly) {
    result.checked = "nothing, as only time is simulated";
    return options.reference.empty() ? Status()
                                     : fail("--reference compares values, with --timing-only there are none");
  }
  const package::ModelInfo &model = *package->manifest().model;
  const int64_t prompt = std::clamp<int64_t>(model.context - 1, 1, 5);
  const int64_t count = std::min<int64_t>(2, model.context - prompt + 1);
  auto session = Session::open(package, options.threads);
  if (!session) {
    return forward(session.error(), "check");
  }
  auto first = generate(**session, model.vocabulary, prompt, count);
  if (Status status = first ? (*session)->truncate(0) : Status(forward(first.error())); !status) {
    return forward(status.error(), "check");
  }
  auto second = generate(**session, model.vocabulary, prompt, count);
  if (!second) {
    return forward(second.error(), "check");
  }
  if (Status status = compare(*first, *second, "two runs of one session"); !status) {
    return status;
  }
  result.checked = std::to_string(count) + " greedy tokens and their logits equal in two runs of one session";
  return options.reference.empty() ? Status() : compareReference(package, options, result);
}
