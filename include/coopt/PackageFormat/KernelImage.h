//===- KernelImage.h - What a kernel for an accelerator is ------------------===//
//
// # Kernel images
//
// In a package for an accelerator every kernel is an image (NpuIsa/Image.h) of one core. A dispatch runs it once, whatever the number of
// its work items (none: it isn't run). The symbols of the image say where in DRAM it finds what it is given:
//
//   operand.N   the N-th buffer of the dispatch, those that are read first, as in the command; there for each. `bytes` is the most that
//               it takes; what there is of it, is what its extents say. The host's own bytes lie there: nothing is copied. What is only
//               read can't be written. Operands that are one buffer in every dispatch may have one range: only
//               then do the image's checks see that they are one
//   block       i32, little-endian: the dispatch's scalars in order (as in KernelAbi.h: extents of run time first), then the extents of every operand, all of them, in order; zeros
//               behind them. Only read
//   scratch     memory that the kernel may use as it likes
//
// block and scratch need not be there; other symbols mean nothing. These ranges and the image's data, which are only read, do not overlap.
// Whatever lies elsewhere in DRAM is not there: to touch it is a fault, as is to write what is only read. What scratch and the memories of
// the core hold at the beginning is not defined.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_KERNELIMAGE_H
#define COOPT_PACKAGEFORMAT_KERNELIMAGE_H

#include "coopt/Machine/Machine.h"
#include "coopt/NpuIsa/Image.h"
#include "coopt/PackageFormat/Program.h"

namespace coopt::package {

struct KernelImage {
  npu::Image image;
  std::vector<npu::Symbol> operands; ///< by their number
  std::optional<npu::Symbol> block, scratch;
};

/// Numbers in the block of a dispatch.
size_t blockNumbers(const Entry &entry, const Command &dispatch);

/// Reads the image of a kernel of a program that verify() accepts, and checks all that a run relies on: the image itself, that it was made for
/// `machine` (of kind npu, its description having that hash), npu::checkProgram, its symbols, and that they hold what every dispatch of the
/// kernel passes. Errors begin with "kernel 'add': image: ".
Expected<KernelImage> readKernelImage(const uint8_t *bytes, size_t size, const Program &program,
                                      uint32_t kernel, const machine::Machine &machine, uint64_t machineHash);

} // namespace coopt::package

#endif // COOPT_PACKAGEFORMAT_KERNELIMAGE_H
