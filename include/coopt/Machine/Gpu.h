//===- Gpu.h - What a GPU can do, as data ---------------------------------===//
#ifndef COOPT_MACHINE_GPU_H
#define COOPT_MACHINE_GPU_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::machine {

/// A multiply-add counts as two operations; rates are those of the whole GPU, without structured sparsity.
struct GpuMachine {
  std::string name;         ///< "h100"
  std::string source;       ///< where the numbers come from
  std::string architecture; ///< "sm_90a"
  int64_t multiprocessors = 0;
  double clockMegahertz = 0;
  double f32Tflops = 0;    ///< of the ordinary cores
  double f16Tflops = 0;    ///< of the tensor cores, f16 and bf16, sums in f32
  double eightBitTops = 0; ///< of the tensor cores, int8 or fp8
  int64_t tileRows = 0;    ///< rows of the smallest matrix instruction: 16 (mma), 64 (wgmma)
  int64_t sharedBytes = 0; ///< shared memory of a multiprocessor
  int64_t sharedBytesPerBlock = 0;
  double sharedBytesPerCycle = 0; ///< of a multiprocessor
  int64_t threads = 0;            ///< at most, of a multiprocessor
  int64_t l2Bytes = 0;
  double l2GbytesPerSecond = 0;
  double l2BytesPerCycle = 0; ///< into one multiprocessor
  int64_t memoryBytes = 0;
  double memoryGbytesPerSecond = 0;
  double memoryLatencyNanoseconds = 0;
  double launchNanoseconds = 0; ///< from the end of a kernel to the start of the next, in a graph
};

/// a100 (sm_80), l40s (sm_89), h100 (sm_90a), b200 (sm_100a): data sheets of NVIDIA; what these don't say (bandwidth of L2, latency, launches) as
/// published microbenchmarks have it. Errors: an unknown name; the message lists the known ones.
Expected<GpuMachine> presetGpu(std::string_view name);
const std::vector<std::string> &presetGpuNames();

} // namespace coopt::machine

#endif // COOPT_MACHINE_GPU_H
