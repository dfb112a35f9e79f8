//===- FunctionsFixture.h - Functions called through coopt-run ------------------===//
#ifndef COOPT_TEST_INTEGRATION_CPU_FUNCTIONSFIXTURE_H
#define COOPT_TEST_INTEGRATION_CPU_FUNCTIONSFIXTURE_H

#include "Inference.h"
#include "Programs.h"

#include "Npy/Npy.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <utility>

namespace coopt::test {

using package::ElementType;
using runtime::NpyFile;

/// An array of a .npy file.
template <typename T>
struct Array {
  std::vector<int64_t> shape;
  std::vector<T> data;
  bool operator==(const Array &) const = default;
};

inline int64_t elements(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape) {
    count *= extent;
  }
  return count;
}

template <typename T>
ElementType elementTypeOf() {
  return std::is_same_v<T, float>     ? ElementType::F32
         : std::is_same_v<T, double>  ? ElementType::F64
         : std::is_same_v<T, int8_t>  ? ElementType::I8
         : std::is_same_v<T, int16_t> ? ElementType::I16
         : std::is_same_v<T, int32_t> ? ElementType::I32
                                      : ElementType::I64;
}

template <typename T>
Array<T> make(std::vector<int64_t> shape, const std::function<T(int64_t)> &value) {
  Array<T> array{std::move(shape), {}};
  for (int64_t i = 0; i < elements(array.shape); ++i) {
    array.data.push_back(value(i));
  }
  return array;
}

/// Numbers of both signs without a pattern that a wrong index would keep; exact in binary32 with room for sums.
inline Array<float> numbers(std::vector<int64_t> shape, int seed) {
  return make<float>(std::move(shape), [=](int64_t i) {
    return static_cast<float>((i * 37 + seed * 11 + i * i % 13) % 64 - 31) / 8;
  });
}

/// Functions of one MLIR file of Inputs, on one instruction set.
class FunctionsFixture : public testing::TestWithParam<std::string> {
protected:
  explicit FunctionsFixture(const std::string &file)
      : file(COOPT_TEST_SOURCE_DIR "/Integration/CPU/Inputs/" + file) {}
  void SetUp() override {
    package = compiled(file, {});
    ASSERT_FALSE(package.empty());
  }

  template <typename T>
  void input(const std::string &name, const Array<T> &array) {
    std::string path = scratchPath(name + ".npy");
    auto status = coopt::runtime::writeNpy(path, elementTypeOf<T>(), array.shape, array.data.data());
    ASSERT_TRUE(status) << status.error().message;
    arguments.insert(arguments.end(), {"--input", name + "=" + path});
  }

  /// Calls with what input() and size() gave, which is then forgotten.
  Outcome outcomeOf(const std::string &function, const std::vector<std::string> &results) {
    arguments.insert(arguments.begin(),
                     {package, "--isa", GetParam(), "--threads", "2", "--function", function});
    for (const std::string &name : results) {
      arguments.insert(arguments.end(), {"--output", name + "=" + scratchPath(name + ".out.npy")});
    }
    return run("coopt-run", std::exchange(arguments, {}));
  }

  void call(const std::string &function, const std::vector<std::string> &results) {
    Outcome outcome = outcomeOf(function, results);
    ASSERT_EQ(outcome.status, 0) << outcome.output;
  }

  /// The call ends with exit status 1 and a message with `message` in it.
  void expectRefused(const std::string &function, const std::vector<std::string> &results,
                     const std::string &message) {
    Outcome outcome = outcomeOf(function, results);
    EXPECT_EQ(outcome.status, 1) << outcome.output;
    EXPECT_NE(outcome.output.find(message), std::string::npos) << outcome.output;
  }

  void size(const std::string &name, int64_t value) {
    arguments.insert(arguments.end(), {"--size", name + "=" + std::to_string(value)});
  }

  template <typename T>
  Array<T> output(const std::string &name) {
    auto file = NpyFile::open(scratchPath(name + ".out.npy"));
    EXPECT_TRUE(file);
    Array<T> array;
    if (file && file->bytes() == sizeof(T) * static_cast<size_t>(elements(file->shape()))) {
      array.shape = file->shape();
      array.data.resize(file->bytes() / sizeof(T));
      if (file->bytes() > 0) {
        std::memcpy(array.data.data(), file->data(), file->bytes());
      }
    }
    return array;
  }

  /// `got` is the softmax of the rows of x.
  void expectSoftmax(const Array<float> &got, const Array<float> &x) {
    const int64_t n = x.shape[1];
    expectNear(
        got, x.shape,
        [&](int64_t i) {
          double sum = 0;
          for (int64_t j = 0; j < n; ++j) {
            sum += std::exp(static_cast<double>(x.data[static_cast<size_t>(i / n * n + j)]));
          }
          return std::exp(static_cast<double>(x.data[static_cast<size_t>(i)])) / sum;
        },
        1e-6);
  }

  void expectNear(const Array<float> &got, const std::vector<int64_t> &shape,
                  const std::function<double(int64_t)> &expected, double tolerance) {
    ASSERT_EQ(got.shape, shape);
    for (size_t i = 0; i < got.data.size(); ++i) {
      double value = expected(static_cast<int64_t>(i));
      ASSERT_NEAR(got.data[i], value, tolerance * (1 + std::fabs(value))) << "element " << i;
    }
  }

  std::string file, package;
  std::vector<std::string> arguments;
};

} // namespace coopt::test

#endif // COOPT_TEST_INTEGRATION_CPU_FUNCTIONSFIXTURE_H
