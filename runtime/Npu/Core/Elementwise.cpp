#include "Npu/Core/Elementwise.h"
#include "Npu/Core/Elements.h"

#include "coopt/Numerics/Reduction.h"
#include "coopt/Numerics/SpecialFunctions.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// A number of either kind.
struct Number {
  bool isFloat = false;
  int64_t integer = 0;
  float value = 0;

  static Number of(int64_t x) { return {false, x, 0}; }
  static Number of(float x) { return {true, 0, x}; }
  float asFloat() const { return isFloat ? value : static_cast<float>(integer); }
  uint32_t bits() const { return isFloat ? numerics::bitsOf(value) : static_cast<uint32_t>(integer); }
  static Number ofBits(uint32_t bits, bool isFloat) {
    return isFloat ? of(numerics::floatOf(bits)) : of(int64_t(static_cast<int32_t>(bits)));
  }
};

int64_t wrapped(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

Number integerFunction(VectorFunction function, int64_t a, int64_t b, int64_t c) {
  switch (function) {
  case VectorFunction::Add:
    return Number::of(wrapped(a + b));
  case VectorFunction::Sub:
    return Number::of(wrapped(a - b));
  case VectorFunction::Mul:
    return Number::of(wrapped(a * b));
  case VectorFunction::Fma:
    return Number::of(wrapped(a * b + c));
  case VectorFunction::Div:
    return Number::of(b == 0 ? int64_t(0) : wrapped(a / b));
  case VectorFunction::Min:
    return Number::of(std::min(a, b));
  case VectorFunction::Max:
    return Number::of(std::max(a, b));
  case VectorFunction::Neg:
    return Number::of(wrapped(-a));
  case VectorFunction::Abs:
    return Number::of(wrapped(a < 0 ? -a : a));
  case VectorFunction::Lt:
    return Number::of(int64_t(a < b));
  case VectorFunction::Le:
    return Number::of(int64_t(a <= b));
  case VectorFunction::Eq:
    return Number::of(int64_t(a == b));
  default:
    return Number::of(a); // copy, rint, floor
  }
}

Number floatFunction(VectorFunction function, float a, float b, float c) {
  switch (function) {
  case VectorFunction::Add:
    return Number::of(a + b);
  case VectorFunction::Sub:
    return Number::of(a - b);
  case VectorFunction::Mul:
    return Number::of(a * b);
  case VectorFunction::Fma:
    return Number::of(std::fma(a, b, c));
  case VectorFunction::Div:
    return Number::of(a / b);
  case VectorFunction::Min: // minimum(x, y) = -maximum(-x, -y)
    return Number::of(-numerics::maximum(-a, -b));
  case VectorFunction::Max:
    return Number::of(numerics::maximum(a, b));
  case VectorFunction::Neg:
    return Number::of(-a);
  case VectorFunction::Abs:
    return Number::of(std::fabs(a));
  case VectorFunction::Sqrt:
    return Number::of(std::sqrt(a));
  case VectorFunction::Rint:
    return Number::of(std::nearbyint(a));
  case VectorFunction::Floor:
    return Number::of(std::floor(a));
  case VectorFunction::Exp2:
    return Number::of(numerics::exp2(a));
  case VectorFunction::Lt:
    return Number::of(int64_t(a < b));
  case VectorFunction::Le:
    return Number::of(int64_t(a <= b));
  case VectorFunction::Eq:
    return Number::of(int64_t(a == b));
  default:
    return Number::of(a); // copy
  }
}

/// Of bits alone, whatever they mean.
uint32_t bitFunction(VectorFunction function, uint32_t x, uint32_t y) {
  switch (function) {
  case VectorFunction::And:
    return x & y;
  case VectorFunction::Or:
    return x | y;
  case VectorFunction::Xor:
    return x ^ y;
  case VectorFunction::Shl:
    return x << y % 32;
  case VectorFunction::Shr:
    return x >> y % 32;
  default:
    return static_cast<uint32_t>(static_cast<int32_t>(x) >> y % 32);
  }
}

Number valueOf(VectorFunction function, const std::array<Number, 3> &x) {
  const auto &[a, b, c] = x;
  if (function == VectorFunction::Select) {
    return (a.isFloat ? a.value != 0 : a.integer != 0) ? b : c;
  }
  if (isOfBits(function)) {
    return Number::ofBits(bitFunction(function, a.bits(), b.bits()), a.isFloat);
  }
  const bool areFloats = a.isFloat || b.isFloat || c.isFloat || function == VectorFunction::Sqrt ||
                         function == VectorFunction::Exp2;
  return areFloats ? floatFunction(function, a.asFloat(), b.asFloat(), c.asFloat())
                   : integerFunction(function, a.integer, b.integer, c.integer);
}

} // namespace

void npu::mapElements(const ElementMap &map) {
  const auto operands = static_cast<size_t>(operandsOf(map.function));
  for (int64_t row = 0; row < map.rows; ++row) {
    for (int64_t column = 0; column < map.columns; ++column) {
      std::array<Number, 3> x; // those that the function doesn't read are integers
      for (size_t i = 0; i < operands; ++i) {
        const ElementMap::Operand &of = map.operands[i];
        const uint8_t *line = of.base + (isOneRow(of.broadcast) ? 0 : row * of.stride);
        const int64_t index = isOneColumn(of.broadcast) ? 0 : column;
        x[i] = machine::isInteger(of.type) ? Number::of(int64_t(loadInteger(of.type, line, index)))
                                           : Number::of(loadFloat(of.type, line, index));
      }
      const Number result = valueOf(map.function, x);
      uint8_t *line = map.to + row * map.stride;
      if (result.isFloat) {
        storeFloat(map.type, line, column, result.value);
      } else {
        storeInteger(map.type, line, column, result.integer);
      }
    }
  }
}
