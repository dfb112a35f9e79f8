#include "Bench/Samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace coopt;
using namespace coopt::bench;

Expected<Summary> bench::summarize(const std::vector<double> &samples) {
  if (samples.empty()) {
    return fail("expected at least one sample");
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(samples[i])) {
      return fail("sample " + std::to_string(i) + ": expected a finite number");
    }
  }
  std::vector<double> sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  size_t middle = sorted.size() / 2;
  Summary summary;
  summary.median = sorted.size() % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.spread = summary.median != 0 ? (summary.max - summary.min) / summary.median : 0;
  return summary;
}

Expected<std::vector<double>> bench::pairRatios(const std::vector<double> &numerators,
                                                const std::vector<double> &denominators) {
  if (numerators.size() != denominators.size()) {
    return fail("expected pairs, got " + std::to_string(numerators.size()) + " and " +
                std::to_string(denominators.size()) + " samples");
  }
  std::vector<double> ratios;
  for (size_t i = 0; i < numerators.size(); ++i) {
    if (!(denominators[i] > 0)) {
      return fail("pair " + std::to_string(i) + ": expected a denominator above 0, got " +
                  std::to_string(denominators[i]));
    }
    ratios.push_back(numerators[i] / denominators[i]);
  }
  return ratios;
}

/// Ranks from 1, of equal numbers the mean of theirs.
static std::vector<double> ranksOf(const std::vector<double> &values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) {
      ++last;
    }
    for (size_t i = first; i <= last; ++i) {
      ranks[order[i]] = static_cast<double>(first + last) / 2 + 1;
    }
    first = last + 1;
  }
  return ranks;
}

Expected<double> bench::rankCorrelation(const std::vector<double> &a, const std::vector<double> &b) {
  if (a.size() != b.size() || a.size() < 2) {
    return fail("expected two pairs at least, got " + std::to_string(a.size()) + " and " +
                std::to_string(b.size()) + " numbers");
  }
  for (const std::vector<double> *list : {&a, &b}) {
    for (size_t i = 0; i < list->size(); ++i) {
      if (!std::isfinite((*list)[i])) {
        return fail("pair " + std::to_string(i) + ": expected finite numbers");
      }
    }
  }
  const std::vector<double> x = ranksOf(a), y = ranksOf(b);
  const double mean = static_cast<double>(x.size() + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  if (xx == 0 || yy == 0) {
    return xx == yy ? 1.0 : 0.0;
  }
  return xy / std::sqrt(xx * yy);
}
