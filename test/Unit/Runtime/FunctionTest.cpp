// Entries with arguments and results by name, through the C API.
#include "Files.h"
#include "TestPackages.h"
#include "coopt.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

using namespace coopt;
using namespace coopt::test;

namespace {

class Functions : public testing::Test {
protected:
  void SetUp() override {
    std::string path = folder.file("functions.coopt");
    auto status = writeTestPackage(path, functionPackage());
    ASSERT_TRUE(status.has_value()) << status.error().message;
    package = coopt_package_open(path.c_str(), nullptr);
    ASSERT_NE(package, nullptr) << coopt_error_message();
    open(2);
  }
  void TearDown() override {
    coopt_session_close(session);
    coopt_package_close(package);
  }
  void open(int threads) {
    coopt_session_close(session);
    coopt_session_options options = {sizeof(options), threads};
    session = coopt_session_open(package, &options);
    ASSERT_NE(session, nullptr) << coopt_error_message();
  }
  static coopt_tensor tensor(const char *name, std::vector<float> &values,
                             const std::vector<int64_t> &shape) {
    return {name, "f32", shape.size(), shape.data(), values.data()};
  }
  std::string callMessage(const char *entry, std::vector<coopt_tensor> arguments,
                          std::vector<coopt_size> sizes = {}) {
    int64_t results =
        coopt_session_call(session, entry, arguments.data(), arguments.size(), sizes.data(), sizes.size());
    return results < 0 ? coopt_error_message() : "";
  }
  template <typename T>
  std::vector<T> result(size_t index = 0) {
    coopt_tensor view;
    EXPECT_EQ(coopt_session_result(session, index, &view), 0) << coopt_error_message();
    size_t count = 1;
    for (size_t i = 0; i < view.rank; ++i) {
      count *= static_cast<size_t>(view.shape[i]);
    }
    const T *data = static_cast<const T *>(view.data);
    return std::vector<T>(data, data + count);
  }

  TemporaryFolder folder;
  coopt_package *package = nullptr;
  coopt_session *session = nullptr;
};

} // namespace

TEST_F(Functions, AxpyAtRunTimeSizes) {
  EXPECT_EQ(coopt_package_vocabulary(package), -1);
  for (int threads : {1, 2, 3}) {
    open(threads);
    for (int64_t n : {0, 1, 15, 16, 17, 101, 4099, 100000}) {
      std::vector<float> x, y, alpha = {2.5f}, expected;
      for (int64_t i = 0; i < n; ++i) {
        x.push_back(static_cast<float>(i % 101) * 0.5f);
        y.push_back(static_cast<float>(i % 7) - 3);
        expected.push_back(2.5f * x.back() + y.back());
      }
      std::vector<int64_t> shape = {n}, one = {1};
      x.reserve(1), y.reserve(1); // data() of an empty one is null otherwise
      ASSERT_EQ(
          callMessage("axpy", {tensor("y", y, shape), tensor("alpha", alpha, one), tensor("x", x, shape)}),
          "");
      EXPECT_EQ(result<float>(), expected) << n;
    }
  }
  coopt_tensor view;
  EXPECT_EQ(coopt_session_result(session, 1, &view), -1);
  EXPECT_STREQ(coopt_error_message(), "result 1 of 1");
}

TEST_F(Functions, EveryWorkItemRunsOnce) {
  for (int threads : {1, 2, 3, 8}) {
    open(threads);
    for (int64_t n : {0, 1, 2, 3, 1000, 12345}) {
      for (int repeat = 0; repeat < 30; ++repeat) {
        ASSERT_EQ(callMessage("count", {}, {{"n", n}}), "");
        ASSERT_EQ(result<int32_t>(), std::vector<int32_t>{static_cast<int32_t>(n)}) << threads;
      }
    }
  }
}

TEST_F(Functions, BranchesAndCopies) {
  for (int64_t n : {1, 3, 4, 999}) {
    std::vector<float> x, expected;
    for (int64_t i = 0; i < n; ++i) {
      x.push_back(static_cast<float>(i));
      expected.push_back(static_cast<float>(i) + (n < 4 ? 0 : 2));
    }
    std::vector<int64_t> shape = {n};
    ASSERT_EQ(callMessage("select", {tensor("x", x, shape)}), "");
    EXPECT_EQ(result<float>(), expected) << n;
  }
}

TEST_F(Functions, RunTimeArithmeticIsChecked) {
  EXPECT_EQ(callMessage("divide", {}, {{"a", 17}, {"b", 3}}), "");
  EXPECT_EQ(result<int32_t>(), std::vector<int32_t>{5});
  EXPECT_EQ(callMessage("divide", {}, {{"a", 17}, {"b", 0}}), "entry 'divide': command 0: division by zero");
  EXPECT_EQ(
      callMessage("divide", {}, {{"a", 90}, {"b", 10}}),
      "entry 'divide': command 2: divide/increment: operand 0: a buffer of at most 32 bytes got 36 bytes");
}

TEST_F(Functions, SeededNoiseIsMadeAtLoad) {
  ASSERT_EQ(callMessage("noise", {}), "");
  std::vector<float> values = result<float>();
  ASSERT_EQ(values.size(), 301u);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], 0.25f * package::noise(77, i));
  }
}

TEST_F(Functions, MistakesInACallHaveMessages) {
  std::vector<float> v(4), one(1);
  std::vector<int64_t> four = {4}, three = {3}, single = {1}, square = {2, 2};
  auto x = tensor("x", v, four), y = tensor("y", v, four), alpha = tensor("alpha", one, single);
  EXPECT_EQ(callMessage("axpi", {}),
            "no entry 'axpi'; the package has: axpy, variant, count, noise, select, divide, twice");
  EXPECT_EQ(callMessage("axpy", {x, y}), "entry 'axpy': argument 'alpha' is missing");
  EXPECT_EQ(callMessage("axpy", {x, y, alpha, x}), "entry 'axpy': argument 'x' is given twice");
  EXPECT_EQ(callMessage("axpy", {x, y, alpha, tensor("w", v, four)}),
            "entry 'axpy': no argument 'w'; it has: x, y, alpha");
  EXPECT_EQ(callMessage("axpy", {x, tensor("y", v, three), alpha}),
            "entry 'axpy': argument 'y': dimension 0: expected 'n' = 4, got 3");
  EXPECT_EQ(callMessage("axpy", {x, y, tensor("alpha", v, four)}),
            "entry 'axpy': argument 'alpha': dimension 0: expected 1, got 4");
  EXPECT_EQ(callMessage("axpy", {tensor("x", v, square), y, alpha}),
            "entry 'axpy': argument 'x': expected 1 dimensions, got 2");
  coopt_tensor wrong = x;
  wrong.type = "i32";
  EXPECT_EQ(callMessage("axpy", {wrong, y, alpha}), "entry 'axpy': argument 'x': expected type f32, got i32");
  EXPECT_EQ(callMessage("axpy", {x, y, alpha}, {{"n", 5}}),
            "entry 'axpy': argument 'x': dimension 0: expected 'n' = 5, got 4");
  EXPECT_EQ(callMessage("axpy", {x, y, alpha}, {{"m", 5}}), "entry 'axpy': no size 'm'");
  EXPECT_EQ(callMessage("count", {}), "entry 'count': size 'n' follows from no argument and is not given");
  EXPECT_EQ(callMessage("count", {}, {{"n", -1}}), "entry 'count': size 'n': expected a size, got -1");
  EXPECT_EQ(callMessage("count", {}, {{"n", int64_t(1) << 31}}),
            "entry 'count': 'n': expected between 0 and 1073741824, got 2147483648");
  EXPECT_EQ(callMessage("twice", {x}),
            "entry 'twice': 'n': expected between 1 and 999, a multiple of 3, got 4");
  wrong.type = "i4";
  EXPECT_EQ(callMessage("axpy", {wrong}), "argument 0: no name, no known type, or no shape");
  wrong = x;
  wrong.data = nullptr;
  EXPECT_EQ(callMessage("axpy", {wrong}), "argument 'x': no data");
  EXPECT_EQ(callMessage("axpy", {x, y, alpha}), "");
  const int32_t token = 0;
  EXPECT_EQ(coopt_session_append(session, &token, 1, nullptr), -1);
  EXPECT_STREQ(coopt_error_message(), "the package holds functions, not a language model");
}

// A host program that flushes subnormals must not change what kernels compute; and gets its mode back.
TEST_F(Functions, FloatEnvironmentIsThatOfTheNumericContract) {
  const float subnormal = 1e-40f;
  std::vector<int64_t> shape = {64}, one = {1};
  for (int threads : {1, 3}) {
    open(threads);
    std::vector<float> x(64, subnormal), y(64, subnormal), alpha = {1};
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); // flush to zero, denormals are zero
    std::string message =
        callMessage("axpy", {tensor("x", x, shape), tensor("y", y, shape), tensor("alpha", alpha, one)});
    unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    EXPECT_EQ(message, "");
    EXPECT_EQ(after & 0x8040, 0x8040u);
    std::vector<float> z = result<float>();
    for (float value : z) {
      ASSERT_EQ(value, subnormal + subnormal);
    }
  }
}
