//===- DotProduct.h - Trees of products, cycle by cycle ---------------------===//
//
// Results = A W of a tile, modulo 2^32 (coopt/CostModel/MatrixArray.h: how time passes in it). Ports:
//
//   commands     in   {m, n, k}: the next tile's sizes
//   weights      in   k rows of n int8, row 0 first
//   activations  in   m times k int8
//   results      out  m words of C int32
//
// What is wider than its port comes in several words. Lanes of weights beyond n and of activations beyond k are not looked at; results
// beyond n are 0. A result that is not taken holds everything: every register has one enable.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_DOTPRODUCT_H
#define COOPT_NPU_DOTPRODUCT_H

#include "Npu/History.h"
#include "Npu/StationarySequencer.h"

namespace coopt::npu {

class DotProduct : public Device {
public:
  /// The array has passed check(); so must every tile on the command port.
  explicit DotProduct(const cost::MatrixArray &array);

  enum { Commands, Weights, Activations, Results };

  void evaluate() override;
  void clock() override;

private:
  const size_t rows_, columns_;
  bool advance_ = true; ///< no result waits
  StationarySequencer sequencer_;
  std::vector<int32_t> shadow_, used_; ///< weights, by rows

  struct Sums {
    bool areThere = false;
    std::vector<int32_t> columns;
  };
  History<Sums> sums_; ///< a register for the products and one for each level of the tree
};

} // namespace coopt::npu

#endif // COOPT_NPU_DOTPRODUCT_H
