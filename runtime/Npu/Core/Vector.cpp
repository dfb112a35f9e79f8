//===- Vector.cpp - The vector engine's values ------------------------------===//
//
// A function is one of integers if all that it reads are: sums, differences and products wrap around in 32 bits, quotients are cut off towards 0
// (of 0 they are 0). Else all are binary32, rounded to nearest even, nothing fused but fma. Bits (and, or, xor, shifts) are those of i32,
// or of binary32; shifts take the lowest five bits of b. Comparisons give 1 and 0.
//
//===----------------------------------------------------------------------===//
#include "Npu/Core/Core.h"
#include "Npu/Core/Elements.h"

#include "coopt/Numerics/HostBuilder.h"
#include "coopt/Numerics/Reduction.h"
#include "coopt/Numerics/SpecialFunctions.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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
  uint32_t bits() const {
    uint32_t result = static_cast<uint32_t>(integer);
    if (isFloat) {
      std::memcpy(&result, &value, sizeof result);
    }
    return result;
  }
  static Number ofBits(uint32_t bits, bool isFloat) {
    return isFloat ? of(numerics::floatOf(bits)) : of(int64_t(static_cast<int32_t>(bits)));
  }
};

int64_t wrapped(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

/// minimum(x, y) = -maximum(-x, -y).
float least(float x, float y) { return -numerics::maximum(-x, -y); }

Number integerFunction(std::string_view function, int64_t a, int64_t b) {
  if (function == "add") {
    return Number::of(wrapped(a + b));
  }
  if (function == "sub") {
    return Number::of(wrapped(a - b));
  }
  if (function == "mul") {
    return Number::of(wrapped(a * b));
  }
  if (function == "div") {
    return Number::of(b == 0 ? int64_t(0) : wrapped(a / b));
  }
  if (function == "min" || function == "max") {
    return Number::of((function == "min") == (a < b) ? a : b);
  }
  if (function == "neg") {
    return Number::of(wrapped(-a));
  }
  if (function == "abs") {
    return Number::of(wrapped(a < 0 ? -a : a));
  }
  return Number::of(a); // copy, rint, floor
}

Number floatFunction(std::string_view function, float a, float b) {
  if (function == "add") {
    return Number::of(a + b);
  }
  if (function == "sub") {
    return Number::of(a - b);
  }
  if (function == "mul") {
    return Number::of(a * b);
  }
  if (function == "div") {
    return Number::of(a / b);
  }
  if (function == "min") {
    return Number::of(least(a, b));
  }
  if (function == "max") {
    return Number::of(numerics::maximum(a, b));
  }
  if (function == "neg") {
    return Number::of(-a);
  }
  if (function == "abs") {
    return Number::of(std::fabs(a));
  }
  if (function == "sqrt") {
    return Number::of(std::sqrt(a));
  }
  if (function == "rint") {
    return Number::of(std::nearbyint(a));
  }
  if (function == "floor") {
    return Number::of(std::floor(a));
  }
  if (function == "exp2") {
    return Number::of(numerics::exp2(a));
  }
  return Number::of(a); // copy
}

Number apply(std::string_view function, Number a, Number b, Number c) {
  if (function == "select") {
    return (a.isFloat ? a.value != 0 : a.integer != 0) ? b : c;
  }
  const int operands = operandsOf(function);
  const bool areFloats = a.isFloat || (operands > 1 && b.isFloat) || (operands > 2 && c.isFloat) ||
                         function == "sqrt" || function == "exp2";
  if (function == "fma") {
    return areFloats ? Number::of(std::fma(a.asFloat(), b.asFloat(), c.asFloat()))
                     : Number::of(wrapped(a.integer * b.integer + c.integer));
  }
  if (function == "lt" || function == "le" || function == "eq") {
    const bool isLess = areFloats ? a.asFloat() < b.asFloat() : a.integer < b.integer;
    const bool isEqual = areFloats ? a.asFloat() == b.asFloat() : a.integer == b.integer;
    return Number::of(int64_t(function == "lt" ? isLess : function == "eq" ? isEqual : isLess || isEqual));
  }
  const uint32_t x = a.bits(), y = b.bits(), shift = y % 32;
  if (function == "and" || function == "or" || function == "xor") {
    return Number::ofBits(function == "and" ? x & y : function == "or" ? x | y : x ^ y, a.isFloat);
  }
  if (function == "shl" || function == "shr") {
    return Number::ofBits(function == "shl" ? x << shift : x >> shift, a.isFloat);
  }
  if (function == "sar") {
    return Number::ofBits(static_cast<uint32_t>(static_cast<int32_t>(x) >> shift), a.isFloat);
  }
  return areFloats ? floatFunction(function, a.asFloat(), b.asFloat())
                   : integerFunction(function, a.integer, b.integer);
}

Number load(machine::NpuType type, const uint8_t *base, int64_t index) {
  return machine::isInteger(type) ? Number::of(int64_t(loadInteger(type, base, index)))
                                  : Number::of(loadFloat(type, base, index));
}

void store(machine::NpuType type, uint8_t *base, int64_t index, Number number) {
  if (number.isFloat) {
    storeFloat(type, base, index, number.value);
  } else {
    storeInteger(type, base, index, number.integer);
  }
}

} // namespace

Status Core::vector(const Entry &entry) {
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  if (mnemonic == "vec.map") {
    map(entry);
  } else if (mnemonic == "vec.reduce") {
    reduce(entry);
  } else {
    if (entry["bits"].value < 1 || entry["bits"].value > 8) {
      return fail("bits: expected 1 .. 8, got " + std::to_string(entry["bits"].value));
    }
    unpack(entry);
  }
  return {};
}

void Core::map(const Entry &entry) {
  const Entry &mode = *settings.vector();
  const std::string_view function = chosen(entry, "function");
  const int operands = operandsOf(function);
  auto operand = [&](const char *name, int number, std::string_view broadcast, int64_t row, int64_t column) {
    if (number > operands) {
      return Number();
    }
    const bool isOneRow = broadcast == "row" || broadcast == "scalar",
               isOneColumn = broadcast == "column" || broadcast == "scalar";
    const int64_t stride = mode[std::string(name) + "_stride"].value;
    return load(typeOf(mode, name), at(entry[name]) + (isOneRow ? 0 : row * stride),
                isOneColumn ? 0 : column);
  };
  const std::string_view ofB = chosen(mode, "b_broadcast"), ofC = chosen(mode, "c_broadcast");
  for (int64_t row = 0; row < entry["rows"].value; ++row) {
    for (int64_t column = 0; column < entry["columns"].value; ++column) {
      const Number result = apply(function, operand("a", 1, "none", row, column),
                                  operand("b", 2, ofB, row, column), operand("c", 3, ofC, row, column));
      store(typeOf(mode, "to"), at(entry["to"]) + row * mode["to_stride"].value, column, result);
    }
  }
}

void Core::reduce(const Entry &entry) {
  const Entry &mode = *settings.vector();
  const std::string_view function = chosen(entry, "function");
  const auto type = typeOf(mode, "a"), to = typeOf(mode, "to");
  const int64_t columns = entry["columns"].value;
  for (int64_t row = 0; row < entry["rows"].value && columns > 0; ++row) {
    const uint8_t *line = at(entry["a"]) + row * mode["a_stride"].value;
    Number result;
    if (machine::isInteger(type)) {
      int64_t value =
          function == "amax" ? std::abs(int64_t(loadInteger(type, line, 0))) : loadInteger(type, line, 0);
      for (int64_t column = 1; column < columns; ++column) {
        const int64_t x = loadInteger(type, line, column);
        value = function == "sum"   ? wrapped(value + x)
                : function == "max" ? std::max(value, x)
                : function == "min" ? std::min(value, x)
                                    : std::max(value, std::abs(x));
      }
      result = Number::of(value);
    } else {
      std::vector<float> numbers;
      for (int64_t column = 0; column < columns; ++column) {
        const float x = loadFloat(type, line, column);
        numbers.push_back(function == "min" ? -x : x);
      }
      const float *x = numbers.data();
      result = Number::of(function == "sum"    ? numerics::reduceSum(x, columns)
                          : function == "amax" ? numerics::reduceAmax(x, columns)
                          : function == "max"  ? numerics::reduceMax(x, columns)
                                               : -numerics::reduceMax(x, columns));
    }
    store(to, at(entry["to"]) + row * mode["to_stride"].value, 0, result);
  }
}

/// Codes are bit planes: of code i plane b has the bit 2^b at b count + i. (code - zero) scale is cut to its lowest byte.
void Core::unpack(const Entry &entry) {
  const Entry &mode = *settings.vector();
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, group = entry["group"].value;
  const int64_t groups = group == 0 ? 0 : (columns + group - 1) / group, count = rows * columns;
  const uint8_t *planes = at(entry["from"]);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      int32_t code = 0;
      for (int64_t bit = 0; bit < entry["bits"].value; ++bit) {
        const int64_t number = bit * count + row * columns + column;
        code |= ((planes[number / 8] >> (number % 8)) & 1) << bit;
      }
      if (group != 0) {
        const int64_t of = row * groups + column / group;
        code = (code - loadInteger(machine::NpuType::I8, at(entry["zeros"]), of)) *
               loadInteger(machine::NpuType::I8, at(entry["scales"]), of);
      }
      at(entry["to"])[row * mode["to_stride"].value + column] = static_cast<uint8_t>(code);
    }
  }
}
