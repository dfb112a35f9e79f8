//===- Trace.h - A run as a trace for ui.perfetto.dev --------------------------===//
//
// # Trace
//
// Chrome trace event JSON. A process for each core; for each engine a track with a slice for each entry (the matrix engine has one for each of its
// units, whose entries overlap) and beside it a track with its stalls. A slice is named by its instruction; its arguments are the entry, the op
// (the name of the run, or without one the location of the image) and, of a DMA, the bytes. Counters of process "all cores": bytes of DRAM and L2, read and written so far by DMAs.
// Times are in microseconds, as the format wants them; `cycles` are arguments. Several runs come one behind the other, each with a slice of its
// own in process "all cores" if it has a name.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_TRACE_H
#define COOPT_NPU_SIM_TRACE_H

#include "Npu/Sim/Report.h"

#include <nlohmann/json_fwd.hpp>
#include <set>

namespace coopt::npu {

/// The text of a trace, run by run.
class TraceText {
public:
  explicit TraceText(const machine::NpuMachine &machine);

  struct Run {
    std::string name, category;
    std::string kernel;
    uint64_t items = 0;
  };
  /// A run, of which slices and stalls were kept, behind those before; `as`, unless null, is its slice.
  void add(const Image &image, const Report &report, const Run *as = nullptr);
  /// Something between two runs that took no cycles.
  void mark(const Run &run);
  /// What was written since the last time.
  std::string take();
  /// The end; nothing comes behind it.
  void finish();

private:
  friend class TraceRun;
  struct Counter {
    const char *name;
    uint64_t read = 0, written = 0;
  };

  const double clock;
  std::string text;
  bool isFirst = true;
  uint64_t base = 0;                             ///< cycles of the runs before
  std::set<std::pair<unsigned, unsigned>> named; ///< process, track
  Counter counters[2] = {{"dram bytes"}, {"l2 bytes"}};

  void event(const nlohmann::ordered_json &event);
  void meta(const char *what, unsigned process, unsigned thread, const nlohmann::ordered_json &arguments);
  void process(unsigned number, const std::string &name);
  void track(unsigned process, unsigned thread, const std::string &name);
  void run(const Run &run, uint64_t cycles, nlohmann::ordered_json arguments);
  double microseconds(uint64_t cycles) const { return static_cast<double>(cycles) / clock; }
};

std::string traceJson(const machine::NpuMachine &machine, const Image &image, const Report &report);
Status writeTrace(const std::string &path, const machine::NpuMachine &machine, const Image &image,
                  const Report &report);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_TRACE_H
