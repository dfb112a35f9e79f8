#include "coopt/Calibration/InputMoments.h"

#include "coopt/Calibration/Parallel.h"

#include <cmath>

using namespace coopt;
using namespace coopt::calibration;

InputMoments::InputMoments(int64_t K, bool withGram)
    : K(K), sums(static_cast<size_t>(K)), squareSums(static_cast<size_t>(K)),
      triangle(withGram ? static_cast<size_t>(K) * (static_cast<size_t>(K) + 1) / 2 : 0),
      maxima(static_cast<size_t>(K)) {}

/// Adds the products of channel i with channels 0..i over some rows: four rows at a time, so that each sum is loaded and stored
/// once for four products.
static void addProducts(const double *x, int64_t rows, int64_t K, int64_t i, double *out) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const double *a = x + r * K, *b = a + K, *c = b + K, *d = c + K;
    double wa = a[i], wb = b[i], wc = c[i], wd = d[i];
    for (int64_t j = 0; j <= i; ++j) {
      out[j] += (wa * a[j] + wb * b[j]) + (wc * c[j] + wd * d[j]);
    }
  }
  for (; r < rows; ++r) {
    const double *a = x + r * K;
    for (int64_t j = 0; j <= i; ++j) {
      out[j] += a[i] * a[j];
    }
  }
}

void InputMoments::add(const float *x, int64_t rows, unsigned threads) {
  count += rows;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t k = 0; k < K; ++k) {
      auto at = static_cast<size_t>(k);
      float magnitude = std::fabs(x[r * K + k]);
      double value = static_cast<double>(magnitude);
      sums[at] += value;
      squareSums[at] += value * value;
      bool keep = magnitude <= maxima[at] || std::isnan(maxima[at]);
      maxima[at] = keep ? maxima[at] : magnitude;
    }
  }
  if (triangle.empty()) {
    return;
  }
  // Rows in blocks that stay in a cache while the triangle passes by.
  constexpr int64_t kBlockRows = 16, kBlockChannels = 32;
  std::vector<double> block(static_cast<size_t>(std::min(rows, kBlockRows) * K));
  for (int64_t begin = 0; begin < rows; begin += kBlockRows) {
    int64_t count = std::min(kBlockRows, rows - begin);
    std::copy(x + begin * K, x + (begin + count) * K, block.begin());
    int64_t blocks = (K + kBlockChannels - 1) / kBlockChannels;
    parallelFor(blocks, K * K * count < (1 << 20) ? 1 : threads, [&](int64_t part) {
      for (int64_t i = part * kBlockChannels; i < std::min(K, (part + 1) * kBlockChannels); ++i) {
        addProducts(block.data(), count, K, i, triangle.data() + i * (i + 1) / 2);
      }
    });
  }
}

bool InputMoments::isFinite() const {
  auto finite = [](const std::vector<double> &values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  return finite(sums) && finite(squareSums) && finite(triangle);
}
