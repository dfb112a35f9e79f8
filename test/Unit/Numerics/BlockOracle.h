// What the tests of block formats share: rows that hurt, and the nearest code found by looking at all codes.
#ifndef COOPT_TEST_NUMERICS_BLOCKORACLE_H
#define COOPT_TEST_NUMERICS_BLOCKORACLE_H

#include "coopt/Numerics/BlockEncoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace coopt::numerics::test {

inline float fromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}
inline uint32_t toBits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
/// Bits with all NaNs the same.
inline uint32_t canonical(float x) { return x != x ? 0x7fc00000 : toBits(x); }

/// Rows of nine kinds in turn. `grid`: numbers whose midpoints are made ties, times powers of two.
class HardRows {
public:
  HardRows(unsigned seed, std::vector<float> grid) : generator(seed), grid(std::move(grid)) {}

  void fill(float *row, size_t n) {
    std::normal_distribution<float> normal(0, 0.05f);
    unsigned kind = count++ % 9;
    float power = std::ldexp(1.0f, static_cast<int>(generator() % 41) - 20);
    for (size_t i = 0; i < n; ++i) {
      switch (kind) {
      case 0:
        row[i] = normal(generator);
        break;
      case 1: // any finite number
        row[i] = fromBits(static_cast<uint32_t>(generator()));
        row[i] = std::isfinite(row[i]) ? row[i] : 1.5f;
        break;
      case 2: // ties: halfway between two numbers of the grid, and the numbers themselves
        row[i] = tie() * power;
        break;
      case 3: // subnormals
        row[i] = fromBits(static_cast<uint32_t>(generator()) & 0x807fffff);
        break;
      case 4: // mostly zeros, of both signs
        row[i] = generator() % 8 == 0 ? normal(generator) : (generator() % 2 ? 0.0f : -0.0f);
        break;
      case 5: // a few NaNs or infinities
        row[i] = normal(generator);
        if (generator() % (2 * n) == 0) {
          row[i] = generator() % 2 ? std::numeric_limits<float>::quiet_NaN()
                                   : (generator() % 2 ? HUGE_VALF : -HUGE_VALF);
        }
        break;
      case 6: // near the largest numbers
        row[i] = std::ldexp(1 + std::fabs(normal(generator)), 125 + static_cast<int>(generator() % 2)) *
                 (generator() % 2 ? 1.0f : -1.0f);
        break;
      case 7: // outliers
        row[i] = normal(generator) * (generator() % 16 == 0 ? 40 : 1);
        break;
      default: // small integers: ties after a division by their largest
        row[i] = static_cast<float>(static_cast<int>(generator() % 17) - 8);
        break;
      }
    }
    if (kind == 4 && generator() % 4 == 0) {
      std::fill(row, row + n, generator() % 2 ? 0.0f : -0.0f);
    }
    if (kind == 2) {
      row[generator() % n] = grid.back() * power; // makes the scale a power of two, where ties stay ties
    }
  }

  std::vector<float> matrix(size_t rows, size_t K) {
    std::vector<float> result(rows * K);
    for (size_t row = 0; row < rows; ++row) {
      fill(result.data() + row * K, K);
    }
    return result;
  }

  std::mt19937 generator;

private:
  float tie() {
    size_t i = generator() % grid.size();
    float a = grid[i], b = grid[i + 1 < grid.size() ? i + 1 : i];
    return (generator() % 3 ? (a + b) / 2 : a) * (generator() % 2 ? 1.0f : -1.0f);
  }

  std::vector<float> grid;
  unsigned count = 0;
};

enum class Tie { Even, Away, ToZero, Lower, Up };

/// The code of the number nearest to u among all numbers of a format (NaN: no number); zeros take u's sign where
/// there are two.
class AllCodes {
public:
  AllCodes(const std::vector<float> &values) {
    for (uint32_t code = 0; code < values.size(); ++code) {
      if (values[code] == values[code]) {
        codes.push_back({static_cast<double>(values[code]), code});
        low = std::fmin(low, codes.back().value);
        high = std::fmax(high, codes.back().value);
      }
    }
  }

  uint32_t nearest(double u, Tie tie) const {
    u = u != u ? 0 : u;
    double clamped = u < low ? low : u > high ? high : u;
    Code best = codes[0];
    for (const Code &code : codes) {
      double middle = (code.value + best.value) / 2; // exact; differences of u and a number need not be
      bool nearer = code.value > best.value ? clamped > middle : clamped < middle;
      bool asNear = code.value == best.value || clamped == middle;
      if (asNear ? wins(code, best, tie, std::signbit(u)) : nearer) {
        best = code;
      }
    }
    return best.code;
  }

private:
  struct Code {
    double value;
    uint32_t code;
  };
  /// Whether `a` is taken instead of `b`, which is as near.
  static bool wins(const Code &a, const Code &b, Tie tie, bool negative) {
    if (a.value == b.value) { // two zeros, or a number listed twice
      bool wantsNegative = negative && tie != Tie::ToZero;
      return a.value == 0 && std::signbit(a.value) != std::signbit(b.value) &&
             std::signbit(a.value) == wantsNegative;
    }
    double sizeA = std::fabs(a.value), sizeB = std::fabs(b.value);
    bool oneIsEven = (a.code & 1) != (b.code & 1);
    switch (tie) {
    case Tie::Even:
      return oneIsEven ? (a.code & 1) == 0 : a.value < b.value;
    case Tie::Away:
      return sizeA != sizeB ? sizeA > sizeB : a.value > b.value;
    case Tie::ToZero:
      return sizeA != sizeB ? sizeA < sizeB : a.value < b.value;
    case Tie::Up:
      return a.value > b.value;
    case Tie::Lower:
      break;
    }
    return a.value < b.value;
  }

  std::vector<Code> codes;
  double low = HUGE_VAL, high = -HUGE_VAL;
};

/// The numbers of a sign-magnitude float of 1 + E + M bits without special codes, from the definition.
inline std::vector<float> floatValues(int E, int M, int bias) {
  std::vector<float> values;
  for (int sign = 0; sign < 2; ++sign) {
    for (int e = 0; e < 1 << E; ++e) {
      for (int m = 0; m < 1 << M; ++m) {
        double fraction = static_cast<double>(m) / (1 << M);
        double v = e == 0 ? fraction * std::pow(2.0, 1 - bias) : (1 + fraction) * std::pow(2.0, e - bias);
        values.push_back(static_cast<float>(sign ? -v : v));
      }
    }
  }
  return values;
}
inline std::vector<float> e4m3Values() {
  std::vector<float> values = floatValues(4, 3, 7);
  values[0x7f] = values[0xff] = std::numeric_limits<float>::quiet_NaN();
  return values;
}
inline std::vector<float> e5m2Values() {
  std::vector<float> values = floatValues(5, 2, 15);
  for (size_t code : {0x7c, 0x7d, 0x7e, 0x7f, 0xfc, 0xfd, 0xfe, 0xff}) {
    values[code] = std::numeric_limits<float>::quiet_NaN();
  }
  return values;
}
/// Two's complement integers of b bits times 2^exponent, without the least one.
inline std::vector<float> integerValues(int bits, int exponent = 0) {
  std::vector<float> values;
  for (int code = 0; code < 1 << bits; ++code) {
    int v = code >= 1 << (bits - 1) ? code - (1 << bits) : code;
    values.push_back(v == -(1 << (bits - 1)) ? std::numeric_limits<float>::quiet_NaN()
                                             : std::ldexp(static_cast<float>(v), exponent));
  }
  return values;
}
/// 0 and the numbers above, ascending: what HardRows makes ties of.
inline std::vector<float> positive(const std::vector<float> &values) {
  std::vector<float> result = {0};
  for (float v : values) {
    if (v > 0) {
      result.push_back(v);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// The largest magnitude; NaN if there is one.
inline float amaxOf(const float *x, size_t n) {
  float result = 0;
  for (size_t i = 0; i < n; ++i) {
    if (x[i] != x[i]) {
      return x[i];
    }
    result = std::fmax(result, std::fabs(x[i]));
  }
  return result;
}

inline BlockComponents encoded(const BlockFormat &format, const std::vector<float> &matrix, size_t rows,
                               const EncodeOptions &options = {}) {
  auto result = encodeMatrix(format, matrix.data(), static_cast<int64_t>(rows),
                             static_cast<int64_t>(matrix.size() / rows), options);
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  return result ? std::move(*result) : BlockComponents{};
}

} // namespace coopt::numerics::test

#endif // COOPT_TEST_NUMERICS_BLOCKORACLE_H
