//===- NpuSteps.h - Cycles of one step of an engine ----------------------------===//
//
// The formulas of NpuCostModel.h.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_COSTMODEL_NPUSTEPS_H
#define COOPT_LIB_COSTMODEL_NPUSTEPS_H

#include "coopt/CostModel/CostModel.h"
#include "coopt/CostModel/NpuTimeline.h"

namespace coopt::cost {

constexpr double kBlockControl = 6; ///< of the control unit, for a block of the array's rows
constexpr double kStepControl = 4;  ///< .. for another step

/// Runs of bytes in DRAM.
struct Transfer {
  double runs = 1, bytes = 0, distance = 0; ///< of a run; from run to run
  bool goesOn = false;                      ///< behind the last one of its operand
  bool isStore = false;
};

class NpuSteps {
public:
  /// `kernelBytes`: that the whole kernel moves from and to DRAM.
  NpuSteps(const machine::NpuMachine &machine, double kernelBytes);

  NpuTimeline::Step transfer(Transfer of) const;
  /// A fill of the scratchpad or the accumulators with a byte.
  NpuTimeline::Step fill(double bytes) const;
  /// rows x columns elements, `operands` matrices of them of 4 bytes read.
  NpuTimeline::Step map(const std::string &function, double rows, double columns, double operands) const;
  NpuTimeline::Step reduce(const std::string &function, double rows, double columns) const;
  /// Sums of `rows` rows, `extent` steps of k and a panel of columns; of look-ups `panels` of them.
  NpuTimeline::Step product(const TileOp &of, ArrayMode mode, int64_t rows, int64_t extent,
                            int64_t panels) const;

  const machine::NpuCore &core;

private:
  const machine::NpuMachine &machine;
  double latency = 0;   ///< of DRAM
  double opening = 0;   ///< of a page
  double pageBytes = 0; ///< 0: memory without pages
  double burst = 64, channels = 1, burstCycles = 0;

  double opCycles(const std::string &function) const;
  NpuTimeline::Step standing(const MatrixArray &array, const ArrayTile &tile) const;
};

} // namespace coopt::cost

#endif // COOPT_LIB_COSTMODEL_NPUSTEPS_H
