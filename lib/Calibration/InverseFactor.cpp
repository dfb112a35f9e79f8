#include "coopt/Calibration/InverseFactor.h"

#include "Dot.h"

#include "coopt/Calibration/Parallel.h"

#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::calibration;

namespace {

/// Rows that are worked on together, so that the rows above them are read from memory once for all of them.
constexpr int64_t kBlock = 32;

double *rowOf(std::vector<double> &triangle, int64_t i) { return triangle.data() + i * (i + 1) / 2; }

/// Replaces the matrix by L with A = L L^T. False if it is not positive definite.
bool factorise(std::vector<double> &triangle, int64_t K, unsigned threads) {
  for (int64_t begin = 0; begin < K; begin += kBlock) {
    int64_t end = std::min(begin + kBlock, K);
    // What rows of the block need of the rows before it; these rows don't need each other yet.
    int64_t parts = std::min<int64_t>(threads, end - begin);
    parallelFor(parts, threads, [&](int64_t part) {
      int64_t first = begin + (end - begin) * part / parts, last = begin + (end - begin) * (part + 1) / parts;
      for (int64_t j = 0; j < begin; ++j) {
        const double *pivot = rowOf(triangle, j);
        for (int64_t i = first; i < last; ++i) {
          double *row = rowOf(triangle, i);
          row[j] = (row[j] - dot(row, pivot, j)) / pivot[j];
        }
      }
    });
    for (int64_t i = begin; i < end; ++i) {
      double *row = rowOf(triangle, i);
      for (int64_t j = begin; j < i; ++j) {
        const double *pivot = rowOf(triangle, j);
        row[j] = (row[j] - dot(row, pivot, j)) / pivot[j];
      }
      double square = row[i] - dot(row, row, i);
      if (!(square > 0) || !std::isfinite(square)) {
        return false;
      }
      row[i] = std::sqrt(square);
    }
  }
  return true;
}

/// Replaces L by its inverse.
void invert(std::vector<double> &triangle, int64_t K, unsigned threads) {
  for (int64_t begin = 0; begin < K; begin += kBlock) {
    int64_t end = std::min(begin + kBlock, K);
    std::vector<std::vector<double>> lower,
        sums; // of the block's rows: L, and the sum over k of L[i][k] * row k
    for (int64_t i = begin; i < end; ++i) {
      lower.emplace_back(rowOf(triangle, i), rowOf(triangle, i) + i + 1);
      sums.emplace_back(static_cast<size_t>(i) + 1);
    }
    auto add = [&](int64_t i, int64_t k) {
      const double *inverse = rowOf(triangle, k);
      double factor = lower[static_cast<size_t>(i - begin)][static_cast<size_t>(k)];
      double *sum = sums[static_cast<size_t>(i - begin)].data();
      for (int64_t j = 0; j <= k; ++j) {
        sum[j] += factor * inverse[j];
      }
    };
    int64_t parts = std::min<int64_t>(threads, end - begin);
    parallelFor(parts, threads, [&](int64_t part) {
      int64_t first = begin + (end - begin) * part / parts, last = begin + (end - begin) * (part + 1) / parts;
      for (int64_t k = 0; k < begin; ++k) {
        for (int64_t i = first; i < last; ++i) {
          add(i, k);
        }
      }
    });
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t k = begin; k < i; ++k) {
        add(i, k);
      }
      double *row = rowOf(triangle, i);
      double diagonal = 1 / row[i];
      const std::vector<double> &sum = sums[static_cast<size_t>(i - begin)];
      for (int64_t j = 0; j < i; ++j) {
        row[j] = -diagonal * sum[static_cast<size_t>(j)];
      }
      row[i] = diagonal;
    }
  }
}

} // namespace

Expected<InverseFactor> InverseFactor::compute(int64_t K, const SymmetricElement &gram, double damping,
                                               unsigned threads) {
  if (K < 1) {
    return fail("expected a matrix with elements");
  }
  if (K < 2 * kBlock) {
    threads = 1;
  }
  InverseFactor factor;
  factor.K = K;
  auto load = [&](double added) {
    factor.triangle.resize(static_cast<size_t>(K) * (static_cast<size_t>(K) + 1) / 2);
    for (int64_t i = 0; i < K; ++i) {
      double *row = rowOf(factor.triangle, i);
      for (int64_t j = 0; j <= i; ++j) {
        row[j] = gram(K - 1 - j, K - 1 - i);
      }
      row[i] += added;
    }
  };
  double trace = 0;
  load(0);
  for (int64_t i = 0; i < K; ++i) {
    const double *row = rowOf(factor.triangle, i);
    for (int64_t j = 0; j <= i; ++j) {
      if (!std::isfinite(row[j])) {
        return fail("element (" + std::to_string(K - 1 - j) + ", " + std::to_string(K - 1 - i) +
                    ") is not finite");
      }
    }
    if (row[i] < 0) {
      return fail("diagonal element " + std::to_string(K - 1 - i) + " is negative");
    }
    trace += row[i];
  }
  double added = trace == 0 ? 1 : damping * trace / static_cast<double>(K);
  for (int attempt = 0; attempt < 3; ++attempt, added *= 10) {
    load(added);
    if (factorise(factor.triangle, K, threads)) {
      invert(factor.triangle, K, threads);
      return factor;
    }
  }
  return fail("the matrix is not positive definite, even with " + std::to_string(100 * damping) +
              " times the mean of its diagonal added");
}
