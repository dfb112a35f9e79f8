// The encoders of rows compiled for one instruction set at a time, as SpecialFunctionsVariant.cpp is; what is compiled for all of
// them in one program must agree.
#include "GroupQuantization.cpp"
#include "Reduction.cpp"
#include "TwoLevelQuantization.cpp"

namespace numerics = coopt::numerics;

extern "C" void COOPT_ENCODERS_VARIANT(int bits, long group, int kind, const float *row, long K,
                                       unsigned char *codes, float *scales, unsigned char *inner,
                                       unsigned char *zeros) {
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
