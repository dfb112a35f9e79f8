//===- InverseFactor.h - The triangular factor that error feedback needs ----===//
//
// For the Gram matrix H = X^T X of a contraction's inputs (K x K, symmetric, positive semi-definite), the upper triangular U
// with U^T U = (H + d I)^-1, where d is `damping` times the mean of H's diagonal. Row j of U says how the error that is made
// by rounding column j is spread over the later columns so that the sum of squares of X's outputs grows the least
// (GPTQ, arXiv 2210.17323, section 3.3, step 3).
//
// With the order of rows and columns reversed, H + d I = L L^T (Cholesky), and row j of U is row K - 1 - j of L^-1, reversed:
// one factorisation and one triangular inversion, both in binary64, in place in a packed triangle of K (K + 1) / 2 numbers.
// Every number is computed by one fixed sequence of operations, whatever the number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_CALIBRATION_INVERSEFACTOR_H
#define COOPT_CALIBRATION_INVERSEFACTOR_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace coopt::calibration {

/// The share of the mean diagonal that is added: GPTQ's percdamp.
constexpr double kDamping = 0.01;

/// Element (i, j), j <= i, of a symmetric matrix.
using SymmetricElement = std::function<double(int64_t i, int64_t j)>;

class InverseFactor {
public:
  /// Errors: K < 1; an element that is not finite; a matrix that stays indefinite when 100 times the damping is added. A
  /// matrix of zeros (no input was seen) counts as the identity.
  static Expected<InverseFactor> compute(int64_t K, const SymmetricElement &gram, double damping = kDamping,
                                         unsigned threads = 1);

  int64_t size() const { return K; }
  /// Row j of U from its last element to its diagonal: element i, i in [0, K - j), is U[j][K - 1 - i].
  const double *reversedRow(int64_t j) const { return triangle.data() + (K - 1 - j) * (K - j) / 2; }
  /// U[j][j].
  double diagonal(int64_t j) const { return reversedRow(j)[K - 1 - j]; }

private:
  int64_t K = 0;
  std::vector<double> triangle; ///< rows 0..K-1 of the lower triangle, packed
};

} // namespace coopt::calibration

#endif // COOPT_CALIBRATION_INVERSEFACTOR_H
