//===- BlockEncoding.h - The rules that turn numbers into codes -----------===//
//
// All arithmetic is binary32, nearest even, and division is division, unless said otherwise. amax is the
// largest magnitude of a group, R(..) the sum of Reduction.h, G the largest magnitude a code can have. `stored`
// is rounding to the type of the scale: finite numbers saturate, and 0 is replaced by 1 (which makes the
// codes 0). The quotient u becomes the nearest code (ElementTable.h), saturating; a NaN quotient becomes 0. A
// NaN or an infinity in a group makes its scale NaN or infinite and its codes those of 0, so that all of it
// decodes to NaN (in formats without 0 to infinities): bad input stays visible.
//
//   Symmetric      s = stored(amax / q), q = 2^(b-1) - 1; code = nearest(clamp(x / s, -q, q)). This is ternary
//                  coding by amax for b = 2. (GroupQuantization.h)
//   Asymmetric     lo = min(x, 0), hi = max(x, 0); s = stored((hi - lo) / q), q = 2^b - 1;
//                  z = clamp(rne(-lo / s), 0, q); code = clamp(nearest(x / s) + z, 0, q). (GroupQuantization.h)
//   MinMax         m = rounded(min x), s = stored((max x - min x) / q), code = nearest((x - m) / s): KIVI.
//   TwoLevel       QoQ; TwoLevelQuantization.h.
//   Liquid         level 1 of QoQ to i8 in [-119, 119]; per group a = min(i8), s = max(ceil((max - a) / 15), 1),
//                  code = clamp(rne((i8 - a) / s), 0, 15), i8~ = code * s + a, off by at most s / 2 <= 8 and hence
//                  in int8. Kernels compute code * s + (128 + a), which fits a byte, and flip its top bit:
//                  LiquidGEMM (arXiv 2509.01229); that both are the same is tested for all ranges.
//   SharedExponent e = floor(log2 amax) - floor(log2 G), at least -127; s = 2^e, u = x / s, exact. amax = 0 counts
//                  as 2^-126. OCP Microscaling Formats 1.0 section 6.3 as microxcaling has it; with integers
//                  of b bits times 2^-(b-2) it is block floating point (MSFP). The most negative integer is
//                  not used. floor(log2) is exact here: implementations that take a rounded logarithm are one
//                  off just below some powers of two.
//   Amax           s = stored(max(amax, floor) / G), u = x / s. With several codebooks each is tried and
//                  the one with the least R((x~ - x)^2) is kept, the first of equals. A scale of type e8m0 is
//                  rounded up to a power of two in [2^-126, 2^127] (DeepGEMM's UE8M0).
//   TwoAmax        s_1 = stored(amax of the row or matrix / (L G)), L the largest number of the inner scale's type; s_0
//                  = stored((amax / G) / s_1); u = x / (s_0 * s_1). With E2M1 under E4M3 (L = 448) and binary32 this
//                  is NVFP4 as NVIDIA's ModelOpt has it.
//   SignedAmax     d = (the first number of largest magnitude) / -2^(b-1); code = min(trunc(x * (1 / d) +
//                  2^(b-1) + 0.5), 2^b - 1) - 2^(b-1): ggml's Q4_0 and Q5_0.
//   TernaryMean    s = stored(R(|x|) / n); code = nearest(clamp(x / s, -1, 1)): BitNet b1.58 (arXiv 2402.17764).
//                  For trained numbers; numbers that are ternary already need Symmetric: the mean of
//                  {-g, 0, g} is less than g.
//   SignMean       s = stored(R(|x|) / n); code 1 (+1) if x >= 0, else 0 (-1). The mean magnitude is the scale
//                  of least squared error for sign codes (XNOR-Net, arXiv 1603.05279). A sum that overflows
//                  makes the scale infinite.
//   Pairs          OliVe: normal numbers up to G, alpha_0 = max(|mean + 3 sd|, |mean - 3 sd|), mean = R(x) / n,
//                  sd = sqrt(R((x - mean)^2) / (n - 1)); for i = 50, 52, .. 150 alpha = alpha_0 * (i * 0.01), s =
//                  stored(alpha / G), and the alpha with the least R((x~ - x)^2) is kept, the first of equals.
//                  An element is an outlier if the nearest of all numbers to x / s is one. If the left one
//                  of a pair is an outlier the right one is its victim, else if the right one is, the left.
//
// Conventions of Amax, MinMax and SignedAmax, where projects differ:
//
//   Division    as above
//   Reciprocal  u = x * (1 / s)                                           (DeepGEMM)
//   Ggml        codes are computed with the reciprocal of the scale before its rounding (0 if the scale is
//               0); scales overflow to infinity and 0 stays 0. MinMax has u = (x - min) * (1 / s) with min before
//               its rounding and code = min(trunc(u + 0.5), q). (ggml-quants.c)
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BLOCKENCODING_H
#define COOPT_NUMERICS_BLOCKENCODING_H

#include "coopt/Numerics/ElementTable.h"

namespace coopt::numerics {

enum class EncodingKind {
  None, ///< the format is decoded only
  Symmetric,
  Asymmetric,
  MinMax,
  TwoLevel,
  Liquid,
  SharedExponent,
  Amax,
  TwoAmax,
  SignedAmax,
  TernaryMean,
  SignMean,
  Pairs
};

enum class EncodingConvention { Division, Reciprocal, Ggml };

struct BlockEncoding {
  EncodingKind kind = EncodingKind::None;
  Rounding rounding = Rounding::NearestEven;
  EncodingConvention convention = EncodingConvention::Division;
  float floor = 0; ///< Amax: the least amax
};

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BLOCKENCODING_H
