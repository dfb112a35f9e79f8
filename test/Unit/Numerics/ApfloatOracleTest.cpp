// Element formats against LLVM's APFloat, which shares no code with them.
#include "coopt/Numerics/ElementFormat.h"
#include "coopt/Numerics/Half.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace coopt;
using llvm::APFloat;
using numerics::bitsOf;
using numerics::ElementFormat;
using numerics::floatOf;
using numerics::SpecialCodes;

namespace {

struct Pair {
  ElementFormat ours;
  const llvm::fltSemantics &theirs;
};

std::vector<Pair> pairs() {
  return {
      {ElementFormat::f16(), APFloat::IEEEhalf()},
      {ElementFormat::bf16(), APFloat::BFloat()},
      {ElementFormat::e4m3(), APFloat::Float8E4M3FN()},
      {ElementFormat::e5m2(), APFloat::Float8E5M2()},
      {*ElementFormat::makeFloat(4, 3, SpecialCodes::Ieee, false), APFloat::Float8E4M3()},
      {*ElementFormat::makeFloat(3, 4, SpecialCodes::Ieee, false), APFloat::Float8E3M4()},
      {ElementFormat::e3m2(), APFloat::Float6E3M2FN()},
      {ElementFormat::e2m3(), APFloat::Float6E2M3FN()},
      {ElementFormat::e2m1(), APFloat::Float4E2M1FN()},
  };
}

TEST(ApfloatOracle, DecodesEveryCode) {
  for (const Pair &pair : pairs()) {
    for (uint32_t code = 0; code < uint32_t(1) << pair.ours.bits; ++code) {
      APFloat value(pair.theirs, llvm::APInt(static_cast<unsigned>(pair.ours.bits), code));
      float got = pair.ours.decode(code);
      if (value.isNaN()) {
        ASSERT_TRUE(std::isnan(got)) << pair.ours.name() << " " << code;
      } else {
        ASSERT_EQ(bitsOf(got), bitsOf(value.convertToFloat())) << pair.ours.name() << " " << code;
      }
    }
  }
}

TEST(ApfloatOracle, EncodesAMillionNumbers) {
  std::mt19937 generator(99);
  for (const Pair &pair : pairs()) {
    for (int i = 0; i < 120000; ++i) {
      float x = floatOf(static_cast<uint32_t>(generator()));
      // Half of them within the range of the format, a quarter with few bits, so that ties come by.
      if (i % 2 == 0) {
        x = pair.ours.largest() * std::ldexp(static_cast<float>(generator() % 2000001) - 1000000.0f, -20) *
            std::ldexp(1.0f, -static_cast<int>(generator() % 12));
      }
      if (i % 4 == 0) {
        x = floatOf(bitsOf(x) &
                    (~0u << (23 - pair.ours.mantissaBits - (pair.ours.mantissaBits < 22 ? 1 : 0))));
      }
      if (!(std::fabs(x) <= pair.ours.largest())) {
        continue; // APFloat does not saturate
      }
      APFloat value(x);
      bool losesInfo = false;
      value.convert(pair.theirs, APFloat::rmNearestTiesToEven, &losesInfo);
      ASSERT_EQ(pair.ours.encode(x), value.bitcastToAPInt().getZExtValue())
          << pair.ours.name() << " " << std::hexfloat << x;
    }
  }
}

} // namespace
