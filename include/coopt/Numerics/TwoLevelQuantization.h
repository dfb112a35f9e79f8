//===- TwoLevelQuantization.h - 4-bit codes with integer scales per group -===//
//
// A row of K binary32 weights becomes int8 numbers with one binary32 scale, and these become 4-bit codes with
// an integer scale and zero per group of g (the last group may be short, a group longer than K is one group):
//
//   level 1   s1 = amax / 119;  q8 = rne(clamp(x / s1, -119, 119));  amax = 0 gives s1 = 1 and q8 = 0
//   level 2   min and max of q8 over the group, including 0:  s2 = clamp(ceil((max - min) / 15), 1, 16);
//             z = clamp(rne(-min / s2), 0, 15);  u4 = clamp(rne(q8 / s2) + z, 0, 15)
//   decode    i8 = (u4 - z) * s2, which lies in [-127, 127];  x~ = i8 * s1
//
// 119 leaves room for the rounding of level 2 (at most 8), so that decoding never leaves int8 and a
// contraction runs on int8 codes alone; u4 * s2 <= 240 fits a byte. Source: QoQ of QServe (arXiv 2405.04532).
// A row with a NaN or an infinity has that as s1, q8 = 0, and decodes to NaN.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_TWOLEVELQUANTIZATION_H
#define COOPT_NUMERICS_TWOLEVELQUANTIZATION_H

#include <cstdint>

namespace coopt::numerics {

/// The usual number of elements per inner scale.
constexpr int64_t kTwoLevelGroup = 128;

/// The largest int8 number of level 1.
constexpr float kTwoLevelLargest = 119;

/// Inner scales of a row: ceil(K / groupSize); 0 if K <= 0. A groupSize <= 0 is the whole row.
int64_t twoLevelGroupCount(int64_t groupSize, int64_t K);

/// Quantises row[0..K). codes: K, one per byte, 0..15; rowScale: 1; groupScales (1..16) and zeros (0..15):
/// twoLevelGroupCount each. `codes` may be null: scales and zeros take a fraction of the time.
void quantizeRowTwoLevel(int64_t groupSize, const float *row, int64_t K, uint8_t *codes, float *rowScale,
                         uint8_t *groupScales, uint8_t *zeros);

/// What the elements of a group share: scale in 1..16, zero in 0..15.
struct TwoLevelGroup {
  int scale = 1;
  int zero = 0;
};

/// The row's scale, s1.
float twoLevelRowScale(const float *row, int64_t K);
/// The int8 number of level 1 for an element.
int twoLevelInner(float x, float rowScale);
/// The group's parameters for level-1 numbers in [low, high], low <= 0 <= high.
TwoLevelGroup twoLevelGroup(int low, int high);
/// The 4-bit code of a level-1 number.
int twoLevelCode(int inner, TwoLevelGroup group);

/// The int8 numbers between the levels, as a contraction sees them; multiply by the row scale for the values.
void decodeRowTwoLevel(int64_t groupSize, const uint8_t *codes, const uint8_t *groupScales,
                       const uint8_t *zeros, int64_t K, int8_t *values);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_TWOLEVELQUANTIZATION_H
