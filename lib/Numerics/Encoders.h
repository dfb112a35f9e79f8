// What the encoders of block formats share.
#ifndef COOPT_LIB_NUMERICS_ENCODERS_H
#define COOPT_LIB_NUMERICS_ENCODERS_H

#include "NearestCodes.h"
#include "coopt/Numerics/BlockEncoder.h"
#include "coopt/Numerics/HostBuilder.h"
#include "coopt/Numerics/Reduction.h"

#include <algorithm>

namespace coopt::numerics {

/// Whether the format has the parts that its encoding fills.
Status validateEncoding(const BlockFormat &format);

/// One group of a matrix: some columns of some rows.
struct Block {
  int64_t rowBegin, rowEnd, begin, end;
  size_t index;  ///< in the array of the level
  bool isMatrix; ///< of all rows there are, also of those that are not given

  int64_t size() const { return (rowEnd - rowBegin) * (end - begin); }
};

struct Encoder {
  const BlockFormat &format;
  const float *matrix;
  int64_t rows, K;
  Rounding rounding;
  EncodeOptions options;
  BlockComponents out;

  /// visit(Block) for all groups of a level in the order of its array.
  template <class Visit>
  void forEachBlock(const ScaleLevel &level, Visit visit) const {
    int64_t rowSpan = level.rows > 0 ? std::min(level.rows, rows) : rows;
    int64_t span = level.span > 0 ? std::min(level.span, K) : K;
    if (rows <= 0 || K <= 0) {
      return;
    }
    size_t index = 0;
    for (int64_t row = 0; row < rows; row += rowSpan) {
      for (int64_t begin = 0; begin < K; begin += span) {
        visit(Block{row, row + std::min(rowSpan, rows - row), begin, begin + std::min(span, K - begin),
                    index++, level.rows == 0 && level.span == 0});
      }
    }
  }

  /// visit(position in the matrix) for all elements of a group, row by row.
  template <class Visit>
  void forEachElement(const Block &block, Visit visit) const {
    for (int64_t row = block.rowBegin; row < block.rowEnd; ++row) {
      for (int64_t i = block.begin; i < block.end; ++i) {
        visit(row * K + i);
      }
    }
  }

  /// R of term(position) over a group.
  template <class Term>
  float sum(const Block &block, Term term) const {
    PartialSums sums;
    int64_t n = 0;
    forEachElement(block, [&](int64_t i) { sums.add(n++, term(i)); });
    return sums.total();
  }

  float amax(const Block &block) const {
    if (block.isMatrix && options.matrixAmax) {
      return *options.matrixAmax;
    }
    uint32_t result = 0;
    forEachElement(block, [&](int64_t i) { result = std::max(result, bitsOf(matrix[i]) & 0x7fffffff); });
    return floatOf(result);
  }

  /// Codes of signed integers are sign-extended to the byte.
  void setCode(int64_t position, uint32_t code) {
    const ElementFormat &element = format.element.format;
    if (element.kind == ElementFormat::Kind::SignedInteger && format.element.codebooks.empty() &&
        (code >> (element.bits - 1) & 1)) {
      code |= ~uint32_t(0) << element.bits;
    }
    out.codes[static_cast<size_t>(position)] = static_cast<uint8_t>(code);
  }

  uint32_t random(int64_t position) const {
    return rounding == Rounding::Stochastic
               ? randomBits24(options.seed, static_cast<uint64_t>(options.firstRow * K + position))
               : 0;
  }
  /// The codes of a group whose scale is set, for quotient(x): of formats where they decide nothing else.
  template <class Quotient>
  void setCodes(const Block &block, const NearestCodes &nearest, Quotient quotient) {
    if (options.wantsCodes) {
      forEachElement(block, [&](int64_t i) { setCode(i, nearest(quotient(matrix[i]), random(i))); });
    }
  }

  void encodeSymmetric();
  void encodeAsymmetric();
  void encodeMinMax();
  void encodeTwoLevel();
  void encodeLiquid();
  void encodeSharedExponent();
  void encodeAmax();
  void encodeTwoAmax();
  void encodeSignedAmax();
  void encodeTernaryMean();
  void encodeSignMean();
  void encodePairs();
};

/// u rounded to an integer and clamped to [low, high], |low|, |high| <= 2^21; a NaN becomes 0.
float roundedInteger(float u, float low, float high, Rounding rounding, uint32_t random);

/// A number rounded to a type; finite numbers saturate.
float roundedToType(const ElementFormat &type, float x);

} // namespace coopt::numerics

#endif // COOPT_LIB_NUMERICS_ENCODERS_H
