// Codebooks, BitMoD and OliVe against encoders that look at all codes, and the tables against their definitions.
#include "BlockOracle.h"

#include "coopt/Numerics/FormatTable.h"

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

/// R of up to 16 x n numbers, written out.
float reduced(const std::vector<float> &terms) {
  float lanes[16] = {};
  for (size_t i = 0; i < terms.size(); ++i) {
    lanes[i % 16] += terms[i];
  }
  for (int h = 8; h > 0; h /= 2) {
    for (int j = 0; j < h; ++j) {
      lanes[j] += lanes[j + h];
    }
  }
  return lanes[0];
}

float halfScale(float s) {
  if (std::isfinite(s)) {
    s = static_cast<float>(static_cast<_Float16>(std::fmin(s, 65504.0f)));
  }
  return s == 0 ? 1 : s;
}

/// Codebooks listed here by their meaning, not taken from the format.
void checkCodebooks(const std::string &name, const std::vector<std::vector<float>> &books, size_t span,
                    bool half, size_t rows, size_t K) {
  SCOPED_TRACE(name);
  BlockFormat format = *findFormat(name);
  std::vector<AllCodes> all(books.begin(), books.end());
  std::vector<float> matrix = HardRows(21, positive(books[0])).matrix(rows, K);
  BlockComponents got = encoded(format, matrix, rows);
  std::vector<float> decoded = decodeMatrix(format, got);
  size_t groups = span == 0 ? 1 : (K + span - 1) / span;
  std::vector<size_t> uses(books.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t g = 0; g < groups; ++g) {
      size_t begin = row * K + g * span, n = span == 0 ? K : std::min(span, K - g * span);
      float amax = amaxOf(matrix.data() + begin, n);
      float least = 0, bestScale = 0;
      size_t best = 0;
      std::vector<uint32_t> bestCodes;
      for (size_t b = 0; b < books.size(); ++b) {
        float grid = 0;
        for (float v : books[b]) {
          grid = std::fmax(grid, std::fabs(v));
        }
        float scale = half ? halfScale(amax / grid) : amax / grid;
        scale = scale == 0 ? 1 : scale;
        std::vector<uint32_t> codes;
        std::vector<float> errors;
        for (size_t i = 0; i < n; ++i) {
          codes.push_back(all[b].nearest(matrix[begin + i] / scale, Tie::Lower));
          float value = books[b][codes.back()] * scale;
          float error = value - matrix[begin + i];
          errors.push_back(error * error);
        }
        float error = reduced(errors);
        if (b == 0 || error < least) {
          least = error;
          best = b;
          bestScale = scale;
          bestCodes = codes;
        }
      }
      ++uses[best];
      ASSERT_EQ(canonical(got.scales[0][row * groups + g]), canonical(bestScale));
      if (books.size() > 1) {
        ASSERT_EQ(got.selectors[row * groups + g], best);
      }
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ(got.codes[begin + i], bestCodes[i]) << matrix[begin + i];
        ASSERT_EQ(canonical(decoded[begin + i]), canonical(books[best][bestCodes[i]] * bestScale));
      }
    }
  }
  for (size_t count : uses) {
    EXPECT_GT(count, 0u);
  }
}

std::vector<float> mirrored(std::vector<float> values) {
  size_t n = values.size();
  for (size_t i = 0; i < n; ++i) {
    values.push_back(-values[i]);
  }
  return values;
}

TEST(CodebookEncoders, Nf4IsMadeOfNormalQuantiles) {
  const std::vector<float> nf4 = findFormat("nf4")->element.codebooks[0];
  ASSERT_EQ(nf4.size(), 16u);
  auto quantile = [](double p) { // bisection of the distribution function
    double low = -10, high = 10;
    for (int i = 0; i < 200; ++i) {
      double mid = (low + high) / 2;
      (0.5 * std::erfc(-mid / std::sqrt(2.0)) < p ? low : high) = mid;
    }
    return low;
  };
  const double offset = 0.9677083;
  for (int i = 0; i < 16; ++i) {
    double p = i < 7 ? offset + (0.5 - offset) * i / 7 : i > 7 ? offset + (0.5 - offset) * (15 - i) / 8 : 0.5;
    double expected = (i < 7 ? -1 : 1) * quantile(p) / quantile(offset);
    EXPECT_NEAR(static_cast<double>(nf4[static_cast<size_t>(i)]), i == 7 ? 0 : expected, 4e-7) << i;
  }
}

TEST(CodebookEncoders, NearestOfTheTable) {
  checkCodebooks("nf4", {findFormat("nf4")->element.codebooks[0]}, 64, false, 50000, 70);
  checkCodebooks("flint4", {mirrored({0, 1, 2, 3, 4, 6, 8, 16})}, 0, false, 50000, 33);
  checkCodebooks("flint5", {mirrored({0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64})}, 0, false,
                 20000, 33);
}

TEST(CodebookEncoders, Flint5ReachesAsFarAsItsDefinition) {
  // ANT: with a sign and 4 bits, exponents -3..3 of first-one coding: mantissas get shorter outwards.
  std::vector<float> expected = {0};
  const int mantissaBits[] = {2, 1, 0}; // exponents 0, 1, 2 above 8 (units of 1/8)
  for (int i = 1; i < 8; ++i) {
    expected.push_back(static_cast<float>(i));
  }
  for (int e = 0; e < 3; ++e) {
    for (int m = 0; m < 1 << mantissaBits[e]; ++m) {
      expected.push_back(std::ldexp(1 + std::ldexp(static_cast<float>(m), -mantissaBits[e]), 3 + e));
    }
  }
  expected.push_back(64);
  const std::vector<float> flint5 = findFormat("flint5")->element.codebooks[0];
  EXPECT_EQ(std::vector<float>(flint5.begin(), flint5.begin() + 16), expected);
}

TEST(CodebookEncoders, BitmodPicksTheSpecialNumber) {
  std::vector<std::vector<float>> three, four;
  for (float special : {3.0f, -3.0f, 6.0f, -6.0f}) {
    three.push_back(mirrored({0, 1, 2, 4}));
    three.back()[4] = special;
  }
  for (float special : {5.0f, -5.0f, 8.0f, -8.0f}) {
    four.push_back(mirrored({0, 0.5f, 1, 1.5f, 2, 3, 4, 6}));
    four.back()[8] = special;
  }
  checkCodebooks("bitmod3", three, 128, true, 2000, 133);
  checkCodebooks("bitmod3", three, 128, true, 96000, 9);
  checkCodebooks("bitmod4", four, 128, true, 2000, 133);
  checkCodebooks("bitmod4", four, 128, true, 96000, 9);
}

/// OliVe from the words of its paper: what a pair of codes means.
std::vector<float> decodePairs(const std::vector<uint8_t> &codes, float scale) {
  const float outliers[] = {0, 12, 16, 24, 32, 48, 64, 96};
  std::vector<float> out(codes.size());
  auto ordinary = [](int code) { return static_cast<float>(code & 8 ? code - 16 : code); };
  for (size_t i = 0; i < codes.size(); i += 2) {
    int left = codes[i] & 15, right = i + 1 < codes.size() ? codes[i + 1] & 15 : -1;
    auto outlier = [&](int code) { return (code & 8 ? -1.0f : 1.0f) * outliers[code & 7]; };
    if (right == 8 && left != 8) {
      out[i] = outlier(left) * scale;
      out[i + 1] = 0 * scale;
    } else if (left == 8 && right >= 0) {
      out[i] = 0 * scale;
      out[i + 1] = right == 8 ? 0 * scale : outlier(right) * scale;
    } else {
      out[i] = ordinary(left) * scale;
      if (right >= 0) {
        out[i + 1] = ordinary(right) * scale;
      }
    }
  }
  return out;
}

TEST(CodebookEncoders, OliveDecodesAllPairs) {
  BlockFormat format = *findFormat("olive4");
  BlockComponents components = BlockComponents::make(format, 256, 3);
  for (size_t pair = 0; pair < 256; ++pair) {
    components.codes[3 * pair] = static_cast<uint8_t>(pair & 15);
    components.codes[3 * pair + 1] = static_cast<uint8_t>(pair >> 4);
    components.codes[3 * pair + 2] = static_cast<uint8_t>(pair & 15);
    components.scales[0][pair] = 0.5f;
  }
  std::vector<float> decoded = decodeMatrix(format, components);
  for (size_t pair = 0; pair < 256; ++pair) {
    std::vector<uint8_t> codes(components.codes.begin() + static_cast<long>(3 * pair),
                               components.codes.begin() + static_cast<long>(3 * pair + 3));
    std::vector<float> expected = decodePairs(codes, 0.5f);
    for (size_t i = 0; i < 3; ++i) {
      ASSERT_EQ(decoded[3 * pair + i], expected[i]) << pair << " " << i;
    }
  }
}

TEST(CodebookEncoders, OlivePairsAndScaleSearch) {
  BlockFormat format = *findFormat("olive4");
  // The grid of all numbers, ascending; codes by sign and place.
  std::vector<float> magnitudes = {0, 1, 2, 3, 4, 5, 6, 7, 12, 16, 24, 32, 48, 64, 96};
  const size_t K = 33, rows = 7000; // 112,000 pairs
  std::vector<float> matrix = HardRows(23, magnitudes).matrix(rows, K);
  BlockComponents got = encoded(format, matrix, rows);
  std::vector<float> ordinary, both;
  for (int q = -7; q <= 7; ++q) {
    ordinary.push_back(static_cast<float>(q));
  }
  for (size_t i = 0; i < magnitudes.size(); ++i) {
    both.push_back(magnitudes[i]);
    if (i > 0) {
      both.push_back(-magnitudes[i]);
    }
  }
  // Halfway between integers the even one is taken; between outliers the even place in the list of outliers;
  // between 7 and 12 (both odd) the lower number.
  auto nearest = [](const std::vector<float> &grid, float u) {
    u = u != u ? 0 : u;
    double clamped = std::fmin(std::fmax(static_cast<double>(u), *std::min_element(grid.begin(), grid.end())),
                               *std::max_element(grid.begin(), grid.end()));
    auto parity = [](float v) {
      const float outliers[] = {0, 12, 16, 24, 32, 48, 64, 96};
      for (int i = 1; i < 8; ++i) {
        if (std::fabs(v) == outliers[i]) {
          return i & 1;
        }
      }
      return std::abs(static_cast<int>(v)) & 1;
    };
    float best = grid[0];
    for (float v : grid) {
      double error = std::fabs(clamped - static_cast<double>(v));
      double least = std::fabs(clamped - static_cast<double>(best));
      bool wins = parity(v) != parity(best) ? parity(v) == 0 : v < best;
      if (error < least || (error == least && wins)) {
        best = v;
      }
    }
    return best;
  };
  size_t pairsWithOutliers = 0;
  for (size_t row = 0; row < rows; ++row) {
    const float *x = matrix.data() + row * K;
    std::vector<float> terms(x, x + K);
    float mean = reduced(terms) / 33;
    for (size_t i = 0; i < K; ++i) {
      terms[i] = (x[i] - mean) * (x[i] - mean);
    }
    float sd = std::sqrt(reduced(terms) / 32);
    float up = std::fabs(mean + 3 * sd), down = std::fabs(mean - 3 * sd);
    float reach = up != up || down != down ? std::numeric_limits<float>::quiet_NaN() : std::fmax(up, down);
    float least = 0, bestScale = -1;
    std::vector<float> bestValues;
    for (int percent = 50; percent <= 150; percent += 2) {
      float scale = reach * (static_cast<float>(percent) * 0.01f) / 7;
      scale = scale == 0 ? 1 : scale;
      std::vector<float> values(K);
      for (size_t i = 0; i < K; i += 2) {
        if (i + 1 == K) {
          values[i] = nearest(ordinary, x[i] / scale);
          continue;
        }
        values[i] = nearest(both, x[i] / scale);
        values[i + 1] = nearest(both, x[i + 1] / scale);
        if (std::fabs(values[i]) > 7) {
          values[i + 1] = 0;
        } else if (std::fabs(values[i + 1]) > 7) {
          values[i] = 0;
        }
      }
      for (size_t i = 0; i < K; ++i) {
        float error = values[i] * scale - x[i];
        terms[i] = error * error;
      }
      float error = reduced(terms);
      if (percent == 50 || error < least) {
        least = error;
        bestScale = scale;
        bestValues = values;
      }
    }
    ASSERT_EQ(canonical(got.scales[0][row]), canonical(bestScale)) << row;
    std::vector<uint8_t> codes(got.codes.begin() + static_cast<long>(row * K),
                               got.codes.begin() + static_cast<long>(row * K + K));
    std::vector<float> decoded = decodePairs(codes, 1);
    for (size_t i = 0; i < K; ++i) {
      ASSERT_EQ(decoded[i], bestValues[i]) << row << " " << i << " " << x[i] / bestScale;
      pairsWithOutliers += std::fabs(bestValues[i]) > 7;
    }
  }
  EXPECT_GT(pairsWithOutliers, 1000u);
}

} // namespace
