#include "Record/Compare.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace coopt::runtime;
using coopt::package::ElementType;

namespace {

template <typename T>
Comparison two(ElementType type, T expected, T got, const Tolerance *tolerance = nullptr) {
  return compare(type, &expected, &got, 1, tolerance);
}

const Tolerance loose = {0.5, 0.1};
const float infinity = std::numeric_limits<float>::infinity();

} // namespace

TEST(Compare, FloatsByBitsWithoutTolerance) {
  EXPECT_EQ(two(ElementType::F32, 1.5f, 1.5f).outside, 0u);
  EXPECT_EQ(two(ElementType::F32, 0.0f, -0.0f).outside, 1u);
  EXPECT_EQ(two(ElementType::F32, 1.0f, std::nextafter(1.0f, 2.0f)).outside, 1u);
  EXPECT_EQ(two<uint32_t>(ElementType::F32, 0x7fc00000, 0xffc12345).unequal, 0u); // NaNs
  EXPECT_EQ(two<uint32_t>(ElementType::F32, 0x7fc00000, 0x3f800000).outside, 1u);
  EXPECT_EQ(two(ElementType::F64, 2.0, 2.0).unequal, 0u);
  EXPECT_EQ(two(ElementType::F64, 2.0, 2.5).maxAbsolute, 0.5);
  EXPECT_EQ(two<uint16_t>(ElementType::F16, 0x3c00, 0x4000).maxAbsolute, 1);  // 1 and 2
  EXPECT_EQ(two<uint16_t>(ElementType::BF16, 0x3f80, 0x4040).maxAbsolute, 2); // 1 and 3
  EXPECT_EQ(two<uint16_t>(ElementType::BF16, 0x7fc0, 0xffff).unequal, 0u);    // NaNs
}

TEST(Compare, ToleranceExcusesFloatsOnly) {
  Comparison within = two(ElementType::F32, 10.0f, 11.5f, &loose);
  EXPECT_EQ(within.unequal, 1u);
  EXPECT_EQ(within.outside, 0u);
  EXPECT_EQ(within.maxAbsolute, 1.5);
  EXPECT_DOUBLE_EQ(within.maxRelative, 0.15);
  EXPECT_EQ(two(ElementType::F32, 10.0f, 11.6f, &loose).outside, 1u);
  EXPECT_EQ(two(ElementType::F32, -10.0f, -8.5f, &loose).outside, 0u);
  EXPECT_EQ(two(ElementType::F32, 0.0f, -0.0f, &loose).outside, 0u);
  EXPECT_EQ(two(ElementType::F32, infinity, infinity, &loose).outside, 0u);
  EXPECT_EQ(two(ElementType::F32, 1.0f, infinity, &loose).outside, 1u);
  EXPECT_EQ(two(ElementType::F32, infinity, 1.0f, &loose).outside, 1u);
  EXPECT_EQ(two(ElementType::F32, 1.0f, std::nanf(""), &loose).outside, 1u);
  EXPECT_EQ(two<int8_t>(ElementType::I8, 100, 101, &loose).outside, 1u);
  EXPECT_EQ(two<int32_t>(ElementType::I32, -7, -7, &loose).unequal, 0u);
  EXPECT_EQ(two<int64_t>(ElementType::I64, 5, 7).maxAbsolute, 2);
  EXPECT_EQ(two<uint8_t>(ElementType::F8E4M3FN, 1, 2, &loose).outside, 1u);
}

TEST(Compare, AddsUp) {
  const int16_t a[] = {1, 2, 3, 4, 5}, b[] = {1, 2, 7, 4, 4};
  Comparison sum = compare(ElementType::I16, a, b, 5, nullptr);
  EXPECT_EQ(sum.unequal, 2u);
  EXPECT_EQ(sum.maxAbsolute, 4);
  sum.add(two(ElementType::F32, 1.0f, 9.0f));
  EXPECT_EQ(sum.elements, 6u);
  EXPECT_EQ(sum.unequal, 3u);
  EXPECT_EQ(sum.maxAbsolute, 8);
}
