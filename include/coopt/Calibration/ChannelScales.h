//===- ChannelScales.h - Scaling input channels before weights are rounded --------===//
//
// y = W x = (W diag(s)) (x / s): a channel with a large s is rounded with a smaller share of error, the others with a larger one. AWQ
// (arXiv 2306.00978) takes s_k = mean|x_k|^a, one a for all contractions that read x, found on a grid. Here
//
//   s_k = t_k / sqrt(max t * min t),  t_k = max(mean|x_k|, 2^-13)^a        (all 1 for a = 0)
//
// for a = 0, 0.05, .., 1, and the a with the least sum over the contractions and their rows of e^T H e is kept, the first of
// equals: e = round(w s) / s - w for a row w, H the Gram matrix of x divided by its rows, or its diagonal (mean of x_k^2) where
// the matrix is not known. Only rows 0, d, 2 d, .. take part, d = ceil(rows / 64), which bounds the work for large matrices.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_CALIBRATION_CHANNELSCALES_H
#define COOPT_CALIBRATION_CHANNELSCALES_H

#include "coopt/Calibration/RoundMatrix.h"
#include "coopt/Support/Error.h"

#include <functional>

namespace coopt::calibration {

/// A contraction's weights, read row by row (from several threads at the same time), and how they will be rounded.
struct ScaledWeights {
  WeightFormat format;
  int64_t rows = 0;
  std::function<Status(int64_t row, float *out)> read;
};

struct ChannelStatistics {
  const float *meanMagnitudes = nullptr; ///< K: mean |x_k|
  const double *meanSquares = nullptr;   ///< K: mean x_k^2
  const float *gram = nullptr;           ///< K x K: sum of x x^T over the rows, or null
  double gramRows = 1;                   ///< what the Gram matrix is divided by
};

/// The scales of the K channels, positive and finite. With `clip` weights are rounded with clipping in the search too. Errors:
/// those of reading.
Expected<std::vector<float>> searchChannelScales(const std::vector<ScaledWeights> &weights, int64_t K,
                                                 const ChannelStatistics &inputs, bool clip,
                                                 unsigned threads);

} // namespace coopt::calibration

#endif // COOPT_CALIBRATION_CHANNELSCALES_H
