//===- KiviCache.h - Keys and values of a cache in 2 or 4 bits ------------===//
//
// KIVI (arXiv 2402.02750) codes keys along tokens and values along channels, each group of G numbers with a scale
// and a minimum (FormatTable.h:kiviFormat, BlockEncoding.h:MinMax):
//
//   m = min, s = (max - min) / (2^b - 1), q = rne(clamp((x - m) / s, 0, 2^b - 1)), x~ = q * s + m
//
// Keys: one row per channel, tokens along it, so that groups hold G tokens of a channel; values: one row per
// token, channels along it. Codes are packed along rows into words of 32 bits, element j of a word at bit b j.
// The newest tokens wait uncoded: keys until R of them are there, of values always the last R.
// m and s are rounded to the scale type before they are used; the authors compute in binary16 throughout.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_KIVICACHE_H
#define COOPT_NUMERICS_KIVICACHE_H

#include "coopt/Numerics/BlockEncoder.h"

namespace coopt::numerics {

/// keys: tokens x channels, row-major. The components have `channels` rows of `tokens` elements.
Expected<BlockComponents> encodeKiviKeys(const BlockFormat &format, const float *keys, int64_t tokens,
                                         int64_t channels);
/// Back to tokens x channels.
std::vector<float> decodeKiviKeys(const BlockFormat &format, const BlockComponents &components);

/// values: tokens x channels. The components have `tokens` rows of `channels` elements; decodeMatrix decodes.
Expected<BlockComponents> encodeKiviValues(const BlockFormat &format, const float *values, int64_t tokens,
                                           int64_t channels);

/// How many of the first tokens are coded when `tokens` are there and R may wait; R >= 1.
inline int64_t kiviCodedKeys(int64_t tokens, int64_t R) { return tokens / R * R; }
inline int64_t kiviCodedValues(int64_t tokens, int64_t R) { return tokens > R ? tokens - R : 0; }

/// Words of a row of n codes of `bits` bits, a divisor of 32: ceil(n bits / 32), the last one padded with 0.
std::vector<uint32_t> packWords(int bits, const uint8_t *codes, int64_t n);
void unpackWords(int bits, const uint32_t *words, int64_t n, uint8_t *codes);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_KIVICACHE_H
