//===- RoundMatrix.h - Weights to codes, with what is known of their inputs -----===//
//
// A contraction y = W x (W: N x K weights, a row an output) feels an error of its weights through its inputs. From statistics
// of x over a calibration text, three ways of choosing codes:
//
//   nearest    the format's own rule; needs nothing
//   clip       per group (and row) the range that the scale is made of is multiplied by r = 1, 0.975, .., 0.3, and the r
//              with the least sum_k h_k (w_k - w~_k)^2 is kept, the first of equals; h_k = mean of x_k^2. Two-level codes: the
//              ranges of groups, the row's scale stays.
//   feedback   columns in order; the error of each is spread over the columns that follow so that tr(E H E^T), E the error of
//              W and H the Gram matrix of x, grows the least: GPTQ (arXiv 2210.17323). A group's scale and zero are those
//              of its weights as they are when its first column is reached. With H = c I it is `nearest`.
//
// `clip` and `feedback` go together: the range of a group is then searched when it begins. Each row depends on no other row.
// Codes, scales and zeros obey the format: they are what its decoder takes.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_CALIBRATION_ROUNDMATRIX_H
#define COOPT_CALIBRATION_ROUNDMATRIX_H

#include "coopt/Calibration/InverseFactor.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/TwoLevelQuantization.h"

#include <cstdint>
#include <vector>

namespace coopt::calibration {

/// What codes there are: integers with one level of scales, or QoQ's two levels (4 bits, asymmetric), of which the group size
/// counts alone.
struct WeightFormat {
  numerics::IntegerGroupFormat integers;
  bool twoLevel = false;

  int64_t groups(int64_t K) const { return numerics::groupCount(integers, K); }
  /// Elements of a whole group of a row of K.
  int64_t groupLength(int64_t K) const {
    return integers.groupSize > 0 && integers.groupSize < K ? integers.groupSize : K;
  }
};

/// How codes are chosen. Neither: nearest.
struct RoundingMethod {
  bool clip = false;
  bool feedback = false;
};

/// What is known of the inputs; null where the method needs it not. The factor may have been made of H divided by any number.
struct InputKnowledge {
  const double *meanSquares = nullptr;   ///< K: for clip
  const InverseFactor *factor = nullptr; ///< of size K: for feedback
};

/// The parts of a matrix of N rows, each row-major; codes of symmetric formats are int8 in these bytes.
struct RoundedMatrix {
  int64_t rows = 0, K = 0, groups = 0;
  std::vector<uint8_t> codes;     ///< rows x K
  std::vector<float> scales;      ///< rows x groups; of two levels the inner ones, 1..16
  std::vector<uint8_t> zeros;     ///< rows x groups; 0 if symmetric
  std::vector<float> outerScales; ///< rows, if there are two levels

  /// Arrays of these sizes, of zeros.
  static RoundedMatrix make(const WeightFormat &format, int64_t rows, int64_t K);
  /// The numbers of a row as a decoder makes them.
  void decodeRow(const WeightFormat &format, int64_t row, float *out) const;
};

/// Rounds weights[0 .. count x K) into rows first .. first + count - 1 of `out`. Different rows may be rounded at the same time.
void roundRows(const WeightFormat &format, RoundingMethod method, const InputKnowledge &inputs,
               const float *weights, int64_t count, RoundedMatrix &out, int64_t first);

} // namespace coopt::calibration

#endif // COOPT_CALIBRATION_ROUNDMATRIX_H
