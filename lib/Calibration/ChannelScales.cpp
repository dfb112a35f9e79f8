#include "coopt/Calibration/ChannelScales.h"

#include "Dot.h"

#include "coopt/Calibration/Parallel.h"

#include <cmath>
#include <new>

using namespace coopt;
using namespace coopt::calibration;

namespace {

constexpr int kExponents = 21;
constexpr int64_t kSampledRows = 64;
constexpr float kLeastMagnitude = 0x1p-13f;

std::vector<float> scalesFor(double exponent, const float *magnitudes, int64_t K) {
  std::vector<double> powers;
  double least = INFINITY, greatest = 0;
  for (int64_t k = 0; k < K; ++k) {
    powers.push_back(std::pow(static_cast<double>(std::max(magnitudes[k], kLeastMagnitude)), exponent));
    least = std::min(least, powers.back());
    greatest = std::max(greatest, powers.back());
  }
  std::vector<float> scales;
  for (double power : powers) {
    scales.push_back(static_cast<float>(power / std::sqrt(least * greatest)));
  }
  return scales;
}

/// e^T H e
double weightedSquare(const std::vector<double> &e, const ChannelStatistics &inputs) {
  size_t K = e.size();
  double sum = 0;
  for (size_t i = 0; i < K; ++i) {
    if (!inputs.gram) {
      sum += inputs.meanSquares[i] * e[i] * e[i];
      continue;
    }
    sum += e[i] * dot(inputs.gram + i * K, e.data(), static_cast<int64_t>(K));
  }
  return inputs.gram ? sum / inputs.gramRows : sum;
}

} // namespace

Expected<std::vector<float>> calibration::searchChannelScales(const std::vector<ScaledWeights> &weights,
                                                              int64_t K, const ChannelStatistics &inputs,
                                                              bool clip, unsigned threads) {
  std::vector<std::vector<float>> candidates;
  std::vector<std::vector<double>> squares; // the mean squares of x / s, which clipping weighs errors with
  for (int a = 0; a < kExponents; ++a) {
    std::vector<float> scales = scalesFor(0.05 * a, inputs.meanMagnitudes, K);
    std::vector<double> scaled;
    for (int64_t k = 0; k < K; ++k) {
      double s = static_cast<double>(scales[static_cast<size_t>(k)]);
      scaled.push_back(inputs.meanSquares[k] / (s * s));
    }
    candidates.push_back(std::move(scales));
    squares.push_back(std::move(scaled));
  }
  std::vector<double> losses(kExponents, 0.0);
  for (const ScaledWeights &matrix : weights) {
    int64_t step = std::max<int64_t>(1, (matrix.rows + kSampledRows - 1) / kSampledRows);
    int64_t count = (matrix.rows + step - 1) / step;
    std::vector<std::vector<double>> rowLosses(static_cast<size_t>(count)); // summed in order below
    std::vector<Status> read(static_cast<size_t>(count));
    auto measureRow = [&](int64_t index) {
      auto at = static_cast<size_t>(index);
      auto size = static_cast<size_t>(K);
      std::vector<float> row(size), scaled(size), decoded(size);
      read[at] = matrix.read(index * step, row.data());
      if (!read[at]) {
        return;
      }
      std::vector<double> error(size);
      RoundedMatrix rounded = RoundedMatrix::make(matrix.format, 1, K);
      for (size_t a = 0; a < kExponents; ++a) {
        for (size_t k = 0; k < size; ++k) {
          scaled[k] = row[k] * candidates[a][k];
        }
        roundRows(matrix.format, {clip, false}, {squares[a].data(), nullptr}, scaled.data(), 1, rounded, 0);
        rounded.decodeRow(matrix.format, 0, decoded.data());
        for (size_t k = 0; k < size; ++k) {
          error[k] = static_cast<double>(decoded[k]) / static_cast<double>(candidates[a][k]) -
                     static_cast<double>(row[k]);
        }
        rowLosses[at].push_back(weightedSquare(error, inputs));
      }
    };
    parallelFor(count, threads, [&](int64_t index) {
      try {
        measureRow(index);
      } catch (const std::bad_alloc &) {
        read[static_cast<size_t>(index)] =
            fail("out of memory for rows of " + std::to_string(K) + " numbers");
      }
    });
    for (size_t index = 0; index < rowLosses.size(); ++index) {
      if (!read[index]) {
        return forward(read[index].error());
      }
      for (size_t a = 0; a < kExponents; ++a) {
        losses[a] += rowLosses[index][a];
      }
    }
  }
  size_t best = 0;
  for (size_t a = 1; a < kExponents; ++a) {
    best = losses[a] < losses[best] ? a : best;
  }
  return candidates[best];
}
