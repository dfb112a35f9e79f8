#include "coopt/Machine/Gpu.h"

#include "coopt/Support/Json.h"

using namespace coopt;
using namespace coopt::machine;

// Latencies and bandwidths of L2: Luo and others, "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via Microbenchmarking"
// (arXiv 2402.13499), for A100, Ada and H100; those of B200 are H100's by clock and size until somebody has measured them.
static const std::vector<GpuMachine> &presets() {
  static const std::vector<GpuMachine> all = {
      {"a100",
       "NVIDIA A100 SXM 80 GB data sheet; L2, latency: arXiv 2402.13499",
       "sm_80",
       108,
       1410,
       19.5,
       312,
       624,
       16,
       164 << 10,
       163 << 10,
       128,
       2048,
       int64_t(40) << 20,
       4000,
       64,
       int64_t(80) << 30,
       2039,
       560,
       1500},
      {"l40s",
       "NVIDIA L40S data sheet; L2, latency: arXiv 2402.13499 (Ada)",
       "sm_89",
       142,
       2520,
       91.6,
       362,
       733,
       16,
       100 << 10,
       99 << 10,
       128,
       1536,
       int64_t(96) << 20,
       4500,
       64,
       int64_t(48) << 30,
       864,
       540,
       1500},
      {"h100",
       "NVIDIA H100 SXM data sheet; L2, latency: arXiv 2402.13499",
       "sm_90a",
       132,
       1830,
       67,
       989,
       1979,
       64,
       228 << 10,
       227 << 10,
       128,
       2048,
       int64_t(50) << 20,
       5500,
       64,
       int64_t(80) << 30,
       3350,
       600,
       1500},
      {"b200",
       "NVIDIA B200 data sheet; L2, latency: scaled from H100, not measured",
       "sm_100a",
       148,
       1850,
       75,
       2250,
       4500,
       64,
       228 << 10,
       227 << 10,
       128,
       2048,
       int64_t(126) << 20,
       8000,
       64,
       int64_t(180) << 30,
       8000,
       600,
       1500},
  };
  return all;
}

const std::vector<std::string> &machine::presetGpuNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const GpuMachine &gpu : presets()) {
      list.push_back(gpu.name);
    }
    return list;
  }();
  return names;
}

Expected<GpuMachine> machine::presetGpu(std::string_view name) {
  for (const GpuMachine &gpu : presets()) {
    if (gpu.name == name) {
      return gpu;
    }
  }
  return fail("expected the gpu preset " + alternatives(presetGpuNames()) + ", got '" +
              std::string(name.substr(0, 64)) + "'" + didYouMean(name, presetGpuNames()));
}
