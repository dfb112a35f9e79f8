//===- MergeSymbols.h - The merging loop of byte-pair encoding ------------------===//
#ifndef COOPT_RUNTIME_TOKENIZER_MERGESYMBOLS_H
#define COOPT_RUNTIME_TOKENIZER_MERGESYMBOLS_H

#include "coopt/PackageFormat/Tokenizer.h"

#include <vector>

namespace coopt::runtime {

/// Merges the symbols of one piece; keeps its memory from piece to piece.
class SymbolMerger {
public:
  explicit SymbolMerger(const package::TokenizerView &view) : view(view) {}

  void add(uint32_t id);
  /// Merges what was added, appends the ids that are left, and begins a new piece. O(n log n) for n symbols:
  /// at most 2 n candidates ever enter the queue, as a merge makes two new pairs and n - 1 merges are
  /// possible.
  void mergeInto(std::vector<int32_t> &ids);

private:
  struct Symbol {
    uint32_t id;
    int32_t previous, next; ///< -1: none
    bool gone;
  };
  struct Candidate {
    uint32_t rank;
    int32_t left;    ///< index of the left symbol
    uint32_t merged; ///< what the pair becomes; another result by now means that the candidate is out of date
  };
  void consider(int32_t left);

  const package::TokenizerView &view;
  std::vector<Symbol> symbols;
  std::vector<Candidate> queue; ///< a heap, the lowest rank (then the leftmost pair) first
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_TOKENIZER_MERGESYMBOLS_H
