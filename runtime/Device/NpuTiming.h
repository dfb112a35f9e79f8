//===- NpuTiming.h - What must be computed if only time is wanted -----------===//
#ifndef COOPT_RUNTIME_DEVICE_NPUTIMING_H
#define COOPT_RUNTIME_DEVICE_NPUTIMING_H

#include "coopt/NpuIsa/Slice.h"
#include "coopt/PackageFormat/KernelImage.h"

namespace coopt::runtime {

/// Of the kernels of a program, the entries whose values decide what is executed: of each by itself, and all of a kernel that writes, in any
/// entry of the program, what decides in another. What the host's processor computes it computes anyway, from what there is: a sampled token or a
/// choice of experts may be another than with all values. By kernel; of those without an image nothing. Errors: those of npu::partThatDecides.
Expected<std::vector<npu::DecidingPart>> partsThatDecide(const package::Program &program,
                                                         const std::vector<package::KernelImage> &kernels);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_NPUTIMING_H
