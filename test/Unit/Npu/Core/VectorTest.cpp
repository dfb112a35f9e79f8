//===- VectorTest.cpp - The vector engine's functions -------------------------===//
#include "CoreFixture.h"

#include <cmath>
#include <functional>
#include <map>

namespace coopt::npu::test {
namespace {

class Vectors : public CoreFixture {
protected:
  static constexpr int kRows = 5, kColumns = 13;

  std::string mode(const std::string &types,
                   const std::string &broadcasts = "b_broadcast=none c_broadcast=none") {
    return "vec.mode " + types + " to_stride=64 a_stride=64 b_stride=64 c_stride=64 " + broadcasts + "\n";
  }
  std::string map(const std::string &function) {
    return "vec.map function=" + function +
           " to=spad[0x3000] a=spad[0x0] b=spad[0x1000] c=spad[0x2000] rows=5 columns=13";
  }
  template <typename T>
  T *operand(int number) {
    return data<T>(Space::Spad, static_cast<uint64_t>(number) * 0x1000);
  }
};

bool sameBits(float x, float y) { return std::memcmp(&x, &y, sizeof x) == 0; }

TEST_F(Vectors, FloatFunctions) {
  const std::map<std::string, std::function<float(float, float, float)>> functions = {
      {"copy", [](float a, float, float) { return a; }},
      {"add", [](float a, float b, float) { return a + b; }},
      {"sub", [](float a, float b, float) { return a - b; }},
      {"mul", [](float a, float b, float) { return a * b; }},
      {"div", [](float a, float b, float) { return a / b; }},
      {"fma", [](float a, float b, float c) { return static_cast<float>(static_cast<double>(a) * b + c); }},
      {"min", [](float a, float b, float) { return a < b ? a : b; }},
      {"max", [](float a, float b, float) { return a > b ? a : b; }},
      {"neg", [](float a, float, float) { return -a; }},
      {"abs", [](float a, float, float) { return a < 0 ? -a : a; }},
      {"rint", [](float a, float, float) { return std::rint(a); }},
      {"floor", [](float a, float, float) { return std::floor(a); }},
      {"lt", [](float a, float b, float) { return a < b ? 1.0f : 0.0f; }},
      {"le", [](float a, float b, float) { return a <= b ? 1.0f : 0.0f; }},
      {"eq", [](float a, float b, float) { return a == b ? 1.0f : 0.0f; }},
      {"select", [](float a, float b, float c) { return a != 0 ? b : c; }}};
  for (int number = 0; number < 3; ++number) {
    for (int i = 0; i < kRows * 16;
         ++i) { // numbers of few bits: sums of products are exact in binary64, some are equal
      operand<float>(number)[i] = static_cast<float>(static_cast<int>(random() % 41) - 20) / 8;
    }
  }
  for (const auto &[name, function] : functions) {
    ASSERT_EQ(run(mode("to=f32 a=f32 b=f32 c=f32") + map(name)), "") << name;
    for (int row = 0; row < kRows; ++row) {
      for (int column = 0; column < kColumns; ++column) {
        const int i = row * 16 + column;
        const float expected = function(operand<float>(0)[i], operand<float>(1)[i], operand<float>(2)[i]);
        EXPECT_TRUE(sameBits(operand<float>(3)[i], expected) ||
                    (operand<float>(3)[i] == 0 && expected == 0) ||
                    (std::isnan(expected) && std::isnan(operand<float>(3)[i])))
            << name << "(" << operand<float>(0)[i] << ", " << operand<float>(1)[i] << ", "
            << operand<float>(2)[i] << ") = " << operand<float>(3)[i];
      }
    }
  }
  ASSERT_EQ(run(mode("to=f32 a=f32 b=f32 c=f32") + map("exp2")), "");
  EXPECT_NEAR(operand<float>(3)[0], std::exp2(operand<float>(0)[0]), 1e-6);
  ASSERT_EQ(run(mode("to=f32 a=f32 b=f32 c=f32") + map("sqrt")), "");
  for (int i = 0; i < kColumns; ++i) {
    const float x = operand<float>(0)[i];
    EXPECT_TRUE(x < 0 ? std::isnan(operand<float>(3)[i]) : sameBits(operand<float>(3)[i], std::sqrt(x)));
  }
}

TEST_F(Vectors, IntegerFunctions) {
  const std::map<std::string, std::function<int64_t(int64_t, int64_t, int64_t)>> functions = {
      {"copy", [](int64_t a, int64_t, int64_t) { return a; }},
      {"add", [](int64_t a, int64_t b, int64_t) { return a + b; }},
      {"sub", [](int64_t a, int64_t b, int64_t) { return a - b; }},
      {"mul", [](int64_t a, int64_t b, int64_t) { return a * b; }},
      {"div", [](int64_t a, int64_t b, int64_t) { return b == 0 ? 0 : a / b; }},
      {"fma", [](int64_t a, int64_t b, int64_t c) { return a * b + c; }},
      {"min", [](int64_t a, int64_t b, int64_t) { return a < b ? a : b; }},
      {"max", [](int64_t a, int64_t b, int64_t) { return a > b ? a : b; }},
      {"neg", [](int64_t a, int64_t, int64_t) { return -a; }},
      {"abs", [](int64_t a, int64_t, int64_t) { return a < 0 ? -a : a; }},
      {"lt", [](int64_t a, int64_t b, int64_t) { return int64_t(a < b); }},
      {"le", [](int64_t a, int64_t b, int64_t) { return int64_t(a <= b); }},
      {"eq", [](int64_t a, int64_t b, int64_t) { return int64_t(a == b); }},
      {"select", [](int64_t a, int64_t b, int64_t c) { return a != 0 ? b : c; }},
      {"and", [](int64_t a, int64_t b, int64_t) { return a & b; }},
      {"or", [](int64_t a, int64_t b, int64_t) { return a | b; }},
      {"xor", [](int64_t a, int64_t b, int64_t) { return a ^ b; }},
      {"shl",
       [](int64_t a, int64_t b, int64_t) {
         return static_cast<int64_t>(static_cast<int32_t>(static_cast<uint32_t>(a) << (b & 31)));
       }},
      {"shr",
       [](int64_t a, int64_t b, int64_t) {
         return static_cast<int64_t>(static_cast<int32_t>(static_cast<uint32_t>(a) >> (b & 31)));
       }},
      {"sar", [](int64_t a, int64_t b, int64_t) { return a >> (b & 31); }}};
  for (int number = 0; number < 3; ++number) {
    fill<int8_t>(Space::Spad, static_cast<uint64_t>(number) * 0x1000, kRows * 64, -9, 9);
  }
  for (const auto &[name, function] : functions) {
    for (const char *to : {"i32", "i8"}) {
      ASSERT_EQ(run(mode(std::string("to=") + to + " a=i8 b=i8 c=i8") + map(name)), "") << name;
      for (int row = 0; row < kRows; ++row) {
        for (int column = 0; column < kColumns; ++column) {
          const int i = row * 64 + column;
          int64_t expected = function(operand<int8_t>(0)[i], operand<int8_t>(1)[i], operand<int8_t>(2)[i]);
          const bool isByte = std::string(to) == "i8";
          expected = isByte ? std::min<int64_t>(std::max<int64_t>(expected, -128), 127) : expected;
          EXPECT_EQ(isByte ? operand<int8_t>(3)[i] : operand<int32_t>(3)[row * 16 + column], expected)
              << name << "(" << int(operand<int8_t>(0)[i]) << ", " << int(operand<int8_t>(1)[i]) << ", "
              << int(operand<int8_t>(2)[i]) << ") to " << to;
        }
      }
    }
  }
}

/// Requantisation as kernels write it: f32(sum) times the column's scale times the row's, rounded to bytes.
TEST_F(Vectors, BroadcastsAndConversions) {
  const auto sums = fill<int32_t>(Space::Spad, 0x0, kRows * 16, -100000, 100000);
  for (int i = 0; i < 16 * kRows; ++i) {
    operand<float>(1)[i] = static_cast<float>(1 + i) / 4096;
    operand<float>(2)[i] = static_cast<float>(1 + i) / 64;
  }
  ASSERT_EQ(
      run(mode("to=f32 a=i32 b=f32 c=f32", "b_broadcast=row c_broadcast=none") + map("mul") + "\n" +
          mode("to=i8 a=f32 b=f32 c=f32", "b_broadcast=column c_broadcast=none") +
          "vec.map function=mul to=spad[0x4000] a=spad[0x3000] b=spad[0x2000] c=spad[0x0] rows=5 columns=13"),
      "");
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const float scaled =
          static_cast<float>(sums[static_cast<size_t>(row * 16 + column)]) * operand<float>(1)[column];
      const float expected = std::rint(scaled * operand<float>(2)[row * 16]);
      EXPECT_EQ(operand<int8_t>(4)[row * 64 + column], std::min(std::max(expected, -128.0f), 127.0f));
    }
  }
}

TEST_F(Vectors, Reductions) {
  for (int i = 0; i < kRows * 16; ++i) {
    operand<float>(0)[i] = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 7;
  }
  const std::string reduce = " to=spad[0x3000] a=spad[0x0] rows=5 columns=13";
  for (const char *function : {"sum", "max", "min", "amax"}) {
    ASSERT_EQ(run(mode("to=f32 a=f32 b=f32 c=f32") + "vec.reduce function=" + function + reduce), "");
    for (int row = 0; row < kRows; ++row) {
      const float *x = operand<float>(0) + row * 16;
      // Lanes of 16, then halves: lane j has element j alone.
      float lanes[16] = {}, greatest = x[0], least = x[0], magnitude = 0;
      for (int i = 0; i < kColumns; ++i) {
        lanes[i] = x[i];
        greatest = std::max(greatest, x[i]), least = std::min(least, x[i]),
        magnitude = std::max(magnitude, std::fabs(x[i]));
      }
      for (int half = 8; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) {
          lanes[j] += lanes[j + half];
        }
      }
      const std::string name = function;
      const float expected = name == "sum"   ? lanes[0]
                             : name == "max" ? greatest
                             : name == "min" ? least
                                             : magnitude;
      EXPECT_TRUE(sameBits(operand<float>(3)[row * 16], expected)) << name << " " << row;
    }
  }
  const auto bytes = fill<int8_t>(Space::Spad, 0, kRows * 64, -128, 127);
  ASSERT_EQ(run(mode("to=i32 a=i8 b=i8 c=i8") + "vec.reduce function=sum" + reduce), "");
  for (int row = 0; row < kRows; ++row) {
    int32_t sum = 0;
    for (int column = 0; column < kColumns; ++column) {
      sum += bytes[static_cast<size_t>(row * 64 + column)];
    }
    EXPECT_EQ(operand<int32_t>(3)[row * 16], sum);
  }
}

TEST_F(Vectors, UnpackedCodesOfTwoLevels) {
  const int bits = 4, rows = 3, columns = 20, group = 8, groups = 3;
  const auto codes = fill<uint8_t>(Space::Dram, 0, rows * columns, 0, 15);
  const auto scales = fill<int8_t>(Space::Spad, 0x1000, rows * groups, 1, 8),
             zeros = fill<int8_t>(Space::Spad, 0x2000, rows * groups, 0, 15);
  uint8_t *planes = data<uint8_t>(Space::Spad, 0);
  std::memset(planes, 0, 64);
  for (int bit = 0; bit < bits; ++bit) {
    for (int i = 0; i < rows * columns; ++i) {
      const int number = bit * rows * columns + i;
      planes[number / 8] = static_cast<uint8_t>(
          planes[number / 8] | (((codes[static_cast<size_t>(i)] >> bit) & 1) << (number % 8)));
    }
  }
  ASSERT_EQ(run(mode("to=i8 a=i8 b=i8 c=i8") +
                "vec.unpack to=spad[0x3000] from=spad[0x0] scales=spad[0x1000] zeros=spad[0x2000] "
                "bits=4 group=8 rows=3 columns=20"),
            "");
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const auto of = static_cast<size_t>(row * groups + column / group);
      const int expected = (codes[static_cast<size_t>(row * columns + column)] - zeros[of]) * scales[of];
      EXPECT_EQ(operand<int8_t>(3)[row * 64 + column], static_cast<int8_t>(expected));
    }
  }
}

} // namespace
} // namespace coopt::npu::test
