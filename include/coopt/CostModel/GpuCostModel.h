//===- GpuCostModel.h - Waves of blocks over a hierarchy of memories ------===//
//
// # The GPU model
//
// A kernel is a grid of thread blocks, each a tile of B_m rows and B_n columns of the result that walks over k in tiles of B_k, `stages` of them under way
// at a time; with `split` parts of k there are as many blocks more. P multiprocessors hold o blocks each:
//
//   blocks = ceil(m / B_m) ceil(n / B_n) split
//   bytes of shared memory = stages (B_m s_a + B_n s_w) B_k         s_a, s_w: bytes of an element as stored
//   o     = min(shared / bytes of it, threads / 256), at least 1;   waves = ceil(blocks / (P o));   efficiency = blocks / (waves P o)
//
// and the time is that of the slowest of what works at the same time, over the efficiency of the last wave, and what does not overlap:
//
//   seconds = max(tensor, cores, shared, L2) / efficiency  or  memory, whichever is longer, + fill + merge + launch
//
// (the structure of DeepGEMM's heuristics, csrc/jit_kernels/heuristics/sm90.hpp: cycles = max(L1, L2) / wave efficiency), where
//
//   tensor   2 ceil(m / B_m) ceil(B_m / t) t n k / rate: a block's rows fill whole instructions of t rows (64 of wgmma, 16 of mma). The rate is that of
//            8 bits if both operands have at most 8, else that of f16
//   cores    ceil(m / B_m) n k d / rate of f32: d operations make a number of a code, for each tile of rows anew (d = 0 of 8 bits and of floats, 2 of fewer)
//            + 2 m n ceil(k / g) / rate of f32: sums of groups of g are scaled and added. On a GPU whose tensor cores are fast beside its others this is what
//            costs (APEX4, arXiv 2606.08761: the ratio is 64 on an A100, 8 on an L40S)
//   shared   blocks (2 (B_m s_a + B_n s_w) + (ceil(B_m / t) - 1) B_n s_w) (k / split) / (P bytes per cycle clock): written, read by the instructions, of
//            which each t rows read the weights again
//   L2       blocks (B_m s_a + B_n s_w) (k / split) / min(its bandwidth, P bytes per cycle clock)
//   memory   cold operands, once; all of them if what is not cold does not fit L2. At most what is under way arrives within a latency (Little's law):
//            bandwidth = min(gbytes_per_s, min(blocks, P o) bytes of shared memory / latency)
//   fill     memory latency: the first tile of the first wave
//   merge    split > 1: m n (4 split + s_out) bytes through L2, and a launch
//
// Attention over keys in tiles of B_n, a block for each group of heads that share keys and values, each tile of queries and each of the `split` parts: 4 queries heads keys size
// operations of f16, keys and values cold. Rows and Elementwise: memory or operations of f32, and a launch.
//
// What it leaves out: registers, banks, clocks that fall under load, instruction issue, tails of k.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_GPUCOSTMODEL_H
#define COOPT_COSTMODEL_GPUCOSTMODEL_H

#include "coopt/CostModel/CostModel.h"
#include "coopt/Machine/Gpu.h"

namespace coopt::cost {

class GpuCostModel final : public CostModel {
public:
  explicit GpuCostModel(machine::GpuMachine gpu) : gpu(std::move(gpu)) {}

  const char *name() const override { return "gpu-waves"; }
  /// Tiles of 0 are the whole dimension. Errors: sizes or tiles out of range, operands that do not fit the kind, tiles whose shared memory a block has not:
  /// the message says how much is too much.
  Expected<Estimate> estimate(const KernelSummary &kernel, const Candidate &candidate) const override;

private:
  Expected<Estimate> contraction(const KernelSummary &kernel, const Candidate &candidate) const;
  Expected<Estimate> attention(const KernelSummary &kernel, const Candidate &candidate) const;
  Expected<Estimate> stream(const KernelSummary &kernel) const;

  machine::GpuMachine gpu;
};

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_GPUCOSTMODEL_H
