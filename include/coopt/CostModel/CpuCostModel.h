//===- CpuCostModel.h - A roofline with tiles -----------------------------===//
//
// # The CPU model
//
// A roofline (Williams, Waterman, Patterson: "Roofline: an insightful visual performance model", CACM 52(4),
// 2009) with one roof per cache level, in which the tiling decides how often each operand crosses a level.
//   seconds = longest + u next + overhead
//
// where longest is the longest of compute and all levels, and next the longest of the other side: of the levels if compute is longest, compute if a level is.
// Vectors hide one behind the other, u = 0; the matrix unit, which waits for what it loads, u = 0.6 (fitted, see below).
//
// *Work items.* With tiles t_m, t_n (or the whole dimension): R = ceil(m / t_m), C = ceil(n / t_n), W = R C
// items, taken in row-major order by P = min(cores, W) cores in S = ceil(W / P) rounds. A core that has no
// item in the last round waits: b = S P / W >= 1 is the imbalance.
//
//   overhead = call + dispatch + S workItem
//
// call = 0.3 us: the first lines of a kernel's code and operands come from further away. One item is the calling thread's: dispatch = 0.
//
// *Compute.* Columns are computed in vectors of L = vectorBits / 32 lanes, a part of one costs as much as all. Of floats
//
//   compute = S t_m ceil(t_n / L) L (2 k + e) / rate        e: epilogue operations per element
//
// with rate f32_gflops_per_core. If activations and weights are both integers of at most 8 bits, products are made at i8_gops_per_core of the
// instruction set, and V = f32_gflops_per_core / 2 L vectors a second do the rest:
//
//   compute = S t_m ceil(t_n / L) L 2 k / i8_gops
//           + S (passes t_n k d / 4 L  +  t_m ceil(t_n / L) (f ceil(k / g) + e)) / V
//
// d vectors' work decode 4 L codes (of 8 bits 2, 4 bits 4: masks, a shift, loads; fewer 6), in each pass of rows over the weights:
// 4 rows a pass, as the vector code has it; g codes have a scale of their own, and f = 8 vectors' work add a group's sums to those before
// (widen, scale twice, add). Floats with codes as weights are the same with d = 17 (4 L codes are widened to binary32) and products at f32_gflops.
//
// *The matrix unit* (amx) makes blocks of 32 rows and 32 columns, 64 of k a step, of which a part costs as much as all, if the sums are scaled once behind all of k and an item
// has more than one row; else vectors do as above. A step is four products and loads four tiles of 1 KiB, which come from the second cache, as rows and a panel of columns
// together are more than the first holds; products wait for them:
//
//   compute = S (ceil(t_m / 32) ceil(t_n / 32) ceil(k / 64) (2 32 32 64 / i8_gops + 4096 / G_2)
//           + (t_n k d / 4 L  +  t_m ceil(t_n / L) (f + e)) / V)
//
// with d = 0 for 8 bits, whose codes are stored as the unit reads them; others are decoded once for all rows of an item. f = 16 (from tiles to memory to vectors).
//
// Rows, Elementwise and Attention: their rate is half of f32_gflops_per_core (no multiplication is fused with an addition), and their operations are rows rowElements e or
// queries heads keys (4 headSize + e). Attention whose sums may be made in any order (`isReordered`) is the matrix unit's for more than one row of an item; bfloat16 has half the rate of
// bytes, half a block of 32 keys is masked for each row, a vector of scores is 64 vectors' work (scale, maximum, exponential, sum, conversions), an element of a row's result 10:
//
//   compute = S t_m t_n ((keys + 16) (4 headSize / (i8_gops / 2) + 64 / L V) + 10 headSize / V)
//
// *L1* serves the registers. Accumulators of r rows and c columns stay in V registers, beside one row of c
// weights and one activation: c = min(ceil(t_n / L), 2) L and r (c / L) + c / L + 1 <= V, hence r = min(t_m,
// floor((V - 1) L / c) - 1), at least 1 (6 x 16 for AVX2, 14 x 32 for AVX-512, as in hand-written libraries); of codes c = L and r = min(t_m, 4); of the matrix unit both are 32.
// Each weight is loaded once for r rows, each activation once for c columns; with bytes per element s_w, s_a:
//
//   bytes(L1) = m n k (s_w / r + s_a / c) + outputs
//
// *A further level* (the next cache, at last memory) serves what the cache before it, of capacity Z, can't
// keep. Items are row-major, so an activation tile is reused by the next item and all weights by the next row
// of items:
//
//   activations cross  clamp(ceil(I / R), 1, C) times if t_m k s_a + t_n k s_w <= Z, else C times
//   weights cross      min(I, R) times if all weights + t_m k s_a <= Z, else R times
//   all others cross   once, what is written twice: its lines are fetched before (write-allocate), unless an element-wise op puts it in the place of an activation
//
// I = ceil(P / sharedByCores) is the number of instances of that cache in use; each fetches for itself. An
// operand that is not cold never comes from memory if all such operands fit the last cache together, nor from the third cache if they fit the first.
// Attention's state crosses once if keys and values of one head fit Z, else once per query and head; a head's share of a position is a run of a few lines, which take 4 times
// as long as the same bytes in one stretch where they come from behind the second cache, and keys are read in blocks of 32. At a cache of G gbytes_per_s_per_core:
//
//   seconds(level) = b bytes / (P G);      seconds(memory) = bytes / gbytes_per_s
//
// What is cold of element-wise ops are rows of tables here and there, too short for prefetchers: a core has 12 lines under way at a time, so that gbytes_per_s is at most
// P 12 line / latency (Little's law).
//
// No schedule is below the roofline: max(operations / (cores rate), cold bytes / gbytes_per_s), with the operations of the kernel itself.
//
// The counts above that are no number of instructions (u, d, f, call, 4, 64, 10 and 12) were fitted to measurements of three shapes of models on one machine and confirmed on three others
// (python-free-docs/cost-models.md); the rates are the machine's.
//
// What it leaves out: latency (hardware prefetch is assumed to hide it), TLBs, associativity, the bandwidth
// limit of a single core towards memory, innerTile.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_CPUCOSTMODEL_H
#define COOPT_COSTMODEL_CPUCOSTMODEL_H

#include "coopt/CostModel/CostModel.h"

namespace coopt::cost {

class CpuCostModel final : public CostModel {
public:
  /// Errors: the machine is not valid or no CPU.
  static Expected<CpuCostModel> create(const machine::Machine &machine);

  const char *name() const override { return "cpu-roofline"; }
  Expected<Estimate> estimate(const KernelSummary &kernel, const Candidate &candidate) const override;

private:
  CpuCostModel(std::string machineName, machine::CpuMachine cpu)
      : machineName(std::move(machineName)), cpu(std::move(cpu)) {}

  std::string machineName;
  machine::CpuMachine cpu;
};

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_CPUCOSTMODEL_H
