//===- QuantizationScheme.h - The names w8a8, w4a16-g32-asym, .. ----------===//
//
//   w{1-8}[a{8,16}][-g{N}][-sym|-asym][-qoq][-head{4,8,16}]
//   FORMAT[-a{8,16}][-g{N}][-head{4,8,16}]                    FORMAT: mxfp4, fp8-block, nf4, .. (FormatTable.h)
//
// wB: B-bit weights; one symmetric bit is +-1 times the mean magnitude of its group. aB: 8-bit activations, quantised per token, or 16: float ones (f32 or bf16); no a is
// a16. -gN: one scale per N elements along the contracted dimension, held in f16; none: one f32 scale per
// output channel. -sym (the default), -asym: GroupQuantization.h. -qoq: two levels of scales, the inner ones
// integers. -headB: the width of the output head (and the embedding tied to it), where it differs; under -qoq
// it is 8 bits with one scale per row unless -head4 or -head16 is given.
//
// -gN after a format: N elements per innermost scale instead of the format's own number.
//
// The parser takes what the grammar allows; which of these a compiler supports is for the compiler to say.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_QUANTIZATIONSCHEME_H
#define COOPT_NUMERICS_QUANTIZATIONSCHEME_H

#include "coopt/Numerics/BlockFormat.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/TwoLevelQuantization.h"
#include "coopt/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coopt::numerics {

struct QuantizationScheme {
  int weightBits = 8;      ///< 1..8; 0 of a named format
  int activationBits = 16; ///< 8: dynamic int8 per token; 16: float
  int64_t groupSize = 0;   ///< elements per weight scale; 0: per output channel
  bool symmetric = true;
  bool twoLevel = false;
  int headBits = 0;   ///< 4, 8 or 16 (float); 0: as the other weights
  std::string format; ///< the name of a format (FormatTable.h), or "" for integers of weightBits
  std::shared_ptr<const BlockFormat> custom; ///< a format that is in no table; `format` is its name

  /// The format of the weights, whatever they are. Errors: two levels of other than 4 bits, a group size for a
  /// format without groups.
  Expected<BlockFormat> weightBlockFormat() const;
  /// The same of head and embedding; only if headIsQuantized().
  Expected<BlockFormat> headBlockFormat() const;

  /// Elements per inner scale of a twoLevel scheme: groupSize, or kTwoLevelGroup where none is given.
  int64_t twoLevelGroupSize() const { return groupSize > 0 ? groupSize : kTwoLevelGroup; }
  bool headIsQuantized() const { return headBits != 16; }

  bool operator==(const QuantizationScheme &other) const {
    return weightBits == other.weightBits && activationBits == other.activationBits &&
           groupSize == other.groupSize && symmetric == other.symmetric && twoLevel == other.twoLevel &&
           headBits == other.headBits && format == other.format && custom == other.custom;
  }
  bool operator!=(const QuantizationScheme &other) const { return !(*this == other); }
};

/// Parses a name of the grammar above; groups have 1 to 2^31 - 1 elements.
Expected<QuantizationScheme> parseQuantizationName(std::string_view name);

/// What `--quantize=help` says: the grammar, what its parts mean, and the formats.
std::string describeQuantization();

/// The shortest name with the activations spelt out: "w8a8", "w4a16-g32-asym-head8", "nf4-a16". Parses back to the
/// scheme.
std::string toString(const QuantizationScheme &scheme);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_QUANTIZATIONSCHEME_H
