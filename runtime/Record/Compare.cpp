#include "Record/Compare.h"

#include "coopt/Numerics/Half.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

using namespace coopt;
using namespace coopt::runtime;
using package::ElementType;

void Comparison::add(const Comparison &other) {
  elements += other.elements;
  unequal += other.unequal;
  outside += other.outside;
  maxAbsolute = std::max(maxAbsolute, other.maxAbsolute);
  maxRelative = std::max(maxRelative, other.maxRelative);
}

namespace {

template <typename T>
T load(const void *data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const uint8_t *>(data) + index * sizeof(T), sizeof(T));
  return value;
}

void note(Comparison &result, double expected, double got) {
  double difference = std::fabs(got - expected);
  if (std::isnan(difference)) {
    difference = std::numeric_limits<double>::infinity();
  }
  result.maxAbsolute = std::max(result.maxAbsolute, difference);
  if (expected != 0) {
    result.maxRelative = std::max(result.maxRelative, difference / std::fabs(expected));
  }
}

/// Bits is an unsigned integer of the element's size; `decode` turns bits into a value.
template <typename Bits, typename Decode>
Comparison compareFloats(const void *expected, const void *got, size_t elements, const Tolerance *tolerance,
                         Decode decode) {
  Comparison result;
  result.elements = elements;
  for (size_t i = 0; i < elements; ++i) {
    Bits a = load<Bits>(expected, i), b = load<Bits>(got, i);
    if (a == b) {
      continue;
    }
    double x = decode(a), y = decode(b);
    if (std::isnan(x) && std::isnan(y)) {
      continue;
    }
    ++result.unequal;
    note(result, x, y);
    bool excused = tolerance && std::isfinite(x) && std::isfinite(y) &&
                   std::fabs(y - x) <= tolerance->absolute + tolerance->relative * std::fabs(x);
    result.outside += excused ? 0 : 1;
  }
  return result;
}

template <typename T>
Comparison compareIntegers(const void *expected, const void *got, size_t elements) {
  Comparison result;
  result.elements = elements;
  for (size_t i = 0; i < elements; ++i) {
    T a = load<T>(expected, i), b = load<T>(got, i);
    if (a != b) {
      ++result.unequal;
      ++result.outside;
      note(result, static_cast<double>(a), static_cast<double>(b));
    }
  }
  return result;
}

} // namespace

Comparison runtime::compare(ElementType type, const void *expected, const void *got, size_t elements,
                            const Tolerance *tolerance) {
  switch (type) {
  case ElementType::F32:
    return compareFloats<uint32_t>(expected, got, elements, tolerance,
                                   [](uint32_t bits) { return double(load<float>(&bits, 0)); });
  case ElementType::F64:
    return compareFloats<uint64_t>(expected, got, elements, tolerance,
                                   [](uint64_t bits) { return load<double>(&bits, 0); });
  case ElementType::F16:
    return compareFloats<uint16_t>(expected, got, elements, tolerance,
                                   [](uint16_t bits) { return double(numerics::floatFromHalf(bits)); });
  case ElementType::BF16:
    return compareFloats<uint16_t>(expected, got, elements, tolerance,
                                   [](uint16_t bits) { return double(numerics::floatFromBFloat16(bits)); });
  case ElementType::I8:
    return compareIntegers<int8_t>(expected, got, elements);
  case ElementType::U8:
  case ElementType::I1:
  case ElementType::F8E4M3FN:
  case ElementType::F8E5M2:
    return compareIntegers<uint8_t>(expected, got, elements);
  case ElementType::I16:
    return compareIntegers<int16_t>(expected, got, elements);
  case ElementType::I32:
    return compareIntegers<int32_t>(expected, got, elements);
  case ElementType::I64:
    return compareIntegers<int64_t>(expected, got, elements);
  }
  return {};
}
