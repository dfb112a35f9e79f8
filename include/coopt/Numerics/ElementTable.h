//===- ElementTable.h - The nearest code of a small format, any rounding --===//
//
// The numbers of a format of at most 8 bits, or of a codebook, in ascending order. `nearest` finds the code of
// the number nearest to x among them by comparing x with the midpoint of its neighbours in binary64, which is
// exact (unless two neighbours of a codebook are more than 2^28 apart in magnitude); what lies outside becomes
// the least or largest number, NaN the number nearest to 0. What happens halfway between two numbers is the rounding's to say.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_ELEMENTTABLE_H
#define COOPT_NUMERICS_ELEMENTTABLE_H

#include "coopt/Numerics/ElementFormat.h"

#include <cstdint>
#include <vector>

namespace coopt::numerics {

enum class Rounding {
  NearestEven, ///< halfway: what ElementFormat::encode does; in codebooks the even code if there is just one,
               ///< else the lower number
  NearestAway, ///< halfway: the larger magnitude; between -x and x the larger number
  NearestToZero, ///< halfway: the smaller magnitude (between -x and x the lower number); no negative zero
  NearestLower,  ///< halfway: the lower number
  Stochastic     ///< up with probability (x - low) / (high - low), in units of 2^-24
};

/// 24 random bits that depend on `seed` and `index` alone, so that stochastic rounding is the same for all
/// tiles and threads. It is the upper part of the SplitMix64 generator's output number `index` for a state of
/// `seed` (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
inline uint32_t randomBits24(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<uint32_t>((z ^ (z >> 31)) >> 40);
}

class ElementTable {
public:
  struct Entry {
    float value;
    uint32_t code;
  };

  /// The finite numbers of a format of at most 8 bits. `symmetric` leaves out the least number of a signed
  /// integer, which has no opposite.
  explicit ElementTable(const ElementFormat &format, bool symmetric = false);
  /// A codebook: the number of code c is values[c]; at most 256 of them, all finite. Of equal numbers the
  /// first code is used.
  explicit ElementTable(const std::vector<float> &values);
  /// Numbers with codes of any size; at least one.
  explicit ElementTable(std::vector<Entry> entries);

  /// The code nearest to x. `random`: 24 bits, used by stochastic rounding.
  uint32_t nearest(float x, Rounding rounding, uint32_t random = 0) const;

  float least() const { return entries.front().value; }
  float largest() const { return entries.back().value; }
  /// The largest magnitude.
  float largestMagnitude() const { return least() < -largest() ? -least() : largest(); }

private:
  /// What ElementFormat::encode does halfway.
  enum class EvenTies { EvenCode, Up, LargerPower };

  void finish();
  uint32_t codeOf(const Entry &entry, bool negative, Rounding rounding) const;

  std::vector<Entry> entries; ///< ascending, values distinct
  int64_t negativeZero = -1;  ///< the code of -0, or -1
  EvenTies evenTies = EvenTies::EvenCode;
};

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_ELEMENTTABLE_H
