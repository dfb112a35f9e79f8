//===- TableLookup.h - Products by look-ups in tables, cycle by cycle -------===//
//
// Results = A W of a tile, modulo 2^32 (coopt/CostModel/MatrixArray.h: how time passes in it). Ports:
//
//   commands     in   {m, n, k, bits of weights}: the next tile's sizes
//   activations  in   k words of R int8, a column of A each, of which the tables of each group of g are made
//   weights      in   for each block of C columns, for each bit from the highest, for each group: a word of C lanes, bit j of which is
//                     that bit of the group's weight j
//   results      out  for each block m words of C int32
//
// A weight of one bit is +1 (set) or -1. Lanes of activations beyond m, of weights beyond n and bits beyond k are not looked at; results
// beyond n are 0. A result that is not taken holds everything: every register has one enable.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_TABLELOOKUP_H
#define COOPT_NPU_TABLELOOKUP_H

#include "Npu/Device.h"
#include "coopt/CostModel/MatrixArray.h"

#include <deque>
#include <optional>

namespace coopt::npu {

class TableLookup : public Device {
public:
  /// The array has passed check(); so must every tile on the command port.
  explicit TableLookup(const cost::MatrixArray &array);

  enum { Commands, Activations, Weights, Results };

  void evaluate() override;
  void clock() override;

private:
  /// A tile, and the activations of its tables by words: what a table says is computed when it is asked.
  struct Tables {
    cost::ArrayTile tile;
    std::vector<Word> activations;
  };
  struct Result {
    int64_t cycle; ///< in which it is at the port
    Word word;
  };

  void advanceBuilder();
  void advanceLookups();
  void addWord();
  const Tables &lookedUp() const { return inUse_ ? *inUse_ : *made_; }
  int64_t wordsOfBlock(const cost::ArrayTile &tile) const;

  const cost::MatrixArray array_;
  int64_t cycle_ = 0;   ///< of those in which nothing was held
  bool advance_ = true; ///< no result waits

  std::optional<Tables> building_; ///< activations of the next tile are being accepted, its tables built
  int64_t builtUntil_ = -1;        ///< the last cycle of the steps for the groups that are complete
  std::optional<Tables> made_;     ///< tables that wait for the look-ups before
  std::optional<Tables> inUse_;    ///< tables that are looked up

  int64_t block_ = 0, word_ = 0; ///< the next word of weights
  std::vector<int32_t> weights_; ///< of the block, [k][C], of the bits that were accepted
  int64_t landed_ = -1;          ///< the cycle in which the last block's sums were complete
  int64_t landedRows_ = 0;       ///
  std::deque<Result> results_;   ///< ascending by cycle
};

} // namespace coopt::npu

#endif // COOPT_NPU_TABLELOOKUP_H
