#include "coopt/Machine/Gpu.h"

#include "coopt/Support/Json.h"

using namespace coopt;
using namespace coopt::machine;

namespace {

constexpr int64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

// Latencies and bandwidths of L2: Luo and others, "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via Microbenchmarking"
// (arXiv 2402.13499), for A100, Ada and H100; those of B200 are H100's by clock and size until somebody has measured them.

GpuMachine a100() {
  GpuMachine gpu;
  gpu.name = "a100";
  gpu.source = "NVIDIA A100 SXM 80 GB data sheet; L2, latency: arXiv 2402.13499";
  gpu.architecture = "sm_80";
  gpu.multiprocessors = 108;
  gpu.clockMegahertz = 1410;
  gpu.f32Tflops = 19.5;
  gpu.f16Tflops = 312;
  gpu.eightBitTops = 624;
  gpu.tileRows = 16;
  gpu.sharedBytes = 164 * KiB;
  gpu.sharedBytesPerBlock = 163 * KiB;
  gpu.sharedBytesPerCycle = 128;
  gpu.threads = 2048;
  gpu.l2Bytes = 40 * MiB;
  gpu.l2GbytesPerSecond = 4000;
  gpu.l2BytesPerCycle = 64;
  gpu.memoryBytes = 80 * GiB;
  gpu.memoryGbytesPerSecond = 2039;
  gpu.memoryLatencyNanoseconds = 560;
  gpu.launchNanoseconds = 1500;
  return gpu;
}

GpuMachine l40s() {
  GpuMachine gpu;
  gpu.name = "l40s";
  gpu.source = "NVIDIA L40S data sheet; L2, latency: arXiv 2402.13499 (Ada)";
  gpu.architecture = "sm_89";
  gpu.multiprocessors = 142;
  gpu.clockMegahertz = 2520;
  gpu.f32Tflops = 91.6;
  gpu.f16Tflops = 362;
  gpu.eightBitTops = 733;
  gpu.tileRows = 16;
  gpu.sharedBytes = 100 * KiB;
  gpu.sharedBytesPerBlock = 99 * KiB;
  gpu.sharedBytesPerCycle = 128;
  gpu.threads = 1536;
  gpu.l2Bytes = 96 * MiB;
  gpu.l2GbytesPerSecond = 4500;
  gpu.l2BytesPerCycle = 64;
  gpu.memoryBytes = 48 * GiB;
  gpu.memoryGbytesPerSecond = 864;
  gpu.memoryLatencyNanoseconds = 540;
  gpu.launchNanoseconds = 1500;
  return gpu;
}

GpuMachine h100() {
  GpuMachine gpu;
  gpu.name = "h100";
  gpu.source = "NVIDIA H100 SXM data sheet; L2, latency: arXiv 2402.13499";
  gpu.architecture = "sm_90a";
  gpu.multiprocessors = 132;
  gpu.clockMegahertz = 1830;
  gpu.f32Tflops = 67;
  gpu.f16Tflops = 989;
  gpu.eightBitTops = 1979;
  gpu.tileRows = 64;
  gpu.sharedBytes = 228 * KiB;
  gpu.sharedBytesPerBlock = 227 * KiB;
  gpu.sharedBytesPerCycle = 128;
  gpu.threads = 2048;
  gpu.l2Bytes = 50 * MiB;
  gpu.l2GbytesPerSecond = 5500;
  gpu.l2BytesPerCycle = 64;
  gpu.memoryBytes = 80 * GiB;
  gpu.memoryGbytesPerSecond = 3350;
  gpu.memoryLatencyNanoseconds = 600;
  gpu.launchNanoseconds = 1500;
  return gpu;
}

GpuMachine b200() {
  GpuMachine gpu = h100();
  gpu.name = "b200";
  gpu.source = "NVIDIA B200 data sheet; L2, latency: scaled from H100, not measured";
  gpu.architecture = "sm_100a";
  gpu.multiprocessors = 148;
  gpu.clockMegahertz = 1850;
  gpu.f32Tflops = 75;
  gpu.f16Tflops = 2250;
  gpu.eightBitTops = 4500;
  gpu.l2Bytes = 126 * MiB;
  gpu.l2GbytesPerSecond = 8000;
  gpu.memoryBytes = 180 * GiB;
  gpu.memoryGbytesPerSecond = 8000;
  return gpu;
}

const std::vector<GpuMachine> &presets() {
  static const std::vector<GpuMachine> all = {a100(), l40s(), h100(), b200()};
  return all;
}

} // namespace

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
