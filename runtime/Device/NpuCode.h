//===- NpuCode.h - Kernel images of a package -------------------------------===//
#ifndef COOPT_RUNTIME_DEVICE_NPUCODE_H
#define COOPT_RUNTIME_DEVICE_NPUCODE_H

#include "Device/Device.h"
#include "Loader/LoadedPackage.h"
#include "coopt/NpuIsa/Slice.h"
#include "coopt/PackageFormat/KernelImage.h"

namespace coopt::runtime {

class NpuCode : public LoadedCode {
public:
  /// Errors: those of readKernelImage; options that belong to a CPU.
  static Expected<std::unique_ptr<LoadedCode>> load(const package::PackageFile &file,
                                                    const LoadOptions &options);

  const char *device() const override { return "npu-sim"; }
  /// The machine's name.
  const std::string &variant() const override { return machine.name; }
  const machine::NpuMachine *simulated() const override { return &npu(); }
  Expected<std::unique_ptr<Device>> open(const LoadedPackage &package, int threads) const override;

  const machine::NpuMachine &npu() const { return *machine.npu(); }
  /// By their numbers; of those that the host computes without operands.
  const std::vector<package::KernelImage> &kernels() const { return images; }
  /// The entries of a kernel's image that have values; null: all.
  const std::vector<std::vector<bool>> *needed(uint32_t kernel) const {
    return deciding.empty() ? nullptr : &deciding[kernel].entries;
  }
  /// What computes kernels without an image; null if all have one.
  const LoadedCode *host() const { return hostCode.get(); }

private:
  machine::Machine machine;
  std::vector<package::KernelImage> images;
  std::vector<npu::DecidingPart> deciding; ///< by kernel, if only time is wanted
  std::unique_ptr<LoadedCode> hostCode;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_NPUCODE_H
