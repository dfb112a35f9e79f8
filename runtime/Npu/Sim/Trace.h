//===- Trace.h - A run as a trace for ui.perfetto.dev --------------------------===//
//
// # Trace
//
// Chrome trace event JSON. A process for each core; for each engine a track with a slice for each entry (the matrix engine has one for each of its
// units, whose entries overlap) and beside it a track with its stalls. A slice is named by its instruction; its arguments are the entry, the op
// (the location of the image) and, of a DMA, the bytes. Counters of process "memories": bytes of DRAM and L2, read and written so far by DMAs.
// Times are in microseconds, as the format wants them; `cycles` are arguments.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_TRACE_H
#define COOPT_NPU_SIM_TRACE_H

#include "Npu/Sim/Report.h"

namespace coopt::npu {

std::string traceJson(const machine::NpuMachine &machine, const Image &image, const Report &report);
Status writeTrace(const std::string &path, const machine::NpuMachine &machine, const Image &image,
                  const Report &report);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_TRACE_H
