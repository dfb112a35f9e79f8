//===- BitSlices.h - Models of fewer bits inside a model of more ----------===//
//
// Codes of c bits that serve as codes of r < c bits too:
//
//   slice   S(q, r) = clamp(round(q / 2^(c-r)), 0, 2^r - 1), halves up; its number in units of the c-bit codes is
//           S * 2^(c-r): MatQuant (arXiv 2502.06786), equation of its slicing operator. Halves up is what adding
//           half and shifting gives; the clamp is for the top half step, which would round to 2^r.
//   planes  one bit of all codes each, most significant first: the first r planes alone are the codes
//           floor(q / 2^(c-r)), so that a model of r bits is read without the rest. floor is S(q, r) or one less.
//
// Zero points of sliced codes are the c-bit ones over 2^(c-r) (not an integer in general): decode
// (S 2^(c-r) - z) s with the c-bit format.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BITSLICES_H
#define COOPT_NUMERICS_BITSLICES_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::numerics {

/// S(q, r) of a code of c bits; 1 <= r <= c <= 8.
inline uint8_t sliceCode(uint8_t code, int c, int r) {
  int half = c > r ? 1 << (c - r - 1) : 0;
  int sliced = (code + half) >> (c - r);
  int largest = (1 << r) - 1;
  return static_cast<uint8_t>(sliced < largest ? sliced : largest);
}

/// `bits` planes of ceil(n / 8) bytes, the most significant bit's first; element i is bit i mod 8 of byte i / 8.
std::vector<uint8_t> splitPlanes(const uint8_t *codes, int64_t n, int bits);

/// floor(q / 2^(c-r)) from the first r planes.
void joinPlanes(const uint8_t *planes, int64_t n, int r, uint8_t *codes);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BITSLICES_H
