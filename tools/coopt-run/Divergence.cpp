// Logits are read position by position from both packages; what is computed of them is a measurement, in
// binary64, and no op of a model.
#include "Commands.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::run;

namespace {

/// log(sum of exp) of logits: what softmax divides by.
double logSum(const float *logits, int64_t count) {
  double highest = *std::max_element(logits, logits + count), sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += std::exp(static_cast<double>(logits[i]) - highest);
  }
  return highest + std::log(sum);
}

/// KL(p || q) of the distributions of two rows of logits.
double divergenceOf(const float *p, const float *q, int64_t count) {
  const double pSum = logSum(p, count), qSum = logSum(q, count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double logP = static_cast<double>(p[i]) - pSum, logQ = static_cast<double>(q[i]) - qSum;
    sum += std::exp(logP) * (logP - logQ);
  }
  return sum;
}

} // namespace

Expected<Divergence> run::divergence(const Options &options, const Package &package,
                                     const std::vector<std::vector<int32_t>> &sequences) {
  runtime::LoadOptions load;
  load.isa = options.isa;
  load.verify = options.verify;
  auto other = runtime::LoadedPackage::load(options.scoreAgainst, load);
  if (!other) {
    return forward(other.error());
  }
  const int64_t vocabulary = package->manifest().model ? package->manifest().model->vocabulary : 0;
  const int64_t otherVocabulary = (*other)->manifest().model ? (*other)->manifest().model->vocabulary : 0;
  if (vocabulary == 0 || vocabulary != otherVocabulary) {
    return fail(options.scoreAgainst + ": expected a language model with a vocabulary of " +
                std::to_string(vocabulary) + ", got " + std::to_string(otherVocabulary));
  }
  auto own = runtime::Session::open(package, options.threads);
  auto reference = runtime::Session::open(*other, options.threads);
  if (!own) {
    return forward(own.error(), options.package);
  }
  if (!reference) {
    return forward(reference.error(), options.scoreAgainst);
  }
  Divergence result;
  int64_t positions = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    for (runtime::Session *session : {own->get(), reference->get()}) {
      if (Status status = session->truncate(0); !status) {
        return forward(status.error());
      }
    }
    for (size_t t = 0; t + 1 < sequences[i].size(); ++t) {
      for (runtime::Session *session : {own->get(), reference->get()}) {
        if (Status status = session->append(&sequences[i][t], 1); !status) {
          return forward(status.error(), options.score + ": $.sequences[" + std::to_string(i) + "]");
        }
      }
      const float *q = (*own)->logits(), *p = (*reference)->logits();
      result.kl += divergenceOf(p, q, vocabulary);
      result.top1 += std::max_element(p, p + vocabulary) - p == std::max_element(q, q + vocabulary) - q;
      ++positions;
    }
  }
  result.kl /= static_cast<double>(positions);
  result.top1 /= static_cast<double>(positions);
  return result;
}
