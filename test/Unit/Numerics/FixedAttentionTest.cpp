#include "coopt/Numerics/FixedAttention.h"

#include "coopt/Numerics/Bound.h"
#include "coopt/Numerics/SpecialFunctions.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace coopt;
using numerics::bitsOf;
using numerics::StridedRows;

namespace {

struct Case {
  int64_t D, T, first;
  std::vector<float> q, k, v; // k, v: T x D
  float scale, cap = 0;
  int64_t sinks = 0;
};

Case randomCase(int64_t D, int64_t T, int64_t first, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, 2);
  Case c{D, T, first, {}, {}, {}, 1 / std::sqrt(static_cast<float>(D))};
  for (int64_t i = 0; i < D; ++i) {
    c.q.push_back(normal(generator));
  }
  for (int64_t i = 0; i < T * D; ++i) {
    c.k.push_back(normal(generator));
    c.v.push_back(normal(generator));
  }
  return c;
}

std::vector<float> run(const Case &c) {
  std::vector<float> o(static_cast<size_t>(c.D), 77.0f);
  numerics::fixedAttention(c.q.data(), StridedRows{c.k.data(), c.D}, StridedRows{c.v.data(), c.D}, c.T, c.D,
                           c.scale, o.data(), c.first, c.cap, c.sinks);
  return o;
}

/// R with masked elements given explicitly, written as 16 filtered sums and a recursive tree.
float R(const std::vector<float> &x, const std::vector<bool> &present) {
  std::vector<float> p;
  for (size_t lane = 0; lane < 16; ++lane) {
    float sum = 0;
    for (size_t i = lane; i < x.size(); i += 16) {
      sum = present[i] ? sum + x[i] : sum;
    }
    p.push_back(sum);
  }
  while (p.size() > 1) {
    std::vector<float> next;
    for (size_t j = 0; j < p.size() / 2; ++j) {
      next.push_back(p[j] + p[j + p.size() / 2]);
    }
    p = next;
  }
  return p[0];
}

/// The rule applied to whole padded blocks of 64 with a mask, as a vector machine would. Sinks that the window does not reach
/// come as blocks of their own, before the others.
std::vector<float> literal(const Case &c) {
  const bool isApart = c.sinks > 0 && c.first > c.sinks;
  const int64_t padded = (c.T + 63) / 64 * 64;
  float m = -std::numeric_limits<float>::infinity(), l = 0;
  auto D = static_cast<size_t>(c.D);
  std::vector<float> o(D, 0.0f);
  std::vector<bool> all(D, true);
  for (int64_t walked = isApart ? 0 : padded; walked < 2 * padded; walked += 64) {
    const int64_t block = walked % padded;
    std::vector<bool> present(64);
    std::vector<float> s(64, -1e30f), p(64), product(64);
    bool any = false;
    float best = m;
    for (int64_t j = 0; j < 64; ++j) {
      int64_t key = block + j;
      bool seen =
          walked < padded ? key < c.sinks : key < c.T && (key >= c.first || (c.sinks > 0 && !isApart));
      present[size_t(j)] = seen;
      if (!seen) {
        continue;
      }
      any = true;
      std::vector<float> qk(D);
      for (size_t d = 0; d < D; ++d) {
        qk[d] = c.q[d] * c.k[size_t(key) * D + d];
      }
      float score = c.scale * R(qk, all);
      s[size_t(j)] = c.cap != 0 ? c.cap * numerics::tanh(score / c.cap) : score;
      best = std::fmax(best, s[size_t(j)]);
    }
    if (!any) {
      continue;
    }
    const float L = 0x1.715476p+0f;
    float a = numerics::exp2((m - best) * L);
    for (size_t j = 0; j < 64; ++j) {
      p[j] = numerics::exp2((s[j] - best) * L);
    }
    l = l * a + R(p, present);
    for (size_t d = 0; d < D; ++d) {
      for (size_t j = 0; j < 64; ++j) {
        product[j] = present[j] ? p[j] * c.v[(size_t(block) + j) * D + d] : 0;
      }
      o[d] = o[d] * a + R(product, present);
    }
    m = best;
  }
  for (float &x : o) {
    x = x / l;
  }
  return o;
}

void expectSameBits(const std::vector<float> &a, const std::vector<float> &b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(bitsOf(a[i]), bitsOf(b[i])) << i;
  }
}

TEST(FixedAttention, EqualsTheRuleOnPaddedBlocks) {
  unsigned seed = 0;
  for (int64_t D : {1, 7, 8, 16, 48, 65}) {
    for (int64_t T : {1, 2, 63, 64, 65, 127, 128, 129, 200}) {
      for (int64_t first : {int64_t(0), int64_t(1), T / 2, T - 1}) {
        Case c = randomCase(D, T, first, ++seed);
        for (float cap : {0.0f, 50.0f, 2.0f}) {
          c.cap = cap;
          expectSameBits(run(c), literal(c));
        }
      }
    }
  }
}

TEST(FixedAttention, SinksComeBeforeTheWindow) {
  unsigned seed = 1000;
  for (int64_t D : {1, 8, 33}) {
    for (int64_t T : {2, 64, 65, 130, 200}) {
      for (int64_t sinks : {1, 4, 63, 64, 65, 100}) {
        for (int64_t first : {int64_t(0), sinks - 1, sinks, sinks + 1, T / 2, T - 1}) {
          if (first < T) {
            Case c = randomCase(D, T, first, ++seed);
            c.sinks = sinks;
            expectSameBits(run(c), literal(c));
          }
        }
      }
    }
  }
}

TEST(FixedAttention, AWindowThatReachesTheSinksIsAll) {
  Case all = randomCase(16, 150, 0, 5), some = all;
  some.first = some.sinks = 4;
  expectSameBits(run(some), run(all));
}

TEST(FixedAttention, KeysBetweenSinksAndWindowAreNeverRead) {
  Case c = randomCase(8, 150, 70, 3);
  c.sinks = 5;
  std::vector<float> clean = run(c);
  for (int64_t i = 5 * 8; i < 70 * 8; ++i) {
    c.k[size_t(i)] = c.v[size_t(i)] = std::numeric_limits<float>::quiet_NaN();
  }
  expectSameBits(run(c), clean);
  c.k[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(run(c)[0], run(c)[0]);
}

void expectWithinTheBoundOfFloat64(float cap) {
  for (int64_t T : {1, 5, 64, 300}) {
    Case c = randomCase(16, T, T / 3, static_cast<unsigned>(T));
    c.cap = cap;
    std::vector<double> s;
    double scoreMagnitude = 0, best = -HUGE_VAL, total = 0;
    for (int64_t j = c.first; j < T; ++j) {
      double dot = 0, magnitude = 0;
      for (int64_t d = 0; d < c.D; ++d) {
        double product = double(c.q[size_t(d)]) * c.k[size_t(j * c.D + d)];
        dot += product;
        magnitude += std::fabs(product);
      }
      double score = dot * c.scale;
      s.push_back(cap != 0 ? cap * std::tanh(score / cap) : score);
      best = std::fmax(best, s.back());
      scoreMagnitude = std::fmax(scoreMagnitude, magnitude * c.scale);
    }
    for (double &x : s) {
      x = std::exp(x - best);
      total += x;
    }
    std::vector<float> o = run(c);
    for (int64_t d = 0; d < c.D; ++d) {
      double exact = 0, weighted = 0;
      for (int64_t j = c.first; j < T; ++j) {
        double term = s[size_t(j - c.first)] / total * c.v[size_t(j * c.D + d)];
        exact += term;
        weighted += std::fabs(term);
      }
      EXPECT_LE(std::fabs(o[size_t(d)] - exact),
                numerics::attentionBound(T, c.D + (cap != 0 ? numerics::kScoreCapSize : 0),
                                         numerics::Roundoff{}, scoreMagnitude, weighted, exact));
    }
  }
}

TEST(FixedAttention, LiesWithinTheBoundOfFloat64) { expectWithinTheBoundOfFloat64(0); }

TEST(FixedAttention, CappedLiesWithinTheBoundOfFloat64) {
  // Scores have a standard deviation of 4.
  for (float cap : {50.0f, 2.0f, 0.125f}) {
    expectWithinTheBoundOfFloat64(cap);
  }
}

TEST(FixedAttention, CapsChangeTheResult) {
  Case c = randomCase(16, 70, 0, 11);
  std::vector<float> uncapped = run(c);
  c.cap = 2;
  std::vector<float> capped = run(c);
  double distance = 0;
  for (size_t d = 0; d < 16; ++d) {
    distance = std::fmax(distance, std::fabs(double(capped[d]) - uncapped[d]));
  }
  EXPECT_GT(distance, 0.1);
  // One that scores never come near hardly does.
  c.cap = 1e6f;
  std::vector<float> far = run(c);
  for (size_t d = 0; d < 16; ++d) {
    EXPECT_NEAR(far[d], uncapped[d], 1e-4);
  }
}

TEST(FixedAttention, InfiniteScoresAreCapped) {
  Case c{1,      2, 0, {1}, {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()},
         {3, 7}, 1, 2};
  double high = 1 / (1 + std::exp(-4.0));
  EXPECT_NEAR(run(c)[0], 3 * high + 7 * (1 - high), 1e-5);
}

TEST(FixedAttention, MaskedKeysAreNeverRead) {
  Case c = randomCase(8, 150, 70, 3);
  std::vector<float> clean = run(c);
  for (int64_t i = 0; i < 70 * 8; ++i) {
    c.k[size_t(i)] = c.v[size_t(i)] = std::numeric_limits<float>::quiet_NaN();
  }
  expectSameBits(run(c), clean);
}

TEST(FixedAttention, StridesReachTheSameElements) {
  Case c = randomCase(9, 70, 0, 4);
  // Keys transposed (D x T), values in rows of 32 with something else behind.
  std::vector<float> kT(c.k.size()), wide(70 * 32, std::numeric_limits<float>::quiet_NaN());
  for (size_t j = 0; j < 70; ++j) {
    for (size_t d = 0; d < 9; ++d) {
      kT[d * 70 + j] = c.k[j * 9 + d];
      wide[j * 32 + d] = c.v[j * 9 + d];
    }
  }
  std::vector<float> o(9);
  numerics::fixedAttention(c.q.data(), StridedRows{kT.data(), 1, 70}, StridedRows{wide.data(), 32}, 70, 9,
                           c.scale, o.data());
  expectSameBits(o, run(c));
}

TEST(FixedAttention, OneKeyIsItsValueAndNoneIsNan) {
  Case c = randomCase(5, 1, 0, 9);
  expectSameBits(run(c), c.v);
  c.T = 0;
  for (float x : run(c)) {
    EXPECT_TRUE(std::isnan(x));
  }
  c = randomCase(5, 10, 0, 9);
  c.first = 10;
  for (float x : run(c)) {
    EXPECT_TRUE(std::isnan(x));
  }
}

TEST(Bound, ByHand) {
  numerics::Roundoff u{0.25, 0.5, 0.125, 0.0625};
  EXPECT_DOUBLE_EQ(numerics::contractionBound(5, u, 3, -8), (2 * 8 * 0.25 + 0.5) * 3 + 1);
  // d = (2 * (1 + 3) * 0.25 + 0.5 * 2.5) * 0.5 = 1.625.
  EXPECT_DOUBLE_EQ(numerics::attentionBound(9, 1, u, 0.5, 2, 16),
                   (1.5 * std::exp(3.25) - 1 + 0.0625 + 2 * 20 * 0.25) * 2 + 2);
  // Nothing converted, nothing accumulated wrongly: only the rounding of the result is left.
  EXPECT_DOUBLE_EQ(numerics::contractionBound(64, numerics::Roundoff{0, 0, 0x1p-24, 0}, 10, 4), 0x1p-22);
}

} // namespace
