// Ops of linalg and types of elements, against loops written here.
#include "FunctionsFixture.h"

#include "coopt/Numerics/Half.h"

#include <limits>

using namespace coopt::test;
namespace numerics = coopt::numerics;

namespace {

class FunctionOps : public FunctionsFixture {
protected:
  FunctionOps() : FunctionsFixture("function-ops.mlir") {}
};

TEST_P(FunctionOps, Int8Matmul) {
  struct Sizes {
    int64_t m, n, k;
  };
  for (auto [m, n, k] :
       {Sizes{1, 1, 1}, Sizes{17, 35, 33}, Sizes{4, 16, 200}, Sizes{3, 5, 0}, Sizes{0, 2, 2}}) {
    auto code = [](int64_t i, int64_t seed) {
      return static_cast<int8_t>((i * 97 + i * i % 31 * seed) % 256 - 128);
    };
    Array<int8_t> a = make<int8_t>({m, k}, [&](int64_t i) { return code(i, 3); });
    Array<int8_t> b = make<int8_t>({k, n}, [&](int64_t i) { return code(i, 7); });
    Array<int32_t> c = make<int32_t>({m, n}, [](int64_t i) { return static_cast<int32_t>(i * 1000 - 77); });
    input("a", a);
    input("b", b);
    input("c", c);
    call("int8_matmul", {"y"});
    EXPECT_EQ(output<int32_t>("y"), make<int32_t>({m, n}, [&, n = n, k = k](int64_t i) {
                int32_t sum = c.data[i];
                for (int64_t j = 0; j < k; ++j) {
                  sum += a.data[i / n * k + j] * b.data[j * n + i % n];
                }
                return sum;
              }));
  }
}

TEST_P(FunctionOps, BatchMatmulAddsToAnArgument) {
  struct Sizes {
    int64_t batch, m, n, k;
  };
  for (auto [batch, m, n, k] :
       {Sizes{1, 1, 1, 1}, Sizes{3, 5, 33, 7}, Sizes{2, 17, 3, 40}, Sizes{0, 2, 2, 2}, Sizes{2, 3, 4, 0}}) {
    Array<float> a = numbers({batch, m, k}, 1), b = numbers({batch, k, n}, 2), c = numbers({batch, m, n}, 3);
    input("a", a);
    input("b", b);
    input("c", c);
    call("batch_matmul", {"y"});
    expectNear(
        output<float>("y"), {batch, m, n},
        [&, m = m, n = n, k = k](int64_t i) {
          int64_t s = i / (m * n), row = i / n % m, column = i % n;
          double sum = c.data[i];
          for (int64_t j = 0; j < k; ++j) {
            sum += static_cast<double>(a.data[(s * m + row) * k + j]) * b.data[(s * k + j) * n + column];
          }
          return sum;
        },
        1e-5);
  }
}

TEST_P(FunctionOps, Conv2d) {
  Array<float> x = numbers({9, 11}, 1), k = numbers({3, 2}, 2);
  input("x", x);
  input("k", k);
  call("conv_2d", {"y"});
  expectNear(
      output<float>("y"), {7, 10},
      [&](int64_t i) {
        double sum = 0;
        for (int64_t t = 0; t < 6; ++t) {
          sum += static_cast<double>(x.data[(i / 10 + t / 2) * 11 + i % 10 + t % 2]) * k.data[t];
        }
        return sum;
      },
      1e-6);
}

TEST_P(FunctionOps, PaddedConvolutionOfChannels) {
  for (int64_t batch : {0, 1, 3}) {
    Array<float> x = numbers({batch, 6, 7, 3}, 1), k = numbers({3, 3, 3, 5}, 2),
                 y = numbers({batch, 3, 4, 5}, 3);
    input("x", x);
    input("k", k);
    input("y", y);
    call("conv_2d_nhwc", {"z"});
    expectNear(
        output<float>("z"), {batch, 3, 4, 5},
        [&](int64_t i) {
          int64_t filter = i % 5, column = i / 5 % 4, row = i / 20 % 3, image = i / 60;
          double sum = y.data[i];
          for (int64_t dy = 0; dy < 3; ++dy) {
            for (int64_t dx = 0; dx < 3; ++dx) {
              int64_t h = 2 * row + dy - 1, w = 2 * column + dx - 1;
              for (int64_t c = 0; c < 3 && h >= 0 && h < 6 && w >= 0 && w < 7; ++c) {
                sum += static_cast<double>(x.data[((image * 6 + h) * 7 + w) * 3 + c]) *
                       k.data[((dy * 3 + dx) * 3 + c) * 5 + filter];
              }
            }
          }
          return sum;
        },
        1e-5);
  }
}

TEST_P(FunctionOps, SoftmaxWrittenOut) {
  for (auto [m, n] : {std::pair<int64_t, int64_t>{1, 1}, {5, 19}, {40, 33}, {0, 4}, {4, 0}}) {
    Array<float> x = numbers({m, n}, 3);
    input("x", x);
    call("softmax", {"y"});
    expectSoftmax(output<float>("y"), x);
  }
}

TEST_P(FunctionOps, ReductionsOverEveryPosition) {
  struct Sizes {
    int64_t a, b, c;
  };
  for (auto [a, b, c] :
       {Sizes{1, 1, 1}, Sizes{3, 17, 5}, Sizes{20, 2, 33}, Sizes{0, 3, 2}, Sizes{3, 0, 2}, Sizes{2, 3, 0}}) {
    Array<float> x = numbers({a, b, c}, 1);
    input("x", x);
    call("reductions", {"first", "middle", "last", "outer", "all"});
    // Every element goes to one place of each result.
    auto sums = [&, b = b, c = c](int64_t count,
                                  const std::function<int64_t(int64_t, int64_t, int64_t)> &place) {
      std::vector<double> total(static_cast<size_t>(count));
      for (int64_t i = 0; i < elements(x.shape); ++i) {
        total[place(i / (b * c), i / c % b, i % c)] += x.data[i];
      }
      return total;
    };
    auto expect = [&](const std::string &name, const std::vector<int64_t> &shape,
                      const std::function<int64_t(int64_t, int64_t, int64_t)> &place) {
      std::vector<double> total = sums(elements(shape), place);
      expectNear(output<float>(name), shape, [&](int64_t i) { return total[i]; }, 1e-5);
    };
    expect("first", {b, c}, [c = c](int64_t, int64_t j, int64_t k) { return j * c + k; });
    expect("middle", {a, c}, [c = c](int64_t i, int64_t, int64_t k) { return i * c + k; });
    expect("last", {a, b}, [b = b](int64_t i, int64_t j, int64_t) { return i * b + j; });
    expect("outer", {b}, [](int64_t, int64_t j, int64_t) { return j; });
    expect("all", {}, [](int64_t, int64_t, int64_t) { return 0; });
  }
}

TEST_P(FunctionOps, Transposes) {
  struct Sizes {
    int64_t a, b, c;
  };
  for (auto [a, b, c] : {Sizes{1, 1, 1}, Sizes{3, 17, 5}, Sizes{2, 33, 20}, Sizes{0, 3, 2}, Sizes{2, 3, 0}}) {
    Array<float> x = numbers({a, b, c}, 1);
    auto at = [&, b = b, c = c](int64_t i, int64_t j, int64_t k) { return x.data[(i * b + j) * c + k]; };
    input("x", x);
    call("transposes", {"acb", "cab", "cba"});
    EXPECT_EQ(output<float>("acb"), make<float>({a, c, b}, [&, b = b, c = c](int64_t i) {
                return at(i / (c * b), i % b, i / b % c);
              }));
    EXPECT_EQ(output<float>("cab"), make<float>({c, a, b}, [&, a = a, b = b](int64_t i) {
                return at(i / b % a, i % b, i / (a * b));
              }));
    EXPECT_EQ(output<float>("cba"), make<float>({c, b, a}, [&, a = a, b = b](int64_t i) {
                return at(i % a, i / a % b, i / (a * b));
              }));
  }
}

TEST_P(FunctionOps, Logarithms) {
  Array<float> x = make<float>({1003}, [](int64_t i) {
    return i == 0
               ? 0
               : (i % 3 == 0 ? -1.0f : 1.0f) * std::exp2(static_cast<float>(i % 60 - 50)) * (1 + i / 1003.0f);
  });
  input("x", x);
  call("logarithms", {"log", "log10", "log1p", "expm1"});
  auto expect = [&](const std::string &name, double (*function)(double)) {
    Array<float> got = output<float>(name);
    ASSERT_EQ(got.shape, x.shape);
    for (size_t i = 0; i < x.data.size(); ++i) {
      double value = function(x.data[i]);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(got.data[i])) << name << " " << x.data[i];
      } else if (std::isinf(value) || std::isinf(static_cast<float>(value))) {
        EXPECT_EQ(got.data[i], static_cast<float>(value)) << name << " " << x.data[i];
      } else {
        EXPECT_NEAR(got.data[i], value, 1e-5 * std::fabs(value)) << name << " " << x.data[i];
      }
    }
  };
  expect("log", [](double v) { return std::log(v); });
  expect("log10", [](double v) { return std::log10(v); });
  expect("log1p", [](double v) { return std::log1p(v); });
  expect("expm1", [](double v) { return std::expm1(v); });
}

/// Numbers around every boundary of f16: ties, the subnormals, the largest, infinity, NaN.
Array<float> aroundHalves() {
  Array<float> x;
  for (uint32_t half = 0; half < 0x7c02; half += half % 7 == 0 ? 13 : 40) {
    float value = numerics::floatFromHalf(static_cast<uint16_t>(half)),
          next = numerics::floatFromHalf(static_cast<uint16_t>(half + 1));
    float tie = value + (next - value) / 2;
    for (float v : {value, tie, std::nextafter(tie, 0.0f), std::nextafter(tie, 1e9f)}) {
      x.data.push_back(v);
      x.data.push_back(-v);
    }
  }
  for (float v : {65504.0f, 65519.99f, 65520.0f, 65536.0f, 1e9f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, 0x1p-149f,
                  HUGE_VALF, NAN}) {
    x.data.push_back(v);
    x.data.push_back(-v);
  }
  x.shape = {static_cast<int64_t>(x.data.size())};
  return x;
}

TEST_P(FunctionOps, ConversionsToNarrowFloats) {
  Array<float> x = aroundHalves();
  // In f64, next to a tie of f16 by less than f32 can say.
  Array<double> d = make<double>(x.shape, [&](int64_t i) {
    return std::isfinite(x.data[i]) ? x.data[i] * (1 + (i % 3 - 1) * 0x1p-50) : x.data[i];
  });
  input("x", x);
  input("d", d);
  call("narrow", {"f16", "bf16", "f16d", "sum"});
  Array<int16_t> f16 = output<int16_t>("f16"), bf16 = output<int16_t>("bf16"), f16d = output<int16_t>("f16d"),
                 sum = output<int16_t>("sum");
  ASSERT_EQ(f16.shape, x.shape);
  for (size_t i = 0; i < x.data.size(); ++i) {
    uint16_t half = numerics::halfFromFloat(x.data[i]);
    if (std::isnan(x.data[i])) {
      EXPECT_TRUE(std::isnan(numerics::floatFromHalf(static_cast<uint16_t>(f16.data[i]))));
      EXPECT_TRUE(std::isnan(numerics::floatFromBFloat16(static_cast<uint16_t>(bf16.data[i]))));
      continue;
    }
    EXPECT_EQ(static_cast<uint16_t>(f16.data[i]), half) << x.data[i];
    EXPECT_EQ(static_cast<uint16_t>(bf16.data[i]), numerics::bfloat16FromFloat(x.data[i])) << x.data[i];
    EXPECT_EQ(static_cast<uint16_t>(sum.data[i]), numerics::halfFromFloat(2 * numerics::floatFromHalf(half)))
        << x.data[i];
    // The neighbour that is nearer in f64, ties to even.
    double value = d.data[i];
    double got = numerics::floatFromHalf(static_cast<uint16_t>(f16d.data[i]));
    if (std::fabs(value) < 65504) {
      for (int step : {-1, 1}) {
        double other = numerics::floatFromHalf(static_cast<uint16_t>(f16d.data[i] + step));
        if (std::isfinite(other) && std::signbit(other) == std::signbit(got)) {
          EXPECT_LE(std::fabs(value - got), std::fabs(value - other)) << value;
        }
      }
    }
  }
}

TEST_P(FunctionOps, ConversionsFromNarrowFloats) {
  Array<int16_t> x =
      make<int16_t>({65536}, [](int64_t i) { return static_cast<int16_t>(static_cast<uint16_t>(i)); });
  input("x", x);
  call("wide", {"f16", "bf16", "f64"});
  Array<float> f16 = output<float>("f16"), bf16 = output<float>("bf16");
  Array<double> f64 = output<double>("f64");
  ASSERT_EQ(f16.shape, x.shape);
  for (size_t i = 0; i < x.data.size(); ++i) {
    float half = numerics::floatFromHalf(static_cast<uint16_t>(i)),
          brain = numerics::floatFromBFloat16(static_cast<uint16_t>(i));
    EXPECT_TRUE(f16.data[i] == half || (std::isnan(half) && std::isnan(f16.data[i]))) << i;
    EXPECT_TRUE(f64.data[i] == half || (std::isnan(half) && std::isnan(f64.data[i]))) << i;
    EXPECT_TRUE(bf16.data[i] == brain || (std::isnan(brain) && std::isnan(bf16.data[i]))) << i;
  }
}

TEST_P(FunctionOps, NibblesTravelInBytes) {
  Array<int8_t> x = make<int8_t>({37}, [](int64_t i) { return static_cast<int8_t>(i % 16 - 8); });
  input("x", x);
  input("s", Array<float>{{}, {0.5f}});
  call("nibbles", {"y", "twice"});
  EXPECT_EQ(output<float>("y"), make<float>({37}, [&](int64_t i) { return 0.5f * x.data[i]; }));
  EXPECT_EQ(output<int8_t>("twice"), make<int8_t>({37}, [&](int64_t i) {
              int twice = 2 * x.data[i];
              return static_cast<int8_t>(((twice + 8) & 15) - 8);
            }));
}

TEST_P(FunctionOps, Scalars) {
  for (int64_t n : {0, 1, 5}) {
    input("a", Array<float>{{}, {1.5f}});
    input("n", Array<int64_t>{{}, {n}});
    input("k", Array<int32_t>{{}, {-21}});
    call("scalars", {"power", "next", "twice"});
    EXPECT_EQ(output<float>("power").data, std::vector<float>{std::pow(1.5f, static_cast<float>(n))});
    EXPECT_EQ(output<int64_t>("next").data, std::vector<int64_t>{n + 1});
    EXPECT_EQ(output<int32_t>("twice").data, std::vector<int32_t>{-42});
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, FunctionOps, testing::ValuesIn(runnableVariants()),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

} // namespace
