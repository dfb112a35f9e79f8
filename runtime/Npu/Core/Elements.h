//===- Elements.h - Numbers in the accelerator's memories -------------------===//
//
// Numbers of fewer bits than a byte lie side by side, the first in the lowest bits.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_CORE_ELEMENTS_H
#define COOPT_NPU_CORE_ELEMENTS_H

#include "coopt/Machine/Npu.h"

#include <cstdint>

namespace coopt::npu {

/// Element `index` from `base` on, of an integer type: sign-extended.
int32_t loadInteger(machine::NpuType type, const uint8_t *base, int64_t index);
/// Of any type; integers are rounded to nearest even.
float loadFloat(machine::NpuType type, const uint8_t *base, int64_t index);
/// Saturates to the integer types; floats get the nearest number to `value`.
void storeInteger(machine::NpuType type, uint8_t *base, int64_t index, int64_t value);
/// Rounds to nearest even; integers saturate, of NaN they get 0.
void storeFloat(machine::NpuType type, uint8_t *base, int64_t index, float value);

/// The same of `count` elements from `first` on.
void loadIntegers(machine::NpuType type, const uint8_t *base, int64_t first, int64_t count, int32_t *to);
void loadFloats(machine::NpuType type, const uint8_t *base, int64_t first, int64_t count, float *to);
void storeIntegers(machine::NpuType type, uint8_t *base, int64_t first, int64_t count, const int32_t *from);
void storeFloats(machine::NpuType type, uint8_t *base, int64_t first, int64_t count, const float *from);

} // namespace coopt::npu

#endif // COOPT_NPU_CORE_ELEMENTS_H
