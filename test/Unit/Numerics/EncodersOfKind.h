//===- EncodersOfKind.h - The encoders of rows behind one signature ---------===//
#ifndef COOPT_TEST_UNIT_NUMERICS_ENCODERSOFKIND_H
#define COOPT_TEST_UNIT_NUMERICS_ENCODERSOFKIND_H

#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/TwoLevelQuantization.h"

/// Kind 0: symmetric with f16 scales, 1: asymmetric with f32 ones, 2: two levels (of 4 bits). Static: who includes it calls its own
/// encoders.
static void encodeRow(int bits, long group, int kind, const float *row, long K, unsigned char *codes,
                      float *scales, unsigned char *inner, unsigned char *zeros) {
  namespace numerics = coopt::numerics;
  using numerics::ScaleType;
  switch (kind) {
  case 0:
    return numerics::quantizeRow({bits, group, true, ScaleType::F16}, row, K,
                                 reinterpret_cast<int8_t *>(codes), scales);
  case 1:
    return numerics::quantizeRow({bits, group, false, ScaleType::F32}, row, K, codes, scales, zeros);
  default:
    return numerics::quantizeRowTwoLevel(group, row, K, codes, scales, inner, zeros);
  }
}

#endif // COOPT_TEST_UNIT_NUMERICS_ENCODERSOFKIND_H
