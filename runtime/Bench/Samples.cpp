#include "Bench/Samples.h"

#include <algorithm>
#include <cmath>

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
