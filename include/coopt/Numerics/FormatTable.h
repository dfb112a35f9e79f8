//===- FormatTable.h - The formats that have names ------------------------===//
//
// One table knows all built-in formats. Formats of integer groups (w4-g32-asym, ..) have no place in it, they
// are made from their parts: integerGroupFormat, and QuantizationScheme.h for their names.
//
// Sources of the tables of numbers:
//   nf4      QLoRA (arXiv 2305.14314, appendix E): quantiles of the normal distribution, confirmed by computing
//            them: v = q(x) / q(x_15) of equidistant probabilities x from 1/2 to 0.9677083, seven steps down
//            and eight steps up, rounded to binary32
//   flint    ANT (MICRO 2022), as BitMoD's repository lists them
//   bitmod   BitMoD (arXiv 2411.11745): float values of 3 and 4 bits whose negative zero is one special
//            number, chosen per group out of four: +-3 and +-6, or +-5 and +-8. (The list that the authors'
//            repository calls "mixed" has 2.5 instead of 5.)
//   olive    OliVe (ISCA 2023): integers up to 7, outliers are floats of 2 exponent bits and 1 mantissa bit,
//            12, 16, 24, .. 96; 1000b marks a victim
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_FORMATTABLE_H
#define COOPT_NUMERICS_FORMATTABLE_H

#include "coopt/Numerics/BlockFormat.h"

#include <string_view>

namespace coopt::numerics {

struct NamedFormat {
  BlockFormat format;
  double
      bitsPerWeight; ///< as stored; less than format.bitsPerWeight() where codes are packed tighter than in whole
                     ///< bits
};

/// All of them: families together, ascending widths.
const std::vector<NamedFormat> &listFormats();

/// The format of a name. Errors: "no format 'nf3', did you mean 'nf4'?"
Expected<BlockFormat> findFormat(std::string_view name);

/// One line per format: name, bits per weight, description; for `--quantize=help`.
std::string describeFormats();

/// Integers of 1..8 bits with a scale of `scaleType` per group (0: per row), symmetric or with zero points. One
/// symmetric bit is +-1 times the mean magnitude (SignMean).
Expected<BlockFormat> integerGroupFormat(int bits, int64_t groupSize, bool symmetric,
                                         const ElementFormat &scaleType);

/// QoQ: 4-bit codes, integer scales and zeros per group, an f32 scale per row (TwoLevelQuantization.h).
BlockFormat twoLevelFormat(int64_t groupSize);

/// KIVI's formats of 2 and 4 bits: a scale and a minimum per `groupSize` elements (KiviCache.h).
Expected<BlockFormat> kiviFormat(int bits, int64_t groupSize, const ElementFormat &scaleType);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_FORMATTABLE_H
