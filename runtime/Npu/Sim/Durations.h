//===- Durations.h - How long instructions take -----------------------------===//
//
// Of an entry alone, with registers resolved, in cycles of the core. What engines share (ports, banks, channels of DRAM) is assumed to be
// free. Matrix products follow the laws of CostModel/MatrixArray.h; here is how they are made of entries:
//
//   mxu.weights    K cycles of the weight port, one for each row (more where a row is wider than the port)
//   mxu.stream     M cycles of the activation port; the last sum is out (R-1)v + (C-1)h + 1 cycles after the last word
//   mxu.multiply   K cycles of both ports; a cell's last sum is in its shadow (M-1)v + (C-1)h cycles later
//   mxu.drain      R cycles
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_DURATIONS_H
#define COOPT_NPU_SIM_DURATIONS_H

#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Effects.h"

namespace coopt::npu {

struct Duration {
  uint64_t occupied = 1; ///< until the next entry of the same part of the engine may start
  uint64_t latency = 1;  ///< until results are there; at least `occupied`
};

/// `accesses`: those of the entry.
Duration durationOf(const machine::NpuMachine &machine, const Settings &settings, const Entry &entry,
                    const std::vector<Access> &accesses);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_DURATIONS_H
