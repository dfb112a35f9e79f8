//===- InputMoments.h - What a contraction's inputs were like --------------------===//
//
// Sums over the rows x (K binary32 numbers each) that a contraction read, added up as they come: of |x_k| and x_k^2 in binary64,
// the largest |x_k|, and, if asked for, the Gram matrix sum of x x^T in binary64. Rows are added in their order, each number by one
// sequence of operations, whatever the number of threads. A row with a number that is not finite makes sums so.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_CALIBRATION_INPUTMOMENTS_H
#define COOPT_CALIBRATION_INPUTMOMENTS_H

#include <cstdint>
#include <vector>

namespace coopt::calibration {

class InputMoments {
public:
  /// Of K >= 1 channels. The Gram matrix takes 4 K (K + 1) bytes.
  InputMoments(int64_t K, bool withGram);

  /// Adds `rows` rows, row-major.
  void add(const float *x, int64_t rows, unsigned threads = 1);

  int64_t channels() const { return K; }
  int64_t rows() const { return count; }
  bool hasGram() const { return !triangle.empty(); }
  const std::vector<double> &magnitudes() const { return sums; }    ///< K: sum |x_k|
  const std::vector<double> &squares() const { return squareSums; } ///< K: sum x_k^2
  const std::vector<float> &largest() const { return maxima; }      ///< K: max |x_k|
  /// Element (i, j) of the Gram matrix.
  double gram(int64_t i, int64_t j) const {
    return i < j ? gram(j, i) : triangle[static_cast<size_t>(i * (i + 1) / 2 + j)];
  }
  /// Whether all sums are finite.
  bool isFinite() const;

private:
  int64_t K, count = 0;
  std::vector<double> sums, squareSums, triangle; // the lower triangle of the Gram matrix, row by row
  std::vector<float> maxima;
};

} // namespace coopt::calibration

#endif // COOPT_CALIBRATION_INPUTMOMENTS_H
