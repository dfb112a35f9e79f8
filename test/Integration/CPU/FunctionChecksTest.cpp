// Whatever numbers a function is given: each op has a result, or the call ends with a message.
#include "FunctionsFixture.h"

#include <limits>

using namespace coopt::test;

namespace {

class FunctionChecks : public FunctionsFixture {
protected:
  FunctionChecks() : FunctionsFixture("function-checks.mlir") {}
};

constexpr int32_t kLeast = std::numeric_limits<int32_t>::min(), kMost = std::numeric_limits<int32_t>::max();

/// Every pair of a set of numbers with its corners.
std::pair<Array<int32_t>, Array<int32_t>> pairs() {
  const std::vector<int32_t> values = {0,  1,  -1, 2,   -2,   3,     7,      -7,        31,
                                       32, 33, 64, 100, -100, kMost, kLeast, kLeast + 1};
  Array<int32_t> x, y;
  for (int32_t a : values) {
    for (int32_t b : values) {
      x.data.push_back(a);
      y.data.push_back(b);
    }
  }
  x.shape = y.shape = {static_cast<int64_t>(x.data.size())};
  return {x, y};
}

int64_t unsignedOf(int64_t x) { return static_cast<int64_t>(static_cast<uint32_t>(x)); }
int64_t floorOf(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

TEST_P(FunctionChecks, DivisionsHaveResultsForAllOperands) {
  auto [x, y] = pairs();
  input("x", x);
  input("y", y);
  call("divide", {"divsi", "remsi", "divui", "remui", "ceildivsi", "floordivsi", "ceildivui"});
  // In 64 bits nothing overflows; what is cut off is what wraps.
  auto expect = [&, x = x, y = y](const std::string &name, bool isSigned,
                                  int64_t (*quotient)(int64_t, int64_t)) {
    Array<int32_t> got = output<int32_t>(name);
    ASSERT_EQ(got.shape, x.shape);
    for (size_t i = 0; i < x.data.size(); ++i) {
      int64_t a = x.data[i], b = y.data[i];
      if (!isSigned) {
        a = unsignedOf(a);
        b = unsignedOf(b);
      }
      bool isRemainder = name.substr(0, 3) == "rem";
      int64_t expected = b != 0 ? quotient(a, b) : isRemainder ? a : -1;
      EXPECT_EQ(got.data[i], static_cast<int32_t>(expected)) << name << " " << a << ", " << b;
    }
  };
  expect("divsi", true, [](int64_t a, int64_t b) { return a / b; });
  expect("remsi", true, [](int64_t a, int64_t b) { return a % b; });
  expect("divui", false, [](int64_t a, int64_t b) { return a / b; });
  expect("remui", false, [](int64_t a, int64_t b) { return a % b; });
  expect("ceildivsi", true, [](int64_t a, int64_t b) { return -floorOf(-a, b); });
  expect("floordivsi", true, floorOf);
  expect("ceildivui", false, [](int64_t a, int64_t b) { return -floorOf(-a, b); });
}

TEST_P(FunctionChecks, DivisionsOfScalars) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  struct Case {
    int64_t x, y, quotient, remainder;
  };
  for (Case c :
       {Case{7, 0, -1, 7}, Case{least, -1, least, 0}, Case{-17, 5, -3, -2}, Case{least, 0, -1, least}}) {
    input("x", Array<int64_t>{{}, {c.x}});
    input("y", Array<int64_t>{{}, {c.y}});
    call("divide_scalars", {"quotient", "remainder"});
    EXPECT_EQ(output<int64_t>("quotient").data, std::vector<int64_t>{c.quotient});
    EXPECT_EQ(output<int64_t>("remainder").data, std::vector<int64_t>{c.remainder});
  }
}

TEST_P(FunctionChecks, DivisionsByConstants) {
  Array<int32_t> x =
      make<int32_t>({19}, [](int64_t i) { return i == 18 ? kLeast : static_cast<int32_t>(i * 91 - 700); });
  input("x", x);
  call("divide_by_constants", {"by7", "byminus1"});
  EXPECT_EQ(output<int32_t>("by7"), make<int32_t>({19}, [&](int64_t i) { return x.data[i] / 7; }));
  EXPECT_EQ(output<int32_t>("byminus1"), make<int32_t>({19}, [&](int64_t i) {
              return static_cast<int32_t>(0u - static_cast<uint32_t>(x.data[i]));
            }));
}

TEST_P(FunctionChecks, ShiftsBeyondTheWidth) {
  auto [x, y] = pairs();
  input("x", x);
  input("y", y);
  call("shift", {"shli", "shrui", "shrsi"});
  Array<int32_t> left = output<int32_t>("shli"), logical = output<int32_t>("shrui"),
                 sign = output<int32_t>("shrsi");
  ASSERT_EQ(left.shape, x.shape);
  for (size_t i = 0; i < x.data.size(); ++i) {
    uint32_t bits = static_cast<uint32_t>(x.data[i]), amount = static_cast<uint32_t>(y.data[i]);
    bool inside = amount < 32;
    EXPECT_EQ(left.data[i], static_cast<int32_t>(inside ? bits << amount : 0)) << i;
    EXPECT_EQ(logical.data[i], static_cast<int32_t>(inside ? bits >> amount : 0)) << i;
    EXPECT_EQ(sign.data[i], x.data[i] >> (inside ? amount : 31)) << i;
  }
}

template <typename T>
int64_t nearestInteger(float x, int64_t least, int64_t most) {
  if (std::isnan(x)) {
    return 0;
  }
  long double whole = std::trunc(static_cast<long double>(x));
  return whole <= static_cast<long double>(least)  ? least
         : whole >= static_cast<long double>(most) ? most
                                                   : static_cast<int64_t>(whole);
}

TEST_P(FunctionChecks, ConversionsToIntegersSaturate) {
  const float infinity = std::numeric_limits<float>::infinity();
  Array<float> x{{21}, {0.0f,     -0.0f,     0.9f,   -0.9f,   127.9f,   128.0f,    -128.9f,
                        -129.0f,  255.5f,    2.5e9f, -2.5e9f, 0x1p+31f, -0x1p+31f, 0x1p+32f,
                        0x1p+63f, -0x1p+63f, 1e30f,  -1e30f,  infinity, -infinity, std::nanf("")}};
  input("x", x);
  call("convert", {"si32", "ui32", "si8", "si64"});
  EXPECT_EQ(output<int32_t>("si32"), make<int32_t>({21}, [&](int64_t i) {
              return static_cast<int32_t>(nearestInteger<int32_t>(x.data[i], kLeast, kMost));
            }));
  EXPECT_EQ(output<int32_t>("ui32"), make<int32_t>({21}, [&](int64_t i) {
              return static_cast<int32_t>(nearestInteger<int32_t>(x.data[i], 0, 0xffffffff));
            }));
  EXPECT_EQ(output<int8_t>("si8"), make<int8_t>({21}, [&](int64_t i) {
              return static_cast<int8_t>(nearestInteger<int8_t>(x.data[i], -128, 127));
            }));
  EXPECT_EQ(output<int64_t>("si64"), make<int64_t>({21}, [&](int64_t i) {
              return nearestInteger<int64_t>(x.data[i], std::numeric_limits<int64_t>::min(),
                                             std::numeric_limits<int64_t>::max());
            }));
}

TEST_P(FunctionChecks, IndicesOutsideAreRefused) {
  Array<float> x = numbers({64}, 1);
  for (int32_t i : {0, 63, 64, 70, -1, 1 << 30, kLeast}) {
    input("x", x);
    input("i", Array<int32_t>{{}, {i}});
    if (i >= 0 && i < 64) {
      call("element", {"y"});
      EXPECT_EQ(output<float>("y").data, std::vector<float>{x.data[i]});
    } else {
      expectRefused("element", {"y"}, "'element'");
      input("x", x);
      input("i", Array<int32_t>{{}, {i}});
      expectRefused("element", {"y"}, "index " + std::to_string(i) + " is outside [0, 64) at line ");
    }
  }
}

TEST_P(FunctionChecks, GathersStayInside) {
  for (const std::string function : {"rows", "gather"}) {
    for (int64_t count : {0, 1, 10}) {
      Array<float> x = numbers({count, 5}, 2);
      for (const std::vector<int32_t> &ids :
           {std::vector<int32_t>{}, {0}, {9, 0, 3}, {1, 10}, {-1}, {0, 1 << 30}, {kLeast}}) {
        bool inside = std::all_of(ids.begin(), ids.end(), [&](int32_t id) { return id >= 0 && id < count; });
        input("x", x);
        input("i", Array<int32_t>{{static_cast<int64_t>(ids.size())}, ids});
        if (!inside) {
          expectRefused(function, {"y"}, " is outside [0, " + std::to_string(count) + ")");
          continue;
        }
        call(function, {"y"});
        EXPECT_EQ(output<float>("y"), make<float>({static_cast<int64_t>(ids.size()), 5},
                                                  [&](int64_t i) { return x.data[ids[i / 5] * 5 + i % 5]; }));
      }
    }
  }
}

TEST_P(FunctionChecks, SlicesStayInside) {
  Array<float> x = numbers({11}, 3), v = numbers({3}, 4);
  for (int64_t i :
       {int64_t(0), int64_t(4), int64_t(5), int64_t(8), int64_t(9), int64_t(-1), int64_t(1) << 62}) {
    input("x", x);
    input("i", Array<int64_t>{{}, {i}});
    if (i >= 0 && i <= 4) {
      call("slice", {"y"});
      EXPECT_EQ(output<float>("y"), make<float>({4}, [&](int64_t j) { return x.data[i + 2 * j]; }));
    } else {
      expectRefused("slice", {"y"}, "a slice reaches element ");
    }
    input("x", x);
    input("i", Array<int64_t>{{}, {i}});
    input("v", Array<float>{{}, {-99}});
    if (i >= 0 && i < 11) {
      call("put", {"y"});
      EXPECT_EQ(output<float>("y"), make<float>({11}, [&](int64_t j) { return i == j ? -99 : x.data[j]; }));
    } else {
      expectRefused("put", {"y"}, " is outside [0, 11)");
    }
    input("x", x);
    input("i", Array<int64_t>{{}, {i}});
    input("v", v);
    if (i >= 0 && i <= 8) {
      call("put_slice", {"y"});
      EXPECT_EQ(output<float>("y"), make<float>({11}, [&](int64_t j) {
                  return j >= i && j < i + 3 ? v.data[j - i] : x.data[j];
                }));
    } else {
      expectRefused("put_slice", {"y"}, "a slice reaches element ");
    }
  }
}

TEST_P(FunctionChecks, ExtentsOfOperandsMustAgree) {
  input("x", numbers({5}, 1));
  input("y", numbers({7}, 1));
  expectRefused("sum", {"z"}, "argument 'y': dimension 0: expected 'x.0' = 5, got 7");
  input("x", numbers({7}, 1));
  input("y", numbers({5}, 1));
  expectRefused("sum", {"z"}, "expected 'x.0' = 7, got 5");
  input("x", numbers({2, 3}, 1));
  input("y", numbers({4, 5}, 1));
  input("z", numbers({2, 5}, 1));
  expectRefused("product", {"w"}, "argument 'y': dimension 0: expected 'x.1' = 3, got 4");
  input("x", numbers({2, 3}, 1));
  input("y", numbers({3, 5}, 1));
  input("z", numbers({2, 6}, 1));
  expectRefused("product", {"w"}, "argument 'z': dimension 1");
  input("x", numbers({6}, 1));
  input("y", numbers({5}, 1));
  expectRefused("five", {"z"}, "expected between 5 and 5, got 6");
}

TEST_P(FunctionChecks, ComputedExtentsAreCompared) {
  Array<float> x = numbers({9}, 1), y = numbers({4}, 2);
  input("x", x);
  input("y", y);
  call("half", {"z"});
  EXPECT_EQ(output<float>("z"), make<float>({4}, [&](int64_t i) { return x.data[i] + y.data[i]; }));
  input("x", x);
  input("y", numbers({5}, 2));
  expectRefused("half", {"z"}, "sizes 4 and 5 must be equal");

  Array<float> matrix = numbers({3, 5}, 1);
  for (int64_t k : {15, 14, 16, 0}) {
    input("x", matrix);
    size("k", k);
    if (k == 15) {
      call("flat", {"y"});
      EXPECT_EQ(output<float>("y"), make<float>({15}, [&](int64_t i) { return -matrix.data[i]; }));
    } else {
      expectRefused("flat", {"y"}, "sizes 15 and " + std::to_string(k) + " must be equal");
    }
  }
  for (int64_t n : {8, 9}) {
    Array<float> vector = numbers({n}, 1);
    input("x", vector);
    size("k", 2);
    if (n == 8) {
      call("fold", {"y"});
      EXPECT_EQ(output<float>("y"), make<float>({2, 4}, [&](int64_t i) { return -vector.data[i]; }));
    } else {
      expectRefused("fold", {"y"}, "sizes 9 and 8 must be equal");
    }
  }
}

TEST_P(FunctionChecks, WindowsStayInside) {
  Array<float> x = numbers({7}, 1), k = numbers({3}, 2);
  for (int64_t n : {0, 1, 5, 6, 60}) {
    Array<float> y = numbers({n}, 3);
    input("x", x);
    input("k", k);
    input("y", y);
    if (n <= 5) {
      call("window", {"z"});
      EXPECT_EQ(output<float>("z"), make<float>({n}, [&](int64_t i) {
                  return y.data[i] + x.data[i] * k.data[0] + x.data[i + 1] * k.data[1] +
                         x.data[i + 2] * k.data[2];
                }));
    } else {
      expectRefused("window", {"z"}, "a slice reaches element " + std::to_string(n + 1) + ", outside [0, 7)");
    }
  }
}

TEST_P(FunctionChecks, JoinedAndPadded) {
  Array<float> x = numbers({2, 3}, 1), y = numbers({4, 3}, 2);
  for (int64_t m : {6, 5, 7}) {
    input("x", x);
    input("y", y);
    size("m", m);
    if (m == 6) {
      call("joined", {"z"});
      EXPECT_EQ(output<float>("z"),
                make<float>({6, 3}, [&](int64_t i) { return i < 6 ? x.data[i] : y.data[i - 6]; }));
    } else {
      expectRefused("joined", {"z"}, "must be equal");
    }
  }
  input("x", x);
  input("y", numbers({4, 2}, 2));
  size("m", 6);
  expectRefused("joined", {"z"}, "argument 'y': dimension 1: expected 'n' = 3, got 2");
  for (int64_t n : {0, 1, 9}) {
    Array<float> vector = numbers({n}, 5);
    input("x", vector);
    size("k", n + 3);
    call("padded", {"y"});
    EXPECT_EQ(output<float>("y"),
              make<float>({n + 3}, [&](int64_t i) { return i >= 2 && i < n + 2 ? vector.data[i - 2] : 0; }));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, FunctionChecks, testing::ValuesIn(runnableVariants()),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

} // namespace
