//===- NvdlaSheet.h - The closed forms of NVDLA's performance sheet -----------===//
//
// A bound of the time of a layer on a machine of mode dot: NVIDIA's NVDLA_OpenSource_Performance.xlsx, which comes with NVDLA's hardware. A
// layer takes as long as the slowest of its multiplications and its traffic, each at its full rate; nothing waits for anything. Recovered
// from the sheet's cells. ceil16(x): the next multiple of modes.dot.channel_group, ceilK of modes.dot.kernel_group; KB of 1024 bytes, GB of 10^9.
// A stride of s turns s x s pixels into channels. For C x H x W inputs of one byte, K filters of R x S, stride sv x sh, output U x V after a
// pooling that is fused, B images:
//
//   X  = ceil16(C sv sh) ceil(H/sv) ceil(W/sh) / 1024              KB of inputs
//   A  = ceil16(C sv sh) ceil(R/sv) ceil(S/sh) K / 1024 [x 16/9]   KB of weights; x 16/9: Winograd, of 3 x 3
//   Z  = U V ceil16(K) / 1024                                      KB of outputs
//   Xm = ceil16(C sv sh) min(R, ceil(H/sv)) ceil(W/sh) / 1024      least that is needed of inputs at a time
//   Am = ceil16(C sv sh) ceil(R/sv) ceil(S/sh) 32 / 1024, at most half of the buffer: .. of weights
//   F  = bytes of the buffer (spad) / 1024
//   multiplications: ceil16(C sv sh) ceil(H'/sv) ceil(W'/sh) ceilK(K B) R S / (sv sh) / multipliers / B [/ 2.25: Winograd],
//                    H' = H with padding, else H - R + 1
//
//   Without memory.l2: DRAM KB = X + A / B + Z [+ Z for the other operand of an addition], but of the smaller of X and A a part is kept in the buffer where it
//   does not fit, and the larger is read once for each part: X < A: A ceil(X / (F - Am)) if X > F - Am; else X ceil(A / (F - Xm)) if A > F - Xm.
//   With memory.l2: inputs and outputs go there, each at its rate; DRAM KB = A / B, + X for the network's input, + Z where the output goes to DRAM, too.
//
// The sheet's cells differ from layer to layer in details; what these forms leave out of that is in the page npu-comparisons.md.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_NVDLASHEET_H
#define COOPT_COSTMODEL_NVDLASHEET_H

#include "coopt/Machine/Npu.h"
#include "coopt/Support/Error.h"

namespace coopt::cost {

/// Sizes are 1 .. 2^16.
struct NvdlaLayer {
  int64_t channels = 1, height = 1, width = 1; ///< of the input
  int64_t filters = 1, filterHeight = 1, filterWidth = 1;
  int64_t strideHeight = 1, strideWidth = 1;
  int64_t outputHeight = 1, outputWidth = 1; ///< after a pooling
  bool isPadded = false;                     ///< so that without stride the output is as large as the input
  bool addsElementwise = false;              ///< the other operand is read
  bool plainWeights = false;      ///< Winograd: weights lie in DRAM as they are, not transformed (x 16/9)
  int64_t images = 1;             ///< that share the weights
  bool readsNetworkInput = false; ///< with memory.l2: inputs come from DRAM
  bool outputToDram = false;      ///< with memory.l2: outputs go to DRAM as well
};

/// Cycles of one image.
struct NvdlaLayerCycles {
  double multiply = 0;
  double dram = 0;
  double sramRead = 0, sramWrite = 0; ///< of memory.l2
  double total() const;               ///< the largest
};

/// Errors: a machine without mode dot or DDR; sizes out of range; filters larger than inputs that are not padded.
Expected<NvdlaLayerCycles> nvdlaSheetCycles(const machine::NpuMachine &machine, const NvdlaLayer &layer);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_NVDLASHEET_H
