//===- CpuCostModel.h - A roofline with tiles -----------------------------===//
//
// # The CPU model
//
// A roofline (Williams, Waterman, Patterson: "Roofline: an insightful visual performance model", CACM 52(4),
// 2009) with one roof per cache level, in which the tiling decides how often each operand crosses a level.
//   seconds = longest + u next + overhead
//
// where longest is the longest of compute and all levels, and next the longest of the other side: of the levels if compute is longest, compute if a level is.
// Vectors hide one behind the other, u = 0; the matrix unit u = 0.4: products that a loop of its own makes in 44 to 50 ns, while memory brings others for 80 ns, take 100 ns
// together (python-free-docs/experts.md, A measurement).
//
// *Work items.* With tiles t_m, t_n (or the whole dimension): R = ceil(m / t_m), C = ceil(n / t_n), W = R C
// items, taken in row-major order by P = min(cores, W) cores in S = ceil(W / P) rounds. A core that has no
// item in the last round waits: b = S P / W >= 1 is the imbalance.
//
//   overhead = dispatch + S workItem
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
// d vectors' work decode 4 L codes (of 8 bits none, 4 bits 3: mask, shift, mask; fewer 5: shifts besides), in each pass of rows over the weights:
// 4 rows a pass, as the vector code has it; g codes have a scale of their own, and f = 4 vectors' work add a group's sums to those before
// (widen, scale twice, add). Floats with codes as weights are the same with d = 12 (4 L codes are widened to binary32) and products at f32_gflops.
//
// *The matrix unit* (amx) makes blocks of 32 rows and 32 columns, of which a part costs as much as all, if the sums are scaled once behind all of k and an item
// has more than one row; else vectors do as above. Weights are then decoded once for all rows of an item. A unit waits
// for its operands: f = 8 (from tiles to memory to vectors).
//
// Rows, Elementwise and Attention are of the Fixed class, in which nothing is fused: their rate
// is half of f32_gflops_per_core, and their operations are rows rowElements e or queries heads keys (4
// headSize + e).
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
//   all others cross   once
//
// I = ceil(P / sharedByCores) is the number of instances of that cache in use; each fetches for itself. An
// operand that is not cold never comes from memory if all such operands fit the last cache together.
// Attention's state crosses once if keys and values of one head fit Z, else once per query and head. At a
// cache of G gbytes_per_s_per_core:
//
//   seconds(level) = b bytes / (P G);      seconds(memory) = bytes / gbytes_per_s
//
// No schedule is below the roofline: max(operations / (cores rate), cold bytes / gbytes_per_s), with the operations of the kernel itself.
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
