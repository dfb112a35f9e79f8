//===- Device.h - What runs the dispatches of a host program ----------------===//
//
// The host program is interpreted by the Executor, whatever the device; of all its commands a device sees the dispatches alone. A new one is a
// LoadedCode, which is made when the package is loaded and shared by its sessions, and a Device of each session.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_DEVICE_DEVICE_H
#define COOPT_RUNTIME_DEVICE_DEVICE_H

#include "coopt/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace coopt::machine {
struct NpuMachine;
}

namespace coopt::runtime {

struct DispatchView;
class LoadedPackage;

/// Runs kernels for one session. Belongs to one thread at a time.
class Device {
public:
  virtual ~Device() = default;
  /// Those that it computes with.
  virtual int threads() const = 0;
  /// All work items of a dispatch. Where time is simulated, DispatchView::report and image are set, until the next run. Errors: what a kernel found wrong; its
  /// results are then not to be used.
  virtual Status run(DispatchView &dispatch) = 0;
};

/// The kernels of a package, ready to run; immutable.
class LoadedCode {
public:
  virtual ~LoadedCode() = default;
  /// One of deviceNames().
  virtual const char *device() const = 0;
  /// What the code was made for: instructions of a CPU ("avx2"), or the machine that is simulated ("edge1"); empty if there is no kernel.
  virtual const std::string &variant() const = 0;
  /// The accelerator that is simulated; null where time is the host's.
  virtual const machine::NpuMachine *simulated() const { return nullptr; }
  /// For a session over `package`, which holds this code and outlives the device. `threads` 0: as many as the process may use. Errors: not
  /// enough memory.
  virtual Expected<std::unique_ptr<Device>> open(const LoadedPackage &package, int threads) const = 0;
};

/// "cpu": the processor; "npu-sim": an accelerator, simulated.
const std::vector<std::string> &deviceNames();

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_DEVICE_H
