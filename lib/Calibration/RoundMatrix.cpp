#include "coopt/Calibration/RoundMatrix.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::calibration;
using namespace coopt::numerics;

namespace {

constexpr int kShrinkSteps = 28;
float shrinkOf(int step) { return 1.0f - 0.025f * static_cast<float>(step); }

/// Rounds the elements of one row of a matrix, group by group.
class RowRounder {
public:
  RowRounder(const WeightFormat &format, RoundingMethod method, const double *meanSquares, RoundedMatrix &out,
             int64_t row)
      : format(format), clip(method.clip), meanSquares(meanSquares), out(out), row(row) {}

  void beginRow(const float *values, int64_t K) {
    if (format.twoLevel) {
      rowScale = twoLevelRowScale(values, K);
      out.outerScales[static_cast<size_t>(row)] = rowScale;
    }
  }

  /// Chooses the parameters of group `number`, whose elements are values[0..n) at column `begin`.
  void beginGroup(int64_t number, const float *values, int64_t begin, int64_t n) {
    size_t at = static_cast<size_t>(row * out.groups + number);
    choose(values, n, 1.0f);
    if (clip) {
      search(values, meanSquares + begin, n);
    }
    out.scales[at] = format.twoLevel ? static_cast<float>(inner.scale) : group.scale;
    out.zeros[at] = static_cast<uint8_t>(format.twoLevel ? static_cast<float>(inner.zero) : group.zero);
  }

  /// Stores the code of column k and gives what it decodes to.
  float round(int64_t k, float x) {
    int code = codeOf(x);
    out.codes[static_cast<size_t>(row * out.K + k)] = static_cast<uint8_t>(code);
    return decode(code);
  }

private:
  void choose(const float *values, int64_t n, float shrink) {
    if (!format.twoLevel) {
      group = groupParameters(format.integers, values, n, shrink);
      return;
    }
    int low = 0, high = 0;
    for (int64_t i = 0; i < n; ++i) {
      int q = twoLevelInner(values[i] * shrink, rowScale);
      low = std::min(low, q);
      high = std::max(high, q);
    }
    inner = twoLevelGroup(low, high);
  }

  /// The shrunk range with the least weighted error.
  void search(const float *values, const double *weight, int64_t n) {
    GroupParameters bestGroup = group;
    TwoLevelGroup bestInner = inner;
    double best = 0;
    for (int step = 0; step <= kShrinkSteps; ++step) {
      choose(values, n, shrinkOf(step));
      double error = 0;
      for (int64_t i = 0; i < n; ++i) {
        double difference = static_cast<double>(values[i]) - static_cast<double>(decode(codeOf(values[i])));
        error += weight[i] * difference * difference;
      }
      if (step == 0 || error < best) {
        best = error;
        bestGroup = group;
        bestInner = inner;
      }
    }
    group = bestGroup;
    inner = bestInner;
  }

  int codeOf(float x) const {
    return format.twoLevel ? twoLevelCode(twoLevelInner(x, rowScale), inner)
                           : static_cast<int>(groupCode(format.integers, group, x));
  }
  float decode(int code) const {
    return format.twoLevel ? static_cast<float>((code - inner.zero) * inner.scale) * rowScale
                           : (static_cast<float>(code) - group.zero) * group.scale;
  }

  const WeightFormat &format;
  bool clip;
  const double *meanSquares;
  RoundedMatrix &out;
  int64_t row;
  float rowScale = 1;
  GroupParameters group;
  TwoLevelGroup inner;
};

/// Rows that error feedback works on together: the factor, larger than caches, is read once for all of them.
constexpr int64_t kFeedbackRows = 16;

/// Error feedback over some rows. Columns are held in reverse, as the factor's rows are.
void roundWithFeedback(const WeightFormat &format, RoundingMethod method, const InputKnowledge &inputs,
                       const float *weights, int64_t count, RoundedMatrix &out, int64_t first) {
  int64_t K = out.K, length = format.groupLength(K);
  std::vector<std::vector<double>> rest; // weights with the errors so far, from the last column to the first
  std::vector<RowRounder> rounders;
  for (int64_t r = 0; r < count; ++r) {
    const float *row = weights + r * K;
    rest.emplace_back(std::reverse_iterator<const float *>(row + K),
                      std::reverse_iterator<const float *>(row));
    rounders.emplace_back(format, method, inputs.meanSquares, out, first + r);
    rounders.back().beginRow(row, K);
  }
  std::vector<float> group(static_cast<size_t>(length));
  for (int64_t k = 0; k < K; ++k) {
    const double *factor = inputs.factor->reversedRow(k);
    double diagonal = inputs.factor->diagonal(k);
    int64_t later = K - 1 - k; // columns after this one; the place of this one
    for (int64_t r = 0; r < count; ++r) {
      double *row = rest[static_cast<size_t>(r)].data();
      if (k % length == 0) {
        int64_t n = std::min(length, K - k);
        for (int64_t i = 0; i < n; ++i) {
          group[static_cast<size_t>(i)] = static_cast<float>(row[later - i]);
        }
        rounders[static_cast<size_t>(r)].beginGroup(k / length, group.data(), k, n);
      }
      float x = static_cast<float>(row[later]);
      double error =
          (row[later] - static_cast<double>(rounders[static_cast<size_t>(r)].round(k, x))) / diagonal;
      for (int64_t i = 0; i < later; ++i) {
        row[i] -= error * factor[i];
      }
    }
  }
}

} // namespace

RoundedMatrix RoundedMatrix::make(const WeightFormat &format, int64_t rows, int64_t K) {
  RoundedMatrix matrix;
  matrix.rows = rows;
  matrix.K = K;
  matrix.groups = format.groups(K);
  auto groups = static_cast<size_t>(rows * matrix.groups);
  matrix.codes.resize(static_cast<size_t>(rows * K));
  matrix.scales.resize(groups);
  matrix.zeros.resize(groups);
  matrix.outerScales.resize(format.twoLevel ? static_cast<size_t>(rows) : 0);
  return matrix;
}

void RoundedMatrix::decodeRow(const WeightFormat &format, int64_t row, float *out) const {
  int64_t length = format.groupLength(K);
  for (int64_t k = 0; k < K; ++k) {
    auto at = static_cast<size_t>(row * groups + k / length);
    uint8_t byte = codes[static_cast<size_t>(row * K + k)];
    bool isSigned = format.integers.symmetric && !format.twoLevel;
    float code = isSigned ? static_cast<float>(static_cast<int8_t>(byte)) : static_cast<float>(byte);
    float value = (code - static_cast<float>(zeros[at])) * scales[at];
    out[k] = format.twoLevel ? value * outerScales[static_cast<size_t>(row)] : value;
  }
}

void calibration::roundRows(const WeightFormat &format, RoundingMethod method, const InputKnowledge &inputs,
                            const float *weights, int64_t count, RoundedMatrix &out, int64_t first) {
  int64_t K = out.K, length = format.groupLength(K);
  if (method.feedback) {
    for (int64_t begin = 0; begin < count; begin += kFeedbackRows) {
      roundWithFeedback(format, method, inputs, weights + begin * K, std::min(kFeedbackRows, count - begin),
                        out, first + begin);
    }
    return;
  }
  for (int64_t r = 0; r < count; ++r) {
    const float *row = weights + r * K;
    RowRounder rounder(format, method, inputs.meanSquares, out, first + r);
    rounder.beginRow(row, K);
    for (int64_t begin = 0, number = 0; begin < K; begin += length, ++number) {
      int64_t n = std::min(length, K - begin);
      rounder.beginGroup(number, row + begin, begin, n);
      for (int64_t k = begin; k < begin + n; ++k) {
        rounder.round(k, row[k]);
      }
    }
  }
}
