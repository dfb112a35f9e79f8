//===- Samples.h - What repeated measurements say ---------------------------===//
#ifndef COOPT_RUNTIME_BENCH_SAMPLES_H
#define COOPT_RUNTIME_BENCH_SAMPLES_H

#include "coopt/Support/Error.h"

#include <vector>

namespace coopt::bench {

/// Of a list of numbers. The median of an even count is the mean of the two in the middle; the spread is
/// (max - min) / median, 0 if the median is 0.
struct Summary {
  double median = 0, min = 0, max = 0, spread = 0;
};

/// Errors: no sample, one that is not finite.
Expected<Summary> summarize(const std::vector<double> &samples);

/// numerators[i] / denominators[i]: pairs that were measured one right after the other, so that what slows the machine for
/// a while slows both. Errors: lists of different lengths, a denominator that is not above 0.
Expected<std::vector<double>> pairRatios(const std::vector<double> &numerators,
                                         const std::vector<double> &denominators);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_SAMPLES_H
