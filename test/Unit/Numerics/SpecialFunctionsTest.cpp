// Errors of the special functions against libm in double precision: a dense sample always, all 2^32 arguments
// with COOPT_SLOW set.
#include "coopt/Numerics/SpecialFunctions.h"
#include "Judge.h"

#include <array>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace coopt;
using namespace coopt::numerics::test;
using numerics::bitsOf;
using numerics::floatOf;

namespace {

struct Function {
  const char *name;
  float (*evaluate)(float);
  double (*judge)(double);
  double (*tinyJudge)(
      double); // for |x| < 2^-30, where two terms are exact enough and libm is the cost; or null
  double maximalError;
  double unit;              // 0: ulp of the result
  float from, to;           // arguments for which the error is promised (NaN apart)
  float constantBelow;      // below it and above the other, results are those of the infinities:
  float constantAbove;      // a sweep then spares the judge
  std::vector<float> seams; // places where the sequence changes course
};

// With sanitizers all arguments take hours: then it is a sample again, of a hundred times more than the dense one.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COOPT_TEST_SANITIZED
#endif
#endif
#if defined(COOPT_TEST_SANITIZED)
constexpr uint64_t kSlowStep = 41;
#else
constexpr uint64_t kSlowStep = 1;
#endif

const float kInf = std::numeric_limits<float>::infinity();
const double kLn2 = 0.69314718055994530942, kTwoOverSqrtPi = 1.12837916709551257390;

double judgeSigmoid(double x) { return 1 / (1 + std::exp(-x)); }

const std::vector<Function> &functions() {
  static const std::vector<Function> all = {
      {"exp2",
       numerics::exp2,
       [](double x) { return std::exp2(x); },
       [](double x) { return 1 + x * kLn2; },
       1.08,
       0,
       -kInf,
       kInf,
       -152,
       129,
       {-151, -150, -149.5f, -149, -127, -126, -125, -0.5f, 0.5f, 1.5f, 127, 127.5f, 128, 129}},
      {"log2",
       numerics::log2,
       [](double x) { return std::log2(x); },
       nullptr,
       1.36,
       0,
       -kInf,
       kInf,
       0,
       kInf,
       {0x1p-126f, 0x1p-149f, 0x1.6a09e6p-1f, 0x1.6a09e6p+0f, 0.5f, 1, 2, FLT_MAX}},
      {"tanh",
       numerics::tanh,
       [](double x) { return std::tanh(x); },
       [](double x) { return x; },
       1.61,
       0,
       -kInf,
       kInf,
       -20,
       20,
       {-0.625f, 0.625f, 9, 44.5f, 64.5f, 0x1p-126f}},
      {"erf",
       numerics::erf,
       [](double x) { return std::erf(x); },
       [](double x) { return x * kTwoOverSqrtPi; },
       1.34,
       0,
       -kInf,
       kInf,
       -6,
       6,
       {-0.921875f, 0.921875f, 3.8f, 4, 0x1p-126f}},
      {"rsqrt",
       numerics::rsqrt,
       [](double x) { return 1 / std::sqrt(x); },
       nullptr,
       1.5,
       0,
       0,
       kInf,
       -kInf,
       kInf,
       {0x1p-126f, 1, 4, FLT_MAX}},
      {"exp",
       numerics::exp,
       [](double x) { return std::exp(x); },
       [](double x) { return 1 + x; },
       64.2,
       0,
       -kInf,
       kInf,
       -106,
       90,
       {-104, -103.3f, -88, -87.4f, 88.72f, 88.8f}},
      {"log",
       numerics::log,
       [](double x) { return std::log(x); },
       nullptr,
       2.0,
       0,
       -kInf,
       kInf,
       0,
       kInf,
       {0x1p-126f, 0.5f, 1, 2, FLT_MAX}},
      {"log10",
       numerics::log10,
       [](double x) { return std::log10(x); },
       nullptr,
       2.5,
       0,
       -kInf,
       kInf,
       0,
       kInf,
       {0x1p-126f, 0.5f, 1, 2, FLT_MAX}},
      {"log1p",
       numerics::log1p,
       [](double x) { return std::log1p(x); },
       nullptr,
       3.5,
       0,
       -kInf,
       kInf,
       -1,
       kInf,
       {-1, -0.5f, 0x1p-24f, 1, 0x1p+24f, FLT_MAX}},
      {"expm1",
       numerics::expm1,
       [](double x) { return std::expm1(x); },
       nullptr,
       64.5,
       0,
       -kInf,
       kInf,
       -106,
       90,
       {-17, -0.5f, 0x1p-24f, 0.5f, 17, 88.72f}},
      {"expm1_within_1",
       numerics::expm1,
       [](double x) { return std::expm1(x); },
       nullptr,
       3.6,
       0,
       -1,
       1,
       -kInf,
       kInf,
       {-1, 0x1p-24f, 1}},
      {"exp_within_1",
       numerics::exp,
       [](double x) { return std::exp(x); },
       [](double x) { return 1 + x; },
       1.62,
       0,
       -1,
       1,
       -kInf,
       kInf,
       {-1, 1}},
      {"sigmoid",
       numerics::sigmoid,
       judgeSigmoid,
       [](double x) { return 0.5 + x / 4; },
       1.59,
       0x1p-24,
       -kInf,
       kInf,
       -200,
       40,
       {-104, -88.8f, -17, 17}},
      {"sigmoid_from_minus_1",
       numerics::sigmoid,
       judgeSigmoid,
       [](double x) { return 0.5 + x / 4; },
       2.00,
       0,
       -1,
       kInf,
       -kInf,
       40,
       {-1, 17}},
  };
  return all;
}

struct Worst {
  double error = -1;
  uint32_t at = 0;
  void take(double e, uint32_t bits) {
    if (!(e <= error)) {
      error = e;
      at = bits;
    }
  }
};

/// Checks arguments of one function. What it returns beyond the constant ends is computed once.
class Checker {
public:
  explicit Checker(const Function &f)
      : f(f), below(bitsOf(f.evaluate(-kInf))), above(bitsOf(f.evaluate(kInf))) {}

  void check(uint32_t bits) {
    float x = floatOf(bits);
    float y = f.evaluate(x);
    if (x != x) {
      worst.take(y != y ? 0 : HUGE_VAL, bits);
      return;
    }
    if (!(x >= f.from && x <= f.to)) {
      return;
    }
    if ((x < f.constantBelow && bitsOf(y) == below) || (x > f.constantAbove && bitsOf(y) == above)) {
      return;
    }
    bool isTiny = f.tinyJudge && std::fabs(x) < 0x1p-30f;
    worst.take(errorOf(y, isTiny ? f.tinyJudge(x) : f.judge(x), f.unit), bits);
  }

  Worst worst;

private:
  const Function &f;
  uint32_t below, above;
};

/// Every `step`-th bit pattern, on `threads` threads.
Worst sweep(const Function &f, uint64_t step, unsigned threads) {
  std::vector<Worst> worst(threads);
  std::vector<std::thread> pool;
  for (unsigned t = 0; t < threads; ++t) {
    pool.emplace_back([&, t] {
      Checker mine(f);
      for (uint64_t bits = t * step; bits < uint64_t(1) << 32; bits += threads * step) {
        mine.check(static_cast<uint32_t>(bits));
      }
      worst[t] = mine.worst;
    });
  }
  for (std::thread &thread : pool) {
    thread.join();
  }
  return *std::max_element(worst.begin(), worst.end(),
                           [](const Worst &a, const Worst &b) { return a.error < b.error; });
}

class SpecialFunctions : public testing::TestWithParam<size_t> {
protected:
  const Function &function() const { return functions()[GetParam()]; }
  void expectWithin(const Worst &worst) {
    EXPECT_LE(worst.error, function().maximalError)
        << function().name << " at " << std::hexfloat << floatOf(worst.at);
    RecordProperty("worst", std::to_string(worst.error));
  }
};

TEST_P(SpecialFunctions, ErrorOnADenseSample) { expectWithin(sweep(function(), 4099, 1)); }

TEST_P(SpecialFunctions, ErrorAtSeamsAndSpecials) {
  Checker checker(function());
  std::vector<float> places = function().seams;
  for (float x : {0.0f, 0x1p-149f, 0x1p-126f, 1.0f, FLT_MAX, kInf, std::nanf("")}) {
    places.push_back(x);
    places.push_back(-x);
  }
  for (float place : places) {
    for (int64_t distance = -3000; distance <= 3000; ++distance) {
      checker.check(static_cast<uint32_t>(int64_t(bitsOf(place)) + distance));
    }
  }
  expectWithin(checker.worst);
}

TEST_P(SpecialFunctions, ErrorOverAllArguments) {
  if (!std::getenv("COOPT_SLOW")) {
    GTEST_SKIP() << "2^32 arguments; set COOPT_SLOW";
  }
  expectWithin(sweep(function(), kSlowStep, std::max(1u, std::thread::hardware_concurrency())));
}

INSTANTIATE_TEST_SUITE_P(All, SpecialFunctions, testing::Range(size_t(0), functions().size()),
                         [](const auto &info) { return std::string(functions()[info.param].name); });

TEST(SpecialValues, Exp2) {
  EXPECT_EQ(numerics::exp2(-kInf), 0);
  EXPECT_EQ(numerics::exp2(kInf), kInf);
  EXPECT_EQ(numerics::exp2(128.0f), kInf);
  EXPECT_EQ(numerics::exp2(127.0f), 0x1p127f);
  for (int n = -149; n < 128; ++n) {
    EXPECT_EQ(numerics::exp2(static_cast<float>(n)), std::ldexp(1.0f, n)) << n;
  }
  EXPECT_EQ(numerics::exp2(-151.0f), 0);
}

TEST(SpecialValues, Log2) {
  EXPECT_EQ(numerics::log2(0.0f), -kInf);
  EXPECT_EQ(numerics::log2(-0.0f), -kInf);
  EXPECT_EQ(numerics::log2(kInf), kInf);
  EXPECT_TRUE(std::isnan(numerics::log2(-1.0f)));
  EXPECT_TRUE(std::isnan(numerics::log2(-0x1p-149f)));
  EXPECT_TRUE(std::isnan(numerics::log2(-kInf)));
  for (int n = -149; n < 128; ++n) {
    EXPECT_EQ(numerics::log2(std::ldexp(1.0f, n)), static_cast<float>(n));
  }
}

TEST(SpecialValues, Limits) {
  EXPECT_EQ(numerics::tanh(kInf), 1);
  EXPECT_EQ(numerics::tanh(-kInf), -1);
  EXPECT_EQ(numerics::erf(kInf), 1);
  EXPECT_EQ(numerics::erf(-kInf), -1);
  EXPECT_EQ(numerics::sigmoid(kInf), 1);
  EXPECT_EQ(numerics::sigmoid(-kInf), 0);
  EXPECT_EQ(numerics::sigmoid(0.0f), 0.5f);
  EXPECT_EQ(numerics::exp(0.0f), 1);
  EXPECT_EQ(numerics::rsqrt(0.0f), kInf);
  EXPECT_EQ(numerics::rsqrt(kInf), 0);
  EXPECT_TRUE(std::isnan(numerics::rsqrt(-1.0f)));
}

TEST(SpecialValues, OddFunctionsKeepTheSignOfZero) {
  for (auto f :
       {static_cast<float (*)(float)>(numerics::tanh), static_cast<float (*)(float)>(numerics::erf)}) {
    EXPECT_EQ(bitsOf(f(0.0f)), 0u);
    EXPECT_EQ(bitsOf(f(-0.0f)), 0x80000000u);
    for (uint64_t bits = 0; bits < 0x7f800000u; bits += 65537) {
      float x = floatOf(static_cast<uint32_t>(bits));
      ASSERT_EQ(bitsOf(f(-x)), bitsOf(f(x)) ^ 0x80000000u) << x;
    }
  }
}

} // namespace
