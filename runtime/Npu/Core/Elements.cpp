#include "Npu/Core/Elements.h"

#include "coopt/Numerics/ElementFormat.h"
#include "coopt/Numerics/Half.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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
