//===- ScaleSim.h - The closed forms of SCALE-Sim -------------------------===//
//
// Cycles of Y (M x N) = A (M x K) W (K x N) on an array of R x C in the forms of SCALE-Sim (Samajdar et al., ISPASS 2020), for comparison with
// its numbers alone: they are not the laws of MatrixArray.h, which RTL confirms. Folds follow each other without overlap, and its reports
// count cycles from 0:
//
//   weight stationary   ceil(K / R) ceil(N / C) (2R + C + M - 2) - 1
//   input stationary    ceil(K / R) ceil(M / C) (2R + C + N - 2) - 1
//   output stationary   ceil(M / R) ceil(N / C) (R + C + K - 2) - 1
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_SCALESIM_H
#define COOPT_COSTMODEL_SCALESIM_H

#include "coopt/Machine/Npu.h"
#include "coopt/Support/Error.h"

namespace coopt::cost {

struct MatrixProduct {
  int64_t m = 0, n = 0, k = 0;
};

/// A convolution without padding, of one image.
struct Convolution {
  int64_t height = 0, width = 0, channels = 0; ///< of the input
  int64_t filters = 0, filterHeight = 0, filterWidth = 0, stride = 1;
};
/// The product that it is: M pixels of the output, N filters, K weights of a filter. Errors: sizes that are not positive, a filter that is
/// larger than the input.
Expected<MatrixProduct> productOf(const Convolution &convolution);

/// Errors: a machine with other laws of time, without a matrix unit or without that dataflow; sizes that are not positive; more cycles than 2^62.
Expected<int64_t> scaleSimCycles(const machine::NpuMachine &machine, machine::NpuDataflow dataflow,
                                 const MatrixProduct &product);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_SCALESIM_H
