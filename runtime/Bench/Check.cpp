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

static Expected<Generated> generate(const Package &package, int threads, int64_t prompt, int64_t count) {
  auto session = Session::open(package, threads);
  if (!session) {
    return forward(session.error());
  }
  int64_t vocabulary = package->manifest().model->vocabulary;
  std::vector<int32_t> next = promptTokens(vocabulary, prompt);
  Generated out;
  for (int64_t i = 0; i < count; ++i) {
    if (auto status = (*session)->append(next.data(), next.size()); !status) {
      return forward(status.error());
    }
    const float *logits = (*session)->logits();
    out.logits.insert(out.logits.end(), logits, logits + vocabulary);
    auto id = (*session)->sample(0);
    if (!id) {
      return forward(id.error());
    }
    next.assign(1, *id);
    out.ids.push_back(*id);
  }
  return out;
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
  if (first->ids != second->ids ||
      std::memcmp(first->logits.data(), second->logits.data(), first->logits.size() * sizeof(float)) != 0) {
    return fail("results differ between " + counts + ": nothing is reported");
  }
  if (!std::all_of(first->logits.begin(), first->logits.end(), [](float x) { return std::isfinite(x); })) {
    return fail("the logits are not finite: nothing is reported");
  }
  result.checked = std::to_string(count) + " greedy tokens and their logits equal on " + counts;
  return options.reference.empty() ? Status() : compareReference(package, options, result);
}
