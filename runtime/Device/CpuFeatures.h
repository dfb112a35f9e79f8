//===- CpuFeatures.h - What the processor and the operating system allow ----===//
#ifndef COOPT_RUNTIME_DEVICE_CPUFEATURES_H
#define COOPT_RUNTIME_DEVICE_CPUFEATURES_H

#include <optional>
#include <string>
#include <vector>

namespace coopt::runtime {

/// Whether a feature (by its name in Linux's /proc/cpuinfo) can be used: the processor has it (cpuid) and the
/// operating system saves its registers (xgetbv). Nothing for a name that is not known here.
std::optional<bool> hasCpuFeature(const std::string &name);

/// All names that hasCpuFeature() knows.
std::vector<std::string> knownCpuFeatures();

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_CPUFEATURES_H
