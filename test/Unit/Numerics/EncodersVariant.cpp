// The encoders of rows compiled for one instruction set at a time, as SpecialFunctionsVariant.cpp is; what is compiled for all of
// them in one program must agree.
#include "GroupQuantization.cpp"
#include "Reduction.cpp"
#include "TwoLevelQuantization.cpp"

#include "EncodersOfKind.h"

extern "C" void COOPT_ENCODERS_VARIANT(int bits, long group, int kind, const float *row, long K,
                                       unsigned char *codes, float *scales, unsigned char *inner,
                                       unsigned char *zeros) {
  encodeRow(bits, group, kind, row, K, codes, scales, inner, zeros);
}
