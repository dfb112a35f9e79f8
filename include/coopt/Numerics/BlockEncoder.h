//===- BlockEncoder.h - Numbers to codes, by the format's own rule --------===//
//
// The rules are those of BlockEncoding.h.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BLOCKENCODER_H
#define COOPT_NUMERICS_BLOCKENCODER_H

#include "coopt/Numerics/BlockFormat.h"

namespace coopt::numerics {

struct EncodeOptions {
  std::optional<Rounding> rounding; ///< instead of the format's own
  uint64_t seed = 0;                ///< of stochastic rounding; element (r, i) uses number r * K + i
  /// The matrix is rows firstRow .. of a larger one, of which all together have this amax.
  int64_t firstRow = 0;
  std::optional<float> matrixAmax = std::nullopt;
  bool wantsCodes = true; ///< false: codes may be left 0, where that saves work
};

/// Encodes a matrix of rows x K numbers, row-major. Errors: an invalid format, one that is decoded only, a
/// rounding that its rule does not know.
Expected<BlockComponents> encodeMatrix(const BlockFormat &format, const float *matrix, int64_t rows,
                                       int64_t K, const EncodeOptions &options = {});

/// Whether rows of a matrix can be encoded without the others, given matrixAmax: true unless numbers that belong to
/// the whole matrix are more than its amax.
bool amaxSaysAllOfMatrix(const BlockFormat &format);

/// A scale as an encoder stores it: rounded to the type, finite numbers saturating, 0 replaced by 1.
float storedScale(const ElementFormat &type, float scale);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BLOCKENCODER_H
