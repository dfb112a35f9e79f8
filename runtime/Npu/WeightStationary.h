//===- WeightStationary.h - The weight-stationary array, cycle by cycle -----===//
//
// Results = partial sums + A W of a tile, modulo 2^32 (coopt/CostModel/MatrixArray.h: how time passes in it).
// Ports:
//
//   commands     in   {m, n, k}: the next tile's sizes
//   weights      in   k rows of n int8: row 0 first if they are addressed by row, row k-1 first in a chain
//   activations  in   m times R int8, each together with a word of
//   partials     in   C int32
//   results      out  m words of C int32
//
// If only some weights of a group are kept, k counts the kept ones, activations are those of all groups, and in a row n places, bit by bit,
// the lowest first, follow the weights from the next byte on. What is wider than its port comes in several words, the last one with the
// partial sums.
//
// Lanes of weights and partial sums beyond n, and of activations beyond k (or its groups), are not looked at; results beyond n are 0.
// A result that is not taken holds the whole array, sequencer and ports too: every register has one enable.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_WEIGHTSTATIONARY_H
#define COOPT_NPU_WEIGHTSTATIONARY_H

#include "Npu/History.h"
#include "Npu/StationarySequencer.h"

namespace coopt::npu {

class WeightStationary : public Device {
public:
  /// The array has passed check(); so must every tile on the command port.
  explicit WeightStationary(const cost::MatrixArray &array);

  enum { Commands, Weights, Activations, Partials, Results };

  void evaluate() override;
  void clock() override;

private:
  /// A weight, and of which of its group's activations.
  struct Kept {
    int8_t weight = 0;
    uint8_t place = 0;
  };
  struct WeightWord {
    bool valid = false;
    size_t row = 0; ///< if words are addressed
    std::vector<Kept> lanes;
  };
  struct ActivationWord {
    bool first = false; ///< of a tile
    int64_t k = 0;      ///< rows in use; the others hold old weights
    std::vector<int32_t> activations, partials;
  };

  void enterWeights();
  void enterActivations();
  void advanceCells();
  void advanceWeights();

  const cost::MatrixArray array_;
  const size_t rows_, columns_, down_, across_;
  const size_t selected_; ///< registers of products before they are added
  uint64_t cycle_ = 0;    ///< modulo the hop registers: which of their planes is the oldest
  bool advance_ = true;   ///< no result waits
  StationarySequencer sequencer_;

  // The skew at the ports.
  History<WeightWord> weights_;
  History<ActivationWord> activations_;
  History<std::vector<int32_t>> sums_; ///< of the last row, by column
  History<char> accepted_;             ///< whether an activation word moved

  // The cells, by rows. Of the hop registers each plane holds one cycle's values.
  std::vector<Kept> shadow_, used_;
  std::vector<int32_t> products_; ///< if they are registered
  std::vector<std::vector<int32_t>> sumHops_;
};

} // namespace coopt::npu

#endif // COOPT_NPU_WEIGHTSTATIONARY_H
