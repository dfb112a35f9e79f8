//===- OutputStationary.h - The output-stationary array, cycle by cycle -----===//
//
// Results = A W of a tile, modulo 2^32 (coopt/CostModel/MatrixArray.h: how time passes in it). Ports:
//
//   commands     in   {m, n, k}: the next tile's sizes; bit-serial {m, n, k, bits of activations, bits of weights}
//   weights      in   k words of C int8, a row of W each, together with a word of
//   activations  in   R int8, a column of A each
//   results      out  m words of C int32, row m-1 first
//
// Bit-serial, lanes of weights and activations have 16 bits, of which those beyond the numbers' are not looked at.
//
// Lanes of activations beyond m and of weights beyond n are not looked at; results beyond n are 0. A result that is not
// taken holds the whole array, sequencer and ports too: every register has one enable.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_OUTPUTSTATIONARY_H
#define COOPT_NPU_OUTPUTSTATIONARY_H

#include "Npu/Device.h"
#include "Npu/History.h"
#include "coopt/CostModel/MatrixArray.h"

namespace coopt::npu {

class OutputStationary : public Device {
public:
  /// The array has passed check(); so must every tile on the command port.
  explicit OutputStationary(const cost::MatrixArray &array);

  enum { Commands, Weights, Activations, Results };

  void evaluate() override;
  void clock() override;

private:
  /// What enters a row from the left.
  struct Activation {
    int32_t value = 0;
    bool first = false, last = false; ///< of a tile's steps
  };
  /// What a step multiplies, slices with what they count.
  struct Step {
    bool first = false, last = false;
    int64_t m = 0; ///< rows in use
    std::vector<int32_t> activations, weights;
  };
  /// When the shadows of the first column move a tile's sums out.
  struct Drain {
    int64_t firstShift = -2, lastShift = -2;
    int64_t firstResult = -2, lastResult = -2; ///< cycles in which the last row's shadow is a result
  };

  void enterSlices(Step &step);
  void advanceCells();
  void advanceSequencer();
  void scheduleDrain(int64_t m);

  const cost::MatrixArray array_;
  const size_t rows_, columns_, down_, across_;
  int64_t cycle_ = 0; ///< of those in which the array was not held

  // The sequencer.
  bool advance_ = true;            ///< no result waits
  bool moves_ = false;             ///< a step is made
  bool hasCommand_ = false;        ///< a tile whose steps are being made
  cost::ArrayTile command_;        ///
  int64_t accepted_ = 0;           ///< of its pairs, all of whose steps were made
  int64_t step_ = 0;               ///< of those of the next pair
  Word activations_, weights_;     ///< the pair that was accepted last
  Drain draining_, drainedBefore_; ///< of the last two tiles whose steps were all made

  // The skew at the ports; this cycle's entry is the latest.
  History<Step> stepsMade_;
  History<char> shifts_;                  ///< whether the first column's shadows shift
  History<char> hasResult_;               ///< whether its last row's shadow is a result
  History<std::vector<int32_t>> bottoms_; ///< the shadows of the last row

  // The cells. Of the hop registers each plane holds one cycle's values.
  std::vector<std::vector<Activation>> activationHops_;
  std::vector<std::vector<int32_t>> weightHops_;
  std::vector<int32_t> sums_, shadows_;
};

} // namespace coopt::npu

#endif // COOPT_NPU_OUTPUTSTATIONARY_H
