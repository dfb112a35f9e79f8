//===- WeightStationary.h - The weight-stationary array, cycle by cycle -----===//
//
// Results = partial sums + A W of a tile, modulo 2^32 (coopt/CostModel/MatrixArray.h: how time passes in it).
// Ports:
//
//   commands     in   {m, n, k}: the next tile's sizes
//   weights      in   k words of C int8: row 0 first if words are addressed by row, row k-1 first in a chain
//   activations  in   m words of R int8, each together with a word of
//   partials     in   C int32
//   results      out  m words of C int32
//
// Lanes of weights and partial sums beyond n, and of activations beyond k, are not looked at; results beyond n are 0.
// A result that is not taken holds the whole array, sequencer and ports too: every register has one enable.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_WEIGHTSTATIONARY_H
#define COOPT_NPU_WEIGHTSTATIONARY_H

#include "Npu/Device.h"
#include "Npu/History.h"
#include "coopt/CostModel/MatrixArray.h"

namespace coopt::npu {

class WeightStationary : public Device {
public:
  /// The array has passed check(); so must every tile on the command port.
  explicit WeightStationary(const cost::MatrixArray &array);

  enum { Commands, Weights, Activations, Partials, Results };

  void evaluate() override;
  void clock() override;

private:
  struct WeightWord {
    bool valid = false;
    size_t row = 0; ///< if words are addressed
    std::vector<int8_t> lanes;
  };
  struct ActivationWord {
    bool first = false; ///< of a tile
    std::vector<int32_t> activations, partials;
  };
  /// Every cell's value of one cycle, by rows.
  template <typename T>
  using Plane = std::vector<T>;

  void advanceCells();
  void advanceWeights();
  void advanceSequencer();

  const bool isChain_;
  const size_t rows_, columns_, down_, across_;
  uint64_t cycle_ = 0; ///< modulo the hop registers: which of their planes is the oldest

  // The sequencer.
  bool advance_ = true;         ///< no result waits
  bool starts_ = false;         ///< the first activation word of the loaded tile moves
  bool hasCommand_ = false;     ///< a tile whose weights are being accepted
  cost::ArrayTile command_;     ///
  int64_t weightWords_ = 0;     ///< of it, accepted
  bool isLoaded_ = false;       ///< a tile whose weights are in the shadows, on their way at least
  cost::ArrayTile loaded_;      ///
  int64_t shadowsUsed_ = 0;     ///< chain: cycles until the last shadow of the tile that started is free
  int64_t activationWords_ = 0; ///< of the tile that streams, still to come
  cost::ArrayTile streamed_;    ///

  // The skew at the ports.
  History<WeightWord> weights_;
  History<ActivationWord> activations_;
  History<std::vector<int32_t>> sums_; ///< of the last row, by column
  History<char> accepted_;             ///< whether an activation word moved

  // The cells. Of the hop registers each plane holds one cycle's values.
  Plane<int8_t> shadow_, weight_;
  std::vector<Plane<int32_t>> activationHops_, sumHops_;
  std::vector<Plane<char>> firstHops_;
};

} // namespace coopt::npu

#endif // COOPT_NPU_WEIGHTSTATIONARY_H
