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

/// Spearman's rank correlation ("The proof and measurement of association between two things", 1904): Pearson's correlation of the ranks, equal
/// numbers having the mean of theirs; -1 .. 1. Of constants no rank is known: 1 if both lists are constant, 0 if one is. Errors:
/// lists of different lengths, fewer than two pairs, a number that is not finite.
Expected<double> rankCorrelation(const std::vector<double> &a, const std::vector<double> &b);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_SAMPLES_H
