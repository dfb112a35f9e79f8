//===- CpuDevice.h - Kernels on the threads of a processor ------------------===//
#ifndef COOPT_RUNTIME_DEVICE_CPUDEVICE_H
#define COOPT_RUNTIME_DEVICE_CPUDEVICE_H

#include "Device/CpuCode.h"
#include "Executor/AlignedMemory.h"
#include "Executor/Observer.h"
#include "Executor/ThreadPool.h"
#include "Loader/LoadedPackage.h"

namespace coopt::runtime {

class CpuDevice : public Device {
public:
  /// `code` is that of `package`.
  static Expected<std::unique_ptr<Device>> open(const LoadedPackage &package, const CpuCode &code,
                                                int threads);

  int threads() const override { return pool.threads(); }
  Status run(DispatchView &dispatch) override;

private:
  CpuDevice(const LoadedPackage &package, const CpuCode &code, int threads)
      : package(package), code(code), pool(threads) {}
  struct Job;
  /// Runs the items of those segments whose experts are in memory, then those whose experts come, until all ran.
  Status runSegments(const DispatchView &dispatch, uint32_t group, Job &job);
  /// The group of experts that a dispatch needs parts of; ExpertStore::kNoGroup if everything it reads is there.
  uint32_t expertsOf(const DispatchView &dispatch) const;

  const LoadedPackage &package;
  const CpuCode &code;
  ThreadPool pool;
  std::vector<AlignedMemory> scratch; ///< one a thread
  // Of the running dispatch; kept so that a dispatch allocates nothing.
  std::vector<abi::Block> blocks; ///< one a thread
  std::vector<abi::Fault> faults; ///< one a thread
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_CPUDEVICE_H
