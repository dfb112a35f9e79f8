//===- Elements.h - Numbers in the accelerator's memories -------------------===//
//
// Types are numbered as in the table of instructions. Numbers of fewer bits than a byte lie side by side, the first in the lowest bits.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_CORE_ELEMENTS_H
#define COOPT_NPU_CORE_ELEMENTS_H

#include <cstdint>

namespace coopt::npu {

/// A type by its number in the instructions.
enum class ElementType : uint8_t { I1, I2, I4, I8, I16, I32, F32, F16, BF16, F8E4M3, F8E5M2 };

constexpr bool isInteger(ElementType type) { return type <= ElementType::I32; }

/// Element `index` from `base` on, of an integer type: sign-extended.
int32_t loadInteger(ElementType type, const uint8_t *base, int64_t index);
/// Of any type; integers are rounded to nearest even.
float loadFloat(ElementType type, const uint8_t *base, int64_t index);
/// Saturates to the integer types; floats get the nearest number to `value`.
void storeInteger(ElementType type, uint8_t *base, int64_t index, int64_t value);
/// Rounds to nearest even; integers saturate, of NaN they get 0.
void storeFloat(ElementType type, uint8_t *base, int64_t index, float value);

} // namespace coopt::npu

#endif // COOPT_NPU_CORE_ELEMENTS_H
