//===- CpuCode.h - Native code of a package ---------------------------------===//
#ifndef COOPT_RUNTIME_DEVICE_CPUCODE_H
#define COOPT_RUNTIME_DEVICE_CPUCODE_H

#include "Device/CodeObject.h"
#include "Device/Device.h"
#include "coopt/PackageFormat/Package.h"

namespace coopt::runtime {

class CpuCode : public LoadedCode {
public:
  /// `isa`: a variant; empty: the best one that the processor has. Errors: no code for this processor, with the first missing feature; a kernel
  /// that the code lacks.
  static Expected<std::unique_ptr<LoadedCode>> load(const package::PackageFile &file, const std::string &isa);

  const char *device() const override { return "cpu"; }
  const std::string &variant() const override { return name; }
  Expected<std::unique_ptr<Device>> open(const LoadedPackage &package, int threads) const override;

  abi::Kernel kernel(size_t index) const { return kernels[index]; }

private:
  std::string name;
  CodeObject object;
  std::vector<abi::Kernel> kernels;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_CPUCODE_H
