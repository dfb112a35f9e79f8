//===- ElementsTest.cpp - Numbers in memory -----------------------------------===//
#include "Npu/Core/Elements.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

TEST(Elements, IntegersSaturateAndStayInTheirBits) {
  const unsigned bits[] = {1, 2, 4, 8, 16, 32};
  for (unsigned type = 0; type < 6; ++type) {
    const int64_t half = int64_t(1) << (bits[type] - 1);
    uint8_t memory[64];
    for (int64_t value :
         {int64_t(-1) << 40, -half - 1, -half, int64_t(-1), int64_t(0), half - 1, half, int64_t(1) << 40}) {
      std::fill(std::begin(memory), std::end(memory), uint8_t(0x5a));
      const auto of = static_cast<machine::NpuType>(type);
      const int32_t before = loadInteger(of, memory, 4), behind = loadInteger(of, memory, 6);
      storeInteger(of, memory, 5, value);
      EXPECT_EQ(loadInteger(of, memory, 5), std::min(std::max(value, -half), half - 1));
      EXPECT_EQ(loadFloat(of, memory, 5), static_cast<float>(loadInteger(of, memory, 5)));
      EXPECT_EQ(loadInteger(of, memory, 4), before);
      EXPECT_EQ(loadInteger(of, memory, 6), behind);
    }
  }
}

TEST(Elements, FloatsRoundToNearestEven) {
  uint8_t memory[64] = {};
  auto stored = [&](machine::NpuType type, float value) {
    storeFloat(type, memory, 3, value);
    return loadFloat(type, memory, 3);
  };
  EXPECT_EQ(stored(machine::NpuType::F32, 0x1.fffffep-3f), 0x1.fffffep-3f);
  EXPECT_EQ(stored(machine::NpuType::F16, 2049), 2048); // halves of the last bit go to even
  EXPECT_EQ(stored(machine::NpuType::F16, 2051), 2052);
  EXPECT_EQ(stored(machine::NpuType::F16, 1e6f), std::numeric_limits<float>::infinity());
  EXPECT_EQ(stored(machine::NpuType::BF16, 257), 256);
  EXPECT_EQ(stored(machine::NpuType::BF16, 259), 260);
  EXPECT_EQ(stored(machine::NpuType::F8E4M3FN, 1e6f), 448);
  EXPECT_EQ(stored(machine::NpuType::F8E4M3FN, 17), 16);
  EXPECT_EQ(stored(machine::NpuType::F8E5M2, 1e6f), 57344);
  EXPECT_EQ(stored(machine::NpuType::I8, 2.5f), 2);
  EXPECT_EQ(stored(machine::NpuType::I8, 3.5f), 4);
  EXPECT_EQ(stored(machine::NpuType::I8, -200), -128);
  EXPECT_EQ(stored(machine::NpuType::I8, NAN), 0);
  EXPECT_EQ(stored(machine::NpuType::I4, INFINITY), 7);
  storeFloat(machine::NpuType::I32, memory, 3, 3e9f);
  EXPECT_EQ(loadInteger(machine::NpuType::I32, memory, 3), std::numeric_limits<int32_t>::max());
  storeFloat(machine::NpuType::I32, memory, 3, -3e9f);
  EXPECT_EQ(loadInteger(machine::NpuType::I32, memory, 3), std::numeric_limits<int32_t>::min());
}

} // namespace
