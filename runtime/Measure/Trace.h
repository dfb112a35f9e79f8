//===- Trace.h - A session as a time line -----------------------------------===//
#ifndef COOPT_RUNTIME_MEASURE_TRACE_H
#define COOPT_RUNTIME_MEASURE_TRACE_H

#include "Executor/Observer.h"
#include "Npu/Sim/Trace.h"
#include "coopt/Support/OutputFile.h"

#include <optional>

namespace coopt::runtime {

/// Writes every dispatch as a complete event ("X") of the Trace Event Format that chrome://tracing and Perfetto read. Time is the host's; of a
/// simulated accelerator its own, in which dispatches follow each other at once, with what its engines did in each (Npu/Sim/Trace.h).
class Trace : public Observer {
public:
  /// `simulated`: the accelerator, of which there is none if null. The file is there once finish() says so.
  static Expected<std::unique_ptr<Trace>> create(const std::string &path,
                                                 const machine::NpuMachine *simulated);

  bool wantsSlices() const override { return engines.has_value(); }
  Status after(const DispatchView &dispatch, int64_t start, int64_t end) override;
  Status finish();

private:
  explicit Trace(OutputFile &&file) : file(std::move(file)) {}

  OutputFile file;
  std::string text; ///< that is not in the file yet
  std::optional<npu::TraceText> engines;
  std::optional<int64_t> origin; ///< of the host's time: the first dispatch

  Status write(size_t atLeast);
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_MEASURE_TRACE_H
