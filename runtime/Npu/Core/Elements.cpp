#include "Npu/Core/Elements.h"

#include "coopt/Numerics/ElementFormat.h"
#include "coopt/Numerics/Half.h"
#include "coopt/NpuIsa/Effects.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::npu;

namespace {

unsigned bitsOf(ElementType type) { return bitsOfType(static_cast<int64_t>(type)); }

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

const numerics::ElementFormat &byteFormat(ElementType type) {
  static const numerics::ElementFormat e4m3 = numerics::ElementFormat::e4m3(),
                                       e5m2 = numerics::ElementFormat::e5m2();
  return type == ElementType::F8E4M3 ? e4m3 : e5m2;
}

} // namespace

int32_t npu::loadInteger(ElementType type, const uint8_t *base, int64_t index) {
  const unsigned unused = 32 - bitsOf(type);
  return static_cast<int32_t>(loadBits(bitsOf(type), base, index) << unused) >> unused;
}

float npu::loadFloat(ElementType type, const uint8_t *base, int64_t index) {
  if (isInteger(type)) {
    return static_cast<float>(loadInteger(type, base, index));
  }
  const uint32_t code = loadBits(bitsOf(type), base, index);
  switch (type) {
  case ElementType::F16:
    return numerics::floatFromHalf(static_cast<uint16_t>(code));
  case ElementType::BF16:
    return numerics::floatFromBFloat16(static_cast<uint16_t>(code));
  case ElementType::F8E4M3:
  case ElementType::F8E5M2:
    return byteFormat(type).decode(code);
  default:
    return numerics::floatOf(code);
  }
}

void npu::storeInteger(ElementType type, uint8_t *base, int64_t index, int64_t value) {
  if (!isInteger(type)) {
    storeFloat(type, base, index, static_cast<float>(value));
    return;
  }
  const int64_t half = int64_t(1) << (bitsOf(type) - 1);
  storeBits(bitsOf(type), base, index, static_cast<uint32_t>(std::clamp<int64_t>(value, -half, half - 1)));
}

void npu::storeFloat(ElementType type, uint8_t *base, int64_t index, float value) {
  if (isInteger(type)) {
    // Beyond the integers of 32 bits, whose ends are no floats, all saturate alike.
    const float rounded = std::isnan(value) ? 0.0f : std::nearbyint(std::clamp(value, -0x1p32f, 0x1p32f));
    storeInteger(type, base, index, static_cast<int64_t>(rounded));
    return;
  }
  uint32_t code = 0;
  switch (type) {
  case ElementType::F16:
    code = numerics::halfFromFloat(value);
    break;
  case ElementType::BF16:
    code = numerics::bfloat16FromFloat(value);
    break;
  case ElementType::F8E4M3:
  case ElementType::F8E5M2:
    code = byteFormat(type).encode(value);
    break;
  default:
    std::memcpy(&code, &value, sizeof code);
  }
  storeBits(bitsOf(type), base, index, code);
}
