//===- DotArray.h - The time of a convolution on dot-product trees --------------===//
//
// Direct convolution of one layer on a machine of mode dot, as NVDLA's nv_small runs it; read in its RTL (CSC_sg, CACC_delivery_buffer), not measured, but
// for two constants. cols kernels at a time (a group) take products of rows channels, one output a cycle.
//
// A step is one place of a kernel and one block of channels. Outputs come in stripes: of 2 cols while at least 4 cols are left, then of cols, the last of what is left, at most
// 2 cols. A stripe takes as many cycles in each step as it has outputs, at least minimum_stripe_cycles, as the next step's weights are shifted in meanwhile.
//
// Sums are handed over in the stripe's last step, into a buffer of 2 cols outputs; the buffer hands one over in handover_cycles (cols sums, one a cycle, and reading the buffer), the first
// pipeline_cycles after its step began. The last step of a stripe waits until the buffer has room for it: layers of few steps take as long as their outputs are handed over.
//
// Before the first step the inputs and the first group's weights are loaded, dma.bytes_per_cycle; inputs have channels in whole blocks, the weights of all kernels lie
// together, in whole 128 bytes. Later weights come while the group before is computed. Beside that a layer takes start_cycles, and the latency of DRAM twice: reading, and until the last
// write is acknowledged.
//
// Not in it: inputs that do not fit in the buffer; steps that wait for the port that inputs and weights share; pauses of the DMA between lines.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_DOTARRAY_H
#define COOPT_COSTMODEL_DOTARRAY_H

#include "coopt/Machine/Npu.h"
#include "coopt/Support/Error.h"

namespace coopt::cost {

/// Sizes and steps are 1 .. 2^16, paddings 0 .. 2^16.
struct DotConvolution {
  int64_t width = 1, height = 1, channels = 1; ///< of the input
  int64_t kernelWidth = 1, kernelHeight = 1, kernels = 1;
  int64_t strideX = 1, strideY = 1;
  int64_t dilationX = 1, dilationY = 1;
  int64_t padLeft = 0, padRight = 0, padTop = 0, padBottom = 0;
};

struct DotCycles {
  int64_t outputWidth = 0, outputHeight = 0;
  int64_t ideal = 0; ///< steps times outputs
  int64_t readBytes = 0, writtenBytes = 0;
  double total = 0;
};
/// Errors: a machine without mode dot, its handover_cycles, pipeline_cycles and start_cycles, or DDR; sizes out of range; a kernel larger than its padded
/// input; inputs and a group's weights that are larger than the buffer (spad); more than 2^26 stripes.
Expected<DotCycles> dotCycles(const machine::NpuMachine &machine, const DotConvolution &layer);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_DOTARRAY_H
