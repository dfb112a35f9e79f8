// MLIR functions compiled to a package and called through coopt-run on .npy files, against loops written here.
#include "FunctionsFixture.h"

using namespace coopt::test;

namespace {

class Functions : public FunctionsFixture {
protected:
  Functions() : FunctionsFixture("functions.mlir") {}
};

TEST_P(Functions, ArithOnTensors) {
  Array<float> x = numbers({5}, 1), y = numbers({5}, 2);
  input("x", x);
  input("y", y);
  call("add", {"z"});
  EXPECT_EQ(output<float>("z"), make<float>({5}, [&](int64_t i) { return x.data[i] + y.data[i]; }));
}

TEST_P(Functions, RunTimeSizes) {
  for (int64_t n : {1, 17, 1031}) {
    Array<float> x = numbers({n}, 1), y = numbers({n}, 2);
    input("a", Array<float>{{}, {1.5f}});
    input("x", x);
    input("y", y);
    call("axpy", {"z"});
    EXPECT_EQ(output<float>("z"), make<float>({n}, [&](int64_t i) { return 1.5f * x.data[i] + y.data[i]; }));
  }
}

TEST_P(Functions, SizesBeyondTheirBoundsAreRefused) {
  input("a", Array<float>{{}, {1.5f}});
  input("x", numbers({4097}, 1));
  input("y", numbers({4097}, 1));
  expectRefused("axpy", {"z"}, "4096");
}

TEST_P(Functions, Matmul) {
  Array<float> a = numbers({13, 7}, 1), b = numbers({7, 5}, 2);
  input("a", a);
  input("b", b);
  call("matmul", {"c"});
  expectNear(
      output<float>("c"), {13, 5},
      [&](int64_t i) {
        double sum = 0;
        for (int64_t k = 0; k < 7; ++k) {
          sum += a.data[i / 5 * 7 + k] * b.data[k * 5 + i % 5];
        }
        return sum;
      },
      1e-6);
}

TEST_P(Functions, ContractionOfRunTimeSizes) {
  struct Sizes {
    int64_t m, n, k;
  };
  for (auto [m, n, k] :
       {Sizes{1, 1, 1}, Sizes{17, 33, 31}, Sizes{40, 40, 40}, Sizes{5, 16, 2}, Sizes{0, 3, 3}}) {
    Array<float> x = numbers({m, k}, 1), w = numbers({n, k}, 2);
    input("x", x);
    input("w", w);
    call("project", {"y"});
    expectNear(
        output<float>("y"), {m, n},
        [&, n = n, k = k](int64_t i) {
          double sum = 0;
          for (int64_t j = 0; j < k; ++j) {
            sum += x.data[i / n * k + j] * w.data[i % n * k + j];
          }
          return sum;
        },
        1e-6);
  }
}

TEST_P(Functions, Softmax) {
  for (auto [m, n] : {std::pair<int64_t, int64_t>{1, 1}, {3, 17}, {7, 300}}) {
    Array<float> x = numbers({m, n}, 3);
    input("x", x);
    call("softmax", {"y"});
    expectSoftmax(output<float>("y"), x);
  }
}

TEST_P(Functions, TwoResults) {
  Array<float> x = numbers({19, 11}, 1);
  input("x", x);
  call("center", {"mean", "y"});
  auto mean = [&](int64_t row) {
    double sum = 0;
    for (int64_t k = 0; k < 11; ++k) {
      sum += x.data[row * 11 + k];
    }
    return sum / 11;
  };
  expectNear(output<float>("mean"), {19}, mean, 1e-6);
  expectNear(output<float>("y"), {19, 11}, [&](int64_t i) { return x.data[i] - mean(i / 11); }, 1e-6);
}

TEST_P(Functions, LoopsCarryTensors) {
  Array<float> x = numbers({3, 3}, 4);
  input("x", x);
  call("power", {"y"});
  std::vector<double> power(x.data.begin(), x.data.end());
  for (int step = 0; step < 4; ++step) {
    std::vector<double> next(9);
    for (int i = 0; i < 27; ++i) {
      next[i / 9 * 3 + i % 3] +=
          power[i / 9 * 3 + i / 3 % 3] * static_cast<double>(x.data[i / 3 % 3 * 3 + i % 3]);
    }
    power = next;
  }
  expectNear(output<float>("y"), {3, 3}, [&](int64_t i) { return power[i]; }, 1e-5);
}

TEST_P(Functions, CarriedTensorsChangePlaces) {
  for (int32_t count : {0, 1, 2, 20}) {
    input("n", Array<int32_t>{{}, {count}});
    input("x", Array<int32_t>{{2}, {0, 2}});
    input("y", Array<int32_t>{{2}, {1, 1}});
    call("swap", {"z"});
    Array<int32_t> a{{2}, {0, 2}}, b{{2}, {1, 1}};
    for (int32_t i = 0; i < count; ++i) {
      Array<int32_t> sum{{2}, {a.data[0] + b.data[0], a.data[1] + b.data[1]}};
      a = b;
      b = sum;
    }
    EXPECT_EQ(output<int32_t>("z"), a) << count;
  }
}

TEST_P(Functions, MathOnTensors) {
  for (int64_t n : {0, 1, 37}) {
    Array<float> x = numbers({n}, 5);
    input("x", x);
    call("special", {"y"});
    expectNear(
        output<float>("y"), {n},
        [&](int64_t i) {
          double square = static_cast<double>(x.data[i]) * x.data[i];
          return std::log2(std::sqrt(std::exp(std::erf(std::tanh(square)))));
        },
        1e-6);
  }
}

TEST_P(Functions, ViewsAndArguments) {
  Array<float> x = numbers({4, 6}, 6);
  input("x", x);
  call("views", {"t", "s", "same"});
  EXPECT_EQ(output<float>("t"), make<float>({6, 4}, [&](int64_t i) { return x.data[i % 4 * 6 + i / 4]; }));
  EXPECT_EQ(output<float>("s"),
            make<float>({3, 5}, [&](int64_t i) { return x.data[(i / 5 + 1) * 6 + i % 5 + 1]; }));
  EXPECT_EQ(output<float>("same"), x);
}

INSTANTIATE_TEST_SUITE_P(Variants, Functions, testing::ValuesIn(runnableVariants()),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

} // namespace
