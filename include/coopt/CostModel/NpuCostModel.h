//===- NpuCostModel.h - Kernels on an accelerator ----------------------------===//
//
// # The accelerator's model
//
// What code generation makes of a tile (lib/Conversion/Npu: the loops over rows, columns, panels of the array's columns and steps of k; two rounds at
// a time where buffers have room, dialects/Npu DoubleBuffer) is gone through step by step, an NpuTimeline says when engines are done. Formulas of steps,
// in cycles of the core:
//
// *Array*, weights standing still, of M rows and K steps of k: with b = ceil(K / R) blocks of the array's R rows, i the interval of two tiles and p the
// words of a row of weights (MatrixArray.h), s the scratchpad's latency
//
//   cycles = min(K, R) p + (b - 1) max(i, M z) + max(M z, words of M rows of activations);   results = delay of the array + s + 1
//
// The last block may be shorter, and with it its interval. z is 1, or rmw_cycles of the accumulator where rows of sums share a line. Sums that stand still, slices of bits and look-ups: ArrayChoice.h, the interval of tiles
// in a stream.
//
// *Vector unit*: rows ceil(columns / lanes) op_cycles, or the lines of the scratchpad that its operands are in over those that it reads in a cycle,
// if that is more; a reduction log2(lanes) more steps a row. results = s.
//
// *DMA*: a descriptor of r runs of B bytes at a distance of D, with the latency L of the memory, w bytes of requests in flight (max_outstanding bursts) and f
// bytes a cycle (of the channel of DMA, or w / (L + the time of a burst in its channel), if that is less):
//
//   cycles = setup_cycles + L + P + max(r B / f, most bursts of a channel x its time of one) + (pages - 1) max(0, P - max(0, w / f - L)) [+ L to be acknowledged]
//
// A page is a row of the same bank in all channels; P = t_rcd + c t_rp opens one, and closes another with c = 1 - (bytes of all banks' rows) / (bytes that
// the kernel moves), if that is positive. Where a piece goes on behind the last one it opens B r / page pages.
//
// *Control unit*: kBlockControl cycles for a tile of the array, kStepControl for another step: scalars of addresses and extents beside the entries.
//
// Two rounds of a loop are done at a time if its count does not depend on run-time sizes and the scratchpad and the accumulators hold the buffers of the kernel side by
// side; inner loops come first, as in DoubleBuffer. Where they do not even once, buffers share bytes and nothing overlaps.
//
// Energy: multiplications of 8 bits, lines of the scratchpad and the accumulators and words of DRAM, as far as the machine's table has them.
//
// `relativeError` is the mean of the comparison with the simulator on the page cost-models.md, rounded up: shapes that nothing here was made for.
//
// Left out: engines in each other's way at banks and channels, rows of DRAM that are still open from elsewhere, experts that have other than their share of rows.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_NPUCOSTMODEL_H
#define COOPT_COSTMODEL_NPUCOSTMODEL_H

#include "coopt/CostModel/CostModel.h"

namespace coopt::cost {

class NpuCostModel final : public CostModel {
public:
  /// Errors: the machine is not valid, no accelerator, or one without what kernels are made for (a vector unit, DRAM).
  static Expected<NpuCostModel> create(const machine::Machine &machine);

  const char *name() const override { return "npu-timeline"; }
  /// Terms "matrix", "vector", "loads", "stores", "control", and "waiting", what is not hidden of all others; traffic "spad", "acc", "dram". A kernel needs
  /// its `tileOps`.
  Expected<Estimate> estimate(const KernelSummary &kernel, const Candidate &candidate) const override;
  /// Whether the buffers of a tile, side by side and with one round at a time, fit a share of the scratchpad, and the accumulators: the allocation
  /// needs no more.
  Expected<bool> hasRoom(const KernelSummary &kernel, const Candidate &candidate, double share = 1) const;
  const machine::NpuCore &core() const { return npu.cores.front(); }

private:
  NpuCostModel(std::string machineName, machine::NpuMachine npu)
      : machineName(std::move(machineName)), npu(std::move(npu)) {}

  std::string machineName;
  machine::NpuMachine npu;
};

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_NPUCOSTMODEL_H
