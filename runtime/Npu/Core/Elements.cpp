#include "Npu/Core/Elements.h"

#include "coopt/Numerics/ElementFormat.h"
#include "coopt/Numerics/Half.h"
#include "coopt/Support/VectorClones.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

unsigned bitsOf(machine::NpuType type) { return static_cast<unsigned>(machine::bits(type)); }

uint32_t loadBits(unsigned bits, const uint8_t *base, int64_t index) {
  if (bits < 8) {
    const auto bit = static_cast<uint64_t>(index) * bits;
    return (static_cast<uint32_t>(base[bit / 8]) >> (bit % 8)) & ((1u << bits) - 1);
  }
  uint32_t code = 0;
  std::memcpy(&code, base + index * (bits / 8), bits / 8);
  return code;
}

void storeBits(unsigned bits, uint8_t *base, int64_t index, uint32_t code) {
  if (bits < 8) {
    const auto bit = static_cast<uint64_t>(index) * bits;
    const auto mask = static_cast<uint8_t>(((1u << bits) - 1) << (bit % 8));
    base[bit / 8] = static_cast<uint8_t>((base[bit / 8] & ~mask) | ((code << (bit % 8)) & mask));
    return;
  }
  std::memcpy(base + index * (bits / 8), &code, bits / 8);
}

const numerics::ElementFormat &byteFormat(machine::NpuType type) {
  static const numerics::ElementFormat e4m3 = numerics::ElementFormat::e4m3(),
                                       e5m2 = numerics::ElementFormat::e5m2();
  return type == machine::NpuType::F8E4M3FN ? e4m3 : e5m2;
}

} // namespace

int32_t npu::loadInteger(machine::NpuType type, const uint8_t *base, int64_t index) {
  const unsigned unused = 32 - bitsOf(type);
  return static_cast<int32_t>(loadBits(bitsOf(type), base, index) << unused) >> unused;
}

float npu::loadFloat(machine::NpuType type, const uint8_t *base, int64_t index) {
  if (machine::isInteger(type)) {
    return static_cast<float>(loadInteger(type, base, index));
  }
  const uint32_t code = loadBits(bitsOf(type), base, index);
  switch (type) {
  case machine::NpuType::F16:
    return numerics::floatFromHalf(static_cast<uint16_t>(code));
  case machine::NpuType::BF16:
    return numerics::floatFromBFloat16(static_cast<uint16_t>(code));
  case machine::NpuType::F8E4M3FN:
  case machine::NpuType::F8E5M2:
    return byteFormat(type).decode(code);
  default:
    return numerics::floatOf(code);
  }
}

void npu::storeInteger(machine::NpuType type, uint8_t *base, int64_t index, int64_t value) {
  if (!machine::isInteger(type)) {
    storeFloat(type, base, index, static_cast<float>(value));
    return;
  }
  const int64_t half = int64_t(1) << (bitsOf(type) - 1);
  storeBits(bitsOf(type), base, index, static_cast<uint32_t>(std::clamp<int64_t>(value, -half, half - 1)));
}

void npu::storeFloat(machine::NpuType type, uint8_t *base, int64_t index, float value) {
  if (machine::isInteger(type)) {
    // Beyond the integers of 32 bits, whose ends are no floats, all saturate alike.
    const float rounded = std::isnan(value) ? 0.0f : std::nearbyint(std::clamp(value, -0x1p32f, 0x1p32f));
    storeInteger(type, base, index, static_cast<int64_t>(rounded));
    return;
  }
  uint32_t code = 0;
  switch (type) {
  case machine::NpuType::F16:
    code = numerics::halfFromFloat(value);
    break;
  case machine::NpuType::BF16:
    code = numerics::bfloat16FromFloat(value);
    break;
  case machine::NpuType::F8E4M3FN:
  case machine::NpuType::F8E5M2:
    code = byteFormat(type).encode(value);
    break;
  default:
    std::memcpy(&code, &value, sizeof code);
  }
  storeBits(bitsOf(type), base, index, code);
}

namespace {

/// Integers of whole bytes, wherever they lie.
template <typename T>
COOPT_INLINE T numberAt(const uint8_t *bytes, int64_t index) {
  T number;
  std::memcpy(&number, bytes + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return number;
}
template <typename T, typename To>
COOPT_INLINE void loadNumbers(const uint8_t *bytes, int64_t count, To *to) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<To>(numberAt<T>(bytes, i));
  }
}
template <typename T>
COOPT_INLINE void storeSaturated(uint8_t *bytes, int64_t count, const int32_t *from) {
  constexpr int32_t least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  for (int64_t i = 0; i < count; ++i) {
    const T number = static_cast<T>(std::min(std::max(from[i], least), most));
    std::memcpy(bytes + i * static_cast<int64_t>(sizeof(T)), &number, sizeof(T));
  }
}
/// Bounds are floats and integers, so it is the same whether one cuts off before or behind rounding.
template <typename T>
COOPT_INLINE void storeRounded(uint8_t *bytes, int64_t count, const float *from) {
  constexpr float least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  for (int64_t i = 0; i < count; ++i) {
    const float x = from[i] != from[i] ? 0.0f : from[i];
    const float cut = x < least ? least : x > most ? most : x;
    const T number = static_cast<T>(static_cast<int32_t>(__builtin_nearbyintf(cut)));
    std::memcpy(bytes + i * static_cast<int64_t>(sizeof(T)), &number, sizeof(T));
  }
}

COOPT_VECTOR_CLONES
void loadI8(const uint8_t *bytes, int64_t count, int32_t *to) { loadNumbers<int8_t>(bytes, count, to); }
COOPT_VECTOR_CLONES
void loadI16(const uint8_t *bytes, int64_t count, int32_t *to) { loadNumbers<int16_t>(bytes, count, to); }
COOPT_VECTOR_CLONES
void floatsOfI8(const uint8_t *bytes, int64_t count, float *to) { loadNumbers<int8_t>(bytes, count, to); }
COOPT_VECTOR_CLONES
void floatsOfI16(const uint8_t *bytes, int64_t count, float *to) { loadNumbers<int16_t>(bytes, count, to); }
COOPT_VECTOR_CLONES
void floatsOfI32(const uint8_t *bytes, int64_t count, float *to) { loadNumbers<int32_t>(bytes, count, to); }
COOPT_VECTOR_CLONES
void saturateI8(uint8_t *bytes, int64_t count, const int32_t *from) {
  storeSaturated<int8_t>(bytes, count, from);
}
COOPT_VECTOR_CLONES
void saturateI16(uint8_t *bytes, int64_t count, const int32_t *from) {
  storeSaturated<int16_t>(bytes, count, from);
}
COOPT_VECTOR_CLONES
void roundI8(uint8_t *bytes, int64_t count, const float *from) { storeRounded<int8_t>(bytes, count, from); }
COOPT_VECTOR_CLONES
void roundI16(uint8_t *bytes, int64_t count, const float *from) { storeRounded<int16_t>(bytes, count, from); }

const uint8_t *elementAt(machine::NpuType type, const uint8_t *base, int64_t index) {
  return base + index * (bitsOf(type) / 8);
}

} // namespace

void npu::loadIntegers(machine::NpuType type, const uint8_t *base, int64_t first, int64_t count,
                       int32_t *to) {
  const uint8_t *bytes = elementAt(type, base, first);
  switch (type) {
  case machine::NpuType::I8:
    return loadI8(bytes, count, to);
  case machine::NpuType::I16:
    return loadI16(bytes, count, to);
  case machine::NpuType::I32:
    std::memcpy(to, bytes, static_cast<size_t>(count) * sizeof *to);
    return;
  default:
    for (int64_t i = 0; i < count; ++i) {
      to[i] = loadInteger(type, base, first + i);
    }
  }
}

void npu::loadFloats(machine::NpuType type, const uint8_t *base, int64_t first, int64_t count, float *to) {
  const uint8_t *bytes = elementAt(type, base, first);
  switch (type) {
  case machine::NpuType::I8:
    return floatsOfI8(bytes, count, to);
  case machine::NpuType::I16:
    return floatsOfI16(bytes, count, to);
  case machine::NpuType::I32:
    return floatsOfI32(bytes, count, to);
  case machine::NpuType::F32:
    std::memcpy(to, bytes, static_cast<size_t>(count) * sizeof *to);
    return;
  default:
    for (int64_t i = 0; i < count; ++i) {
      to[i] = loadFloat(type, base, first + i);
    }
  }
}

void npu::storeIntegers(machine::NpuType type, uint8_t *base, int64_t first, int64_t count,
                        const int32_t *from) {
  uint8_t *bytes = const_cast<uint8_t *>(elementAt(type, base, first));
  switch (type) {
  case machine::NpuType::I8:
    return saturateI8(bytes, count, from);
  case machine::NpuType::I16:
    return saturateI16(bytes, count, from);
  case machine::NpuType::I32:
    std::memcpy(bytes, from, static_cast<size_t>(count) * sizeof *from);
    return;
  default:
    for (int64_t i = 0; i < count; ++i) {
      storeInteger(type, base, first + i, from[i]);
    }
  }
}

void npu::storeFloats(machine::NpuType type, uint8_t *base, int64_t first, int64_t count, const float *from) {
  uint8_t *bytes = const_cast<uint8_t *>(elementAt(type, base, first));
  switch (type) {
  case machine::NpuType::I8:
    return roundI8(bytes, count, from);
  case machine::NpuType::I16:
    return roundI16(bytes, count, from);
  case machine::NpuType::F32:
    std::memcpy(bytes, from, static_cast<size_t>(count) * sizeof *from);
    return;
  default:
    for (int64_t i = 0; i < count; ++i) {
      storeFloat(type, base, first + i, from[i]);
    }
  }
}
