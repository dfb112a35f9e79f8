//===- PairDictionary.h - Ternary rows below one bit per weight -----------===//
//
// QMoE (arXiv 2310.16795): the weights of a row are 0, its minimum or its maximum (bf16), symbols 0, 1, 2. Pairs of
// symbols (2i, 2i + 1) are numbers r = s_2i + 3 s_2i+1; a codeword of 16 bits stands for one of the 2^16 most
// probable sequences of 1 to 14 pairs, if zeros have probability 0.885 and the two others half of the rest each.
// Codewords are numbered as a priority queue of (probability in binary64, sequence) yields them: falling
// probability, equal ones in lexicographic order of the sequence. The table of a kernel has two words a
// codeword: bits 0..3 the number of pairs, then four bits a pair (two a symbol, the first lowest), pairs 0..6 in
// the first word, 7..13 in the second. Coding takes the longest sequence that fits, again and again; rows
// begin with a codeword of their own. An odd row ends in a pair with a symbol 0.
//
// Source: sub1.py of the authors' repository for dictionary and table; that the lower symbol of a pair comes
// first follows from the table being read by a half2 kernel and was not checked against its packing kernel.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_PAIRDICTIONARY_H
#define COOPT_NUMERICS_PAIRDICTIONARY_H

#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::numerics {

class PairDictionary {
public:
  static constexpr size_t kCodewords = size_t(1) << 16;
  static constexpr int kLongest = 14;

  /// The one dictionary, made at the first call (some milliseconds).
  static const PairDictionary &get();

  /// Two words a codeword.
  const std::vector<uint32_t> &table() const { return words; }

  /// Appends the codewords of K symbols (0, 1, 2; others count as 0).
  void encode(const uint8_t *symbols, int64_t K, std::vector<uint16_t> &codewords) const;
  /// K symbols. Errors: the codewords hold more or fewer pairs than K symbols have.
  Status decode(const uint16_t *codewords, size_t n, int64_t K, uint8_t *symbols) const;

private:
  PairDictionary();
  std::vector<uint32_t> words;
  std::vector<int32_t> children; ///< 9 a codeword, then those of the empty sequence; -1: none
};

/// A matrix in this form.
struct PairCodedMatrix {
  int64_t rows = 0, K = 0;
  std::vector<uint16_t> codewords;
  std::vector<int64_t> rowOffsets;       ///< rows + 1 positions in codewords
  std::vector<float> minimums, maximums; ///< numbers of bf16, one of each a row
};

/// Errors: a number that is neither 0 nor its row's minimum or maximum, or no bf16 number.
Expected<PairCodedMatrix> encodeTernaryPairs(const float *matrix, int64_t rows, int64_t K);
/// Errors: arrays that do not fit together.
Expected<std::vector<float>> decodeTernaryPairs(const PairCodedMatrix &matrix);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_PAIRDICTIONARY_H
