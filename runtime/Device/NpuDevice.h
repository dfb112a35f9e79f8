//===- NpuDevice.h - Kernels on a simulated accelerator ---------------------===//
#ifndef COOPT_RUNTIME_DEVICE_NPUDEVICE_H
#define COOPT_RUNTIME_DEVICE_NPUDEVICE_H

#include "Device/NpuCode.h"
#include "Executor/AlignedMemory.h"
#include "Executor/Observer.h"
#include "Npu/Sim/Simulator.h"

namespace coopt::runtime {

/// A dispatch is one run of its kernel's image, with DRAM made of windows on the operands (KernelImage.h). What the memories of the core and
/// scratch hold stays from one dispatch to the next.
class NpuDevice : public Device {
public:
  /// `threads`: of the processor, for kernels that it computes.
  static Expected<std::unique_ptr<Device>> open(const NpuCode &code, const LoadedPackage &package,
                                                int threads);

  int threads() const override { return host ? host->threads() : 1; }
  /// Errors: a number of the block that is none of i32; faults, with the place in the image.
  Status run(DispatchView &dispatch) override;

private:
  explicit NpuDevice(const NpuCode &code) : code(code) {}
  Status fillBlock(const DispatchView &dispatch);
  npu::Memory dramOf(const package::KernelImage &kernel, const DispatchView &dispatch);

  const NpuCode &code;
  std::unique_ptr<Device> host; ///< runs kernels without an image
  std::array<npu::Memory, npu::kSpaces> memories;
  AlignedMemory block, scratch;
  size_t filled = 0;  ///< numbers of the block that the last dispatch wrote
  npu::Report report; ///< of the last run
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_NPUDEVICE_H
