//===- ElementwiseTest.cpp - Typed loops against one element at a time ----------===//
#include "Npu/Core/Contraction.h"
#include "Npu/Core/Elements.h"
#include "Npu/Core/Elementwise.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>

using namespace coopt;
using namespace coopt::npu;

namespace {

using Type = machine::NpuType;

constexpr size_t kArea = 1 << 16; ///< of each operand and of the results
constexpr VectorFunction kLast = VectorFunction::Sar;

class Elementwise : public testing::Test {
protected:
  std::mt19937_64 random{11};
  std::vector<uint8_t> memory = std::vector<uint8_t>(4 * kArea);

  int64_t upTo(int64_t most) { return static_cast<int64_t>(random() % static_cast<uint64_t>(most + 1)); }
  Type type(bool hasBytes) {
    for (;;) {
      const auto type = static_cast<Type>(upTo(static_cast<int64_t>(Type::F32)));
      if (!hasBytes || machine::bits(type) >= 8) {
        return type;
      }
    }
  }
  /// Any bits; and often what is at the end of something.
  void fillWithExtremes() {
    constexpr float floats[] = {0.0f,
                                -0.0f,
                                0.5f,
                                1.5f,
                                -2.5f,
                                127.5f,
                                -128.5f,
                                32767.5f,
                                2147483520.0f,
                                2147483648.0f,
                                -2147483648.0f,
                                4294967296.0f,
                                1e-40f,
                                std::numeric_limits<float>::max(),
                                std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN()};
    constexpr int32_t integers[] = {
        0, 1, -1, 31, 32, 33, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    for (size_t i = 0; i < memory.size(); i += 4) {
      uint32_t bits = static_cast<uint32_t>(random());
      switch (random() % 4) {
      case 0:
        std::memcpy(&bits, &floats[random() % std::size(floats)], sizeof bits);
        break;
      case 1:
        std::memcpy(&bits, &integers[random() % std::size(integers)], sizeof bits);
        break;
      case 2: {
        const float small = static_cast<float>(static_cast<int64_t>(random() % 4001) - 2000) / 16;
        std::memcpy(&bits, &small, sizeof bits);
        break;
      }
      default:
        break;
      }
      std::memcpy(memory.data() + i, &bits, sizeof bits);
    }
  }

  int64_t strideOf(Type type, int64_t columns) {
    const int64_t row = (columns * machine::bits(type) + 7) / 8;
    return random() % 2 == 0 ? row : row + upTo(70);
  }
  ElementMap randomMap(bool hasBytes) {
    ElementMap map;
    map.function = static_cast<VectorFunction>(upTo(static_cast<int64_t>(kLast)));
    map.rows = 1 + upTo(8);
    map.columns = random() % 4 == 0 ? 1 + upTo(1300) : 1 + upTo(70); // longer than a part of a row
    map.type = type(hasBytes);
    map.stride = strideOf(map.type, map.columns);
    map.to = memory.data() + 3 * kArea + upTo(64);
    for (size_t i = 0; i < 3; ++i) {
      ElementMap::Operand &of = map.operands[i];
      of.type = type(hasBytes);
      of.base = memory.data() + i * kArea + upTo(64);
      of.stride = strideOf(of.type, map.columns);
      of.broadcast = i == 0 ? Broadcast::None : static_cast<Broadcast>(upTo(3));
    }
    if (map.function == VectorFunction::Select) {
      map.operands[2].type = map.operands[1].type;
    }
    return map;
  }
  std::string describe(const ElementMap &map) {
    std::string text = "function " + std::to_string(static_cast<int>(map.function)) + " of " +
                       std::to_string(map.rows) + " x " + std::to_string(map.columns) + " to " +
                       machine::name(map.type);
    for (const ElementMap::Operand &of : map.operands) {
      text += std::string(", ") + machine::name(of.type) + " broadcast " +
              std::to_string(static_cast<int>(of.broadcast)) + " stride " + std::to_string(of.stride);
    }
    return text;
  }
  /// All memory is alike, but for the bits of NaN among the results.
  void expectSame(const ElementMap &map, const std::vector<uint8_t> &expected,
                  const std::vector<uint8_t> &got) {
    if (expected == got) {
      return;
    }
    std::vector<uint8_t> rest = got;
    const size_t to = static_cast<size_t>(map.to - memory.data());
    for (int64_t row = 0; row < map.rows; ++row) {
      for (int64_t column = 0; column < map.columns; ++column) {
        const size_t at = to + static_cast<size_t>(row * map.stride);
        const float x = loadFloat(map.type, &expected[at], column), y = loadFloat(map.type, &got[at], column);
        const auto bytes = static_cast<size_t>(machine::bits(map.type) / 8),
                   place = at + static_cast<size_t>(column) * bytes;
        if (std::isnan(x) && std::isnan(y)) {
          std::memcpy(&rest[place], &expected[place], bytes);
        }
        ASSERT_EQ(std::memcmp(&rest[place], &expected[place], bytes), 0)
            << describe(map) << " at " << row << "," << column << ": " << x << " and " << y;
      }
    }
    EXPECT_TRUE(rest == expected) << describe(map) << ": bytes beside the results";
  }
  /// Whether there is a fast way, which then gives the same.
  bool check(const ElementMap &map) {
    const std::vector<uint8_t> before = memory;
    const bool isFast = mapRows(map);
    const std::vector<uint8_t> got = memory;
    memory = before;
    if (!isFast) {
      EXPECT_TRUE(got == before) << describe(map) << ": it did something";
      return false;
    }
    mapElements(map);
    expectSame(map, memory, got);
    return true;
  }
};

TEST_F(Elementwise, LoopsGiveWhatEachElementIs) {
  int rounds = 0, perFunction[static_cast<int>(kLast) + 1] = {};
  for (; rounds < 1500 && !HasFailure(); ++rounds) {
    if (rounds % 100 == 0) {
      fillWithExtremes();
    }
    const ElementMap map = randomMap(/*hasBytes=*/true);
    ASSERT_TRUE(check(map)) << describe(map);
    ++perFunction[static_cast<int>(map.function)];
  }
  for (int count : perFunction) {
    EXPECT_GE(count, 20);
  }
}

TEST_F(Elementwise, InPlace) {
  fillWithExtremes();
  int fast = 0;
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    ElementMap map = randomMap(/*hasBytes=*/true);
    const auto operand = static_cast<size_t>(upTo(2));
    map.to = const_cast<uint8_t *>(map.operands[operand].base); // may be another type, stride or broadcast
    if (random() % 2 == 0) {
      map.type = map.operands[operand].type;
      map.stride = map.operands[operand].stride;
    }
    fast += check(map);
  }
  EXPECT_GE(fast, 100);
}

/// What loops over parts of rows would compute differently is left to the other way.
TEST_F(Elementwise, WhatIsNoCase) {
  fillWithExtremes();
  ElementMap map;
  map.function = VectorFunction::Add;
  map.rows = 3;
  map.columns = 40;
  map.type = Type::F32;
  map.stride = 160;
  map.to = memory.data() + 3 * kArea;
  map.operands[0] = map.operands[1] = {Type::F32, memory.data(), 160, Broadcast::None};
  ASSERT_TRUE(mapRows(map));
  ElementMap shifted = map;
  shifted.to = memory.data() + 4; // each sum is read by the next
  EXPECT_FALSE(mapRows(shifted));
  ElementMap scalar = map;
  scalar.operands[1].broadcast = Broadcast::Scalar;
  scalar.to = memory.data() + 8;
  EXPECT_FALSE(mapRows(scalar));
  ElementMap narrow = map;
  narrow.operands[1].type = Type::I4;
  EXPECT_FALSE(mapRows(narrow));
  ElementMap mixed = map;
  mixed.function = VectorFunction::Select;
  mixed.operands[2] = {Type::I32, memory.data() + kArea, 160, Broadcast::None};
  EXPECT_FALSE(mapRows(mixed));
}

/// Sums as great as they can be, of as many products as an array has rows and of more; rows in blocks and beside them.
TEST_F(Elementwise, GreatSumsOfBytes) {
  for (int64_t depth : {1, 1023, 1024, 1025, 3000}) {
    for (int64_t rows : {1, 3, 4, 7, 8}) {
      for (int64_t columns : {31, 32, 33, 128}) {
        Numbers a, w;
        a.reset(Type::I8, rows, depth);
        w.reset(Type::I8, depth, columns);
        const int round = static_cast<int>(random() % 3);
        for (Numbers *of : {&a, &w}) {
          for (int8_t &number : of->bytes) {
            number = round == 0 ? int8_t(-128) : round == 1 ? int8_t(127) : static_cast<int8_t>(random());
          }
        }
        std::vector<int32_t> sums(static_cast<size_t>(rows * columns), std::numeric_limits<int32_t>::max());
        addProducts(sums.data(), a, w);
        for (int64_t m = 0; m < rows; ++m) {
          for (int64_t n = 0; n < columns; ++n) {
            int64_t sum = std::numeric_limits<int32_t>::max(); // it wraps around
            for (int64_t k = 0; k < depth; ++k) {
              sum +=
                  a.bytes[static_cast<size_t>(m * depth + k)] * w.bytes[static_cast<size_t>(k * columns + n)];
            }
            ASSERT_EQ(sums[static_cast<size_t>(m * columns + n)],
                      static_cast<int32_t>(static_cast<uint32_t>(sum)))
                << rows << " x " << depth << " x " << columns << " at " << m << "," << n;
          }
        }
      }
    }
  }
}

/// Products of all pairs of types, of sizes that are multiples of nothing, against loops over elements.
TEST_F(Elementwise, ContractionsOfAllTypes) {
  fillWithExtremes();
  for (int round = 0; round < 300; ++round) {
    Type ofA = type(false), ofW = type(false);
    const bool areIntegers = round % 2 == 0;
    while (machine::isInteger(ofA) != areIntegers) {
      ofA = type(false);
    }
    if (round % 8 != 0) { // else weights of another kind may have been loaded before the mode changed
      while (machine::isInteger(ofW) != areIntegers) {
        ofW = type(false);
      }
    }
    const int64_t rows = upTo(5), depth = upTo(40), columns = upTo(150), more = upTo(2);
    const int64_t aStride = strideOf(ofA, depth), wStride = strideOf(ofW, columns);
    const uint8_t *baseA = memory.data() + upTo(64), *baseW = memory.data() + kArea + upTo(64);
    Numbers a, w;
    w.load(Type::I8, baseW, 64, 3, 5); // of before
    w.load(ofW, baseW, wStride, depth + more, columns);
    a.load(ofA, baseA, aStride, rows, depth);
    std::vector<int32_t> integers(static_cast<size_t>(rows * columns), 7);
    std::vector<float> floats(static_cast<size_t>(rows * columns), 0.5f);
    if (areIntegers) {
      addProducts(integers.data(), a, w);
    } else {
      addProducts(floats.data(), a, w);
    }
    for (int64_t m = 0; m < rows; ++m) {
      for (int64_t n = 0; n < columns; ++n) {
        uint32_t sum = 7;
        float real = 0.5f;
        for (int64_t k = 0; k < depth; ++k) {
          const uint8_t *lineA = baseA + m * aStride, *lineW = baseW + k * wStride;
          if (areIntegers) {
            const int32_t weight = machine::isInteger(ofW) ? loadInteger(ofW, lineW, n) : 0;
            sum += static_cast<uint32_t>(loadInteger(ofA, lineA, k)) * static_cast<uint32_t>(weight);
          } else {
            real = std::fma(loadFloat(ofA, lineA, k), loadFloat(ofW, lineW, n), real);
          }
        }
        const auto at = static_cast<size_t>(m * columns + n);
        if (areIntegers) {
          ASSERT_EQ(static_cast<uint32_t>(integers[at]), sum)
              << machine::name(ofA) << " " << machine::name(ofW);
        } else {
          ASSERT_TRUE(std::memcmp(&floats[at], &real, sizeof real) == 0 ||
                      (std::isnan(floats[at]) && std::isnan(real)))
              << machine::name(ofA) << " " << machine::name(ofW) << " " << floats[at] << " " << real;
        }
      }
    }
  }
}

} // namespace
