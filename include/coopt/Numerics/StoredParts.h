//===- StoredParts.h - A format as the arrays that programs compute with ---===//
//
// The arrays of a matrix in a format (BlockComponents), in the form that programs keep them: each indexed by
// the row and the group alone, so that any range of rows is a matrix of its own.
//
//   - A number that several rows share is repeated for each.
//   - Codes of pairs with outliers have one bit more, the upper one of codes that mean an outlier; a victim is
//     outlier code `victim`, whose number is 0. So a code's meaning does not depend on its neighbour's.
//
// A part is a matrix of rows x ceil(K / span) numbers, a vector of one number a row for span 0. Numbers of f32, f16 and
// bf16 are stored as such, little-endian; those of other types by their codes, a byte each.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_STOREDPARTS_H
#define COOPT_NUMERICS_STOREDPARTS_H

#include "coopt/Numerics/BlockFormat.h"

namespace coopt::numerics {

struct StoredPart {
  enum class Kind { Codes, Scale, Zero, Selector, Minimum };

  Kind kind = Kind::Codes;
  size_t level = 0;   ///< of scales and minimums: 0 is the innermost one
  ElementFormat type; ///< of codes, zeros and selectors only the bits count
  int64_t span = 1;   ///< columns that share a number; 0: the row

  /// "codes", "scales", "zeros", "outer", "outer2", "selectors", "minimums", "minimums.outer", "minimums.outer2".
  std::string name() const;
};

/// The parts of a valid format: codes, scales of level 0, zeros if there are any, the other scales, selectors,
/// minimums.
std::vector<StoredPart> storedParts(const BlockFormat &format);

/// Bits of a stored code.
int storedCodeBits(const BlockFormat &format);

/// The numbers that stored codes mean: those of codebook s from s * 2^storedCodeBits on. Empty if the element's
/// format says it (BlockElement::format).
std::vector<float> storedValues(const BlockElement &element);

/// Rows that are encoded together: multiples of it are independent of others; 0: all rows of the matrix.
int64_t rowsEncodedTogether(const BlockFormat &format);

/// The bytes of one part for the rows of `components`; rows x numbers a row x storedBytes(part.type).
std::vector<uint8_t> storePart(const BlockFormat &format, const BlockComponents &components,
                               const StoredPart &part);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_STOREDPARTS_H
