//===- Vector.cpp - The vector engine's values ------------------------------===//
#include "Npu/Core/Core.h"
#include "Npu/Core/Elements.h"
#include "Npu/Core/Elementwise.h"

#include "coopt/Numerics/Reduction.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

void Core::map(const Entry &entry) {
  const Entry &mode = *settings.vector();
  ElementMap map;
  map.function = choiceOf<VectorFunction>(entry, "function");
  map.rows = entry["rows"].value;
  map.columns = entry["columns"].value;
  if (map.rows == 0 || map.columns == 0) {
    return;
  }
  map.type = typeOf(mode, "to");
  map.to = at(entry["to"]);
  map.stride = mode["to_stride"].value;
  const int operands = operandsOf(map.function);
  map.operands[0] = {typeOf(mode, "a"), at(entry["a"]), mode["a_stride"].value, Broadcast::None};
  if (operands > 1) {
    map.operands[1] = {typeOf(mode, "b"), at(entry["b"]), mode["b_stride"].value,
                       choiceOf<Broadcast>(mode, "b_broadcast")};
  }
  if (operands > 2) {
    map.operands[2] = {typeOf(mode, "c"), at(entry["c"]), mode["c_stride"].value,
                       choiceOf<Broadcast>(mode, "c_broadcast")};
  }
  if (!mapRows(map)) {
    mapElements(map);
  }
}

namespace {

/// Sums wrap around.
int64_t reduceIntegers(Reduction function, const int32_t *x, int64_t count) {
  auto magnitude = [](int64_t value) { return value < 0 ? -value : value; };
  int64_t result = function == Reduction::Amax ? magnitude(x[0]) : x[0];
  for (int64_t i = 1; i < count; ++i) {
    result = function == Reduction::Sum   ? static_cast<int32_t>(static_cast<uint32_t>(result + x[i]))
             : function == Reduction::Max ? std::max<int64_t>(result, x[i])
             : function == Reduction::Min ? std::min<int64_t>(result, x[i])
                                          : std::max(result, magnitude(x[i]));
  }
  return result;
}

float reduceFloats(Reduction function, std::vector<float> &x) {
  const auto count = static_cast<int64_t>(x.size());
  switch (function) {
  case Reduction::Sum:
    return numerics::reduceSum(x.data(), count);
  case Reduction::Max:
    return numerics::reduceMax(x.data(), count);
  case Reduction::Amax:
    return numerics::reduceAmax(x.data(), count);
  case Reduction::Min:
    break;
  }
  for (float &number : x) {
    number = -number;
  }
  return -numerics::reduceMax(x.data(), count);
}

} // namespace

void Core::reduce(const Entry &entry) {
  const Entry &mode = *settings.vector();
  const auto function = choiceOf<Reduction>(entry, "function");
  const auto type = typeOf(mode, "a"), to = typeOf(mode, "to");
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, stride = mode["a_stride"].value,
                toStride = mode["to_stride"].value;
  if (rows == 0 || columns == 0) {
    return;
  }
  const uint8_t *from = at(entry["a"]);
  uint8_t *result = at(entry["to"]);
  const bool areIntegers = machine::isInteger(type);
  std::vector<int32_t> integers(areIntegers ? static_cast<size_t>(columns) : 0);
  std::vector<float> floats(areIntegers ? 0 : static_cast<size_t>(columns));
  for (int64_t row = 0; row < rows; ++row) {
    if (areIntegers) {
      loadIntegers(type, from + row * stride, 0, columns, integers.data());
      storeInteger(to, result + row * toStride, 0, reduceIntegers(function, integers.data(), columns));
    } else {
      loadFloats(type, from + row * stride, 0, columns, floats.data());
      storeFloat(to, result + row * toStride, 0, reduceFloats(function, floats));
    }
  }
}

/// Codes are bit planes: of code i plane b has the bit 2^b at b count + i. (code - zero) scale is cut to its lowest byte.
Status Core::unpack(const Entry &entry) {
  const int64_t bits = entry["bits"].value;
  if (bits < 1 || bits > 8) {
    return fail("bits: expected 1 .. 8, got " + std::to_string(bits));
  }
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, group = entry["group"].value;
  const int64_t groups = group == 0 ? 0 : (columns + group - 1) / group, count = rows * columns,
                stride = (*settings.vector())["to_stride"].value;
  const uint8_t *planes = at(entry["from"]), *zeros = at(entry["zeros"]), *scales = at(entry["scales"]);
  uint8_t *to = at(entry["to"]);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      int32_t code = 0;
      for (int64_t bit = 0; bit < bits; ++bit) {
        const int64_t number = bit * count + row * columns + column;
        code |= ((planes[number / 8] >> (number % 8)) & 1) << bit;
      }
      if (group != 0) {
        const int64_t of = row * groups + column / group;
        code = (code - loadInteger(machine::NpuType::I8, zeros, of)) *
               loadInteger(machine::NpuType::I8, scales, of);
      }
      to[row * stride + column] = static_cast<uint8_t>(code);
    }
  }
  return {};
}
