//===- GgufBlocks.h - The blocks of GGUF files, taken apart and put together -//
//
// A row of K weights is K / n blocks of n elements; each type below has a BlockFormat whose decoding gives
// the same bits as ggml's formulas, because their products are exact in binary32: d has 11 significant bits, the
// integer scales at most 8, the codes at most 6. Element e of a block:
//
//   Q4_0   18 B/32    f16 d; byte j: e j low nibble, e j+16 high;       y = (q - 8) d
//   Q4_1   20 B/32    f16 d, f16 m; nibbles as above;                   y = q d + m
//   Q5_0   22 B/32    f16 d; u32 of fifth bits, bit e; nibbles;         y = (q - 16) d
//   Q5_1   24 B/32    f16 d, f16 m; u32; nibbles;                       y = q d + m
//   Q8_0   34 B/32    f16 d; 32 int8;                                   y = q d
//   Q2_K   84 B/256   16 B: low nibble sc, high nibble m of 16 elements each; 64 B: chunk of 128: byte m of 32 holds
//                     elements m + 32 n at bits 2 n; f16 d, f16 dmin;    y = d sc q - dmin m
//   Q3_K   110 B/256  32 B: bit c of byte l is the third bit of element l + 32 c; 64 B: lower two bits as Q2_K's; 12 B: 6-bit
//                     sc of 16 elements each, low nibbles of bytes 0..7, then high ones, upper two bits of sc g in byte
//                     8 + g % 4 at 2 (g / 4); f16 d;                     y = d (sc - 32) (q - 4)
//   Q4_K   144 B/256  f16 d, f16 dmin; 12 B: 6-bit sc and m of 32 elements each; 128 B: chunk of 64: low
//                     nibbles elements 0..31, high ones 32..63;          y = d sc q - dmin m
//   Q5_K   176 B/256  f16 d, f16 dmin; 12 B as Q4_K's; 32 B: bit c of byte l is the fifth bit of element l + 32 c;
//                     128 B nibbles as Q4_K's;                           y = d sc q - dmin m
//   Q6_K   210 B/256  128 B low nibbles, 64 B upper two bits, 16 int8 sc of 16 elements each, f16 d: chunk of 128:
//                     elements l, l+32, l+64, l+96 have ql[l] low, ql[l+32] low, ql[l] high, ql[l+32]
//                     high and bits 0, 2, 4, 6 of qh[l];                 y = d sc (q - 32)
//   Q8_K   292 B/256  f32 d; 256 int8; 16 int16 sums of 16 codes each;  y = q d
//   TQ1_0  54 B/256   48 + 4 B of 5 (4) trits, the first one most significant: byte = ceil(q 256 / 243);
//                     32 bytes x 5 trits with stride 32, 16 x 5 with stride 16, 4 x 4 with stride 4; f16 d
//   TQ2_0  66 B/256   64 B: chunk of 128: byte m of 32 holds elements m + 32 n at bits 2 n; f16 d
//   IQ4_NL 18 B/32    as Q4_0, codes of a table of 16 integers v;       y = d v[q]
//   IQ4_XS 136 B/256  f16 d; 16 bits: two upper bits of sc of 32 elements each; 4 B: low nibbles of sc; 128 B: 16 B as
//                     Q4_0's for 32 elements;                            y = d (sc - 32) v[q]
//   MXFP4  17 B/32    E8M0 e; nibbles as Q4_0's, E2M1;                  y = 2^(e-127) q
//   NVFP4  36 B/64    4 E4M3 scales of 16 elements each; 16 elements: byte j: e j low, e j+8 high; E2M1
//
// Source: ggml-common.h, ggml-impl.h and ggml-quants.c of ggml. As there, code 8 of E2M1 is +0, and NVFP4's
// scale byte 0x7F is 0 and its top bit ignored. Other than there, an E8M0 byte of 255 is NaN. Q2_K to Q8_K
// IQ4_NL, IQ4_XS and NVFP4 are decoded only (ggml's search for their scales is not part of the format).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_GGUFBLOCKS_H
#define COOPT_NUMERICS_GGUFBLOCKS_H

#include "coopt/Numerics/BlockFormat.h"

#include <string_view>

namespace coopt::numerics {

enum class GgufType {
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  Q8_K,
  TQ1_0,
  TQ2_0,
  IQ4_NL,
  IQ4_XS,
  MXFP4,
  NVFP4
};

const std::vector<GgufType> &allGgufTypes();
/// "q4_0", .., "mxfp4-ggml", "nvfp4-ggml"
std::string ggufName(GgufType type);
/// The type of that name; none if there is none.
std::optional<GgufType> ggufTypeNamed(std::string_view name);
int64_t ggufBlockElements(GgufType type);
int64_t ggufBlockBytes(GgufType type);

/// The format of the components; its encoder is ggml's reference quantiser, bit by bit, for finite numbers
/// (MXFP4: as SharedExponent says, without the rounding of the logarithm).
BlockFormat ggufFormat(GgufType type);

/// One row of `size` bytes to components of one row. Errors: K is no multiple of the block, the size is
/// not that of K elements, a ternary code of 3 (TQ2_0).
Expected<BlockComponents> splitGgufRow(GgufType type, const uint8_t *bytes, size_t size, int64_t K);

/// What of the components is wanted; the rest keeps what BlockComponents::make leaves there.
enum class GgufWanted { All, Codes, Numbers };

/// The same for a matrix.
Expected<BlockComponents> splitGgufMatrix(GgufType type, const uint8_t *bytes, size_t size, int64_t rows,
                                          int64_t K, GgufWanted wanted = GgufWanted::All);

/// Back to bytes, row after row. Components must have the sizes of ggufFormat(type). What has no place in the
/// blocks (bits beyond a code's width) is dropped. Bytes that ggml's encoders write come back the same; TQ1_0
/// bytes that none of them writes, and NaN payloads, do not.
Expected<std::vector<uint8_t>> joinGguf(GgufType type, const BlockComponents &components);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_GGUFBLOCKS_H
