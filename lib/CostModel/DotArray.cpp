#include "coopt/CostModel/DotArray.h"

#include <algorithm>
#include <string>

using namespace coopt;
using namespace coopt::cost;
using namespace coopt::machine;

namespace {

constexpr int64_t kMost = 1 << 16;
constexpr int64_t kMostStripes = int64_t(1) << 26;
constexpr int64_t kWeightUnit = 128; ///< bytes

int64_t ceilDivided(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t roundedUp(int64_t a, int64_t unit) { return ceilDivided(a, unit) * unit; }

Status check(const NpuMachine &machine, const DotConvolution &l) {
  const auto &unit = machine.cores.front().mxu;
  if (!unit || !unit->modes.dot || !machine.memory.ddr) {
    return fail("expected a machine with a matrix unit of mode dot and memory.ddr");
  }
  const NpuDotMode &dot = *unit->modes.dot;
  if (!dot.handoverCycles || !dot.pipelineCycles || !dot.startCycles) {
    return fail("modes.dot: expected handover_cycles, pipeline_cycles and start_cycles");
  }
  for (int64_t size : {l.width, l.height, l.channels, l.kernelWidth, l.kernelHeight, l.kernels, l.strideX,
                       l.strideY, l.dilationX, l.dilationY}) {
    if (size < 1 || size > kMost) {
      return fail("convolution: expected sizes of 1 .. 2^16, got " + std::to_string(size));
    }
  }
  for (int64_t padding : {l.padLeft, l.padRight, l.padTop, l.padBottom}) {
    if (padding < 0 || padding > kMost) {
      return fail("convolution: expected paddings of 0 .. 2^16, got " + std::to_string(padding));
    }
  }
  return {};
}

/// Outputs along one direction; not positive: the kernel does not fit.
int64_t outputs(int64_t input, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride) {
  const int64_t left = input + padding - ((kernel - 1) * dilation + 1);
  return left < 0 ? 0 : left / stride + 1;
}

} // namespace

Expected<DotCycles> cost::dotCycles(const NpuMachine &machine, const DotConvolution &l) {
  if (Status status = check(machine, l); !status) {
    return forward(status.error());
  }
  const NpuCore &core = machine.cores.front();
  const NpuMatrixUnit &unit = *core.mxu;
  const NpuDotMode &dot = *unit.modes.dot;
  DotCycles cycles;
  cycles.outputWidth = outputs(l.width, l.padLeft + l.padRight, l.kernelWidth, l.dilationX, l.strideX);
  cycles.outputHeight = outputs(l.height, l.padTop + l.padBottom, l.kernelHeight, l.dilationY, l.strideY);
  if (cycles.outputWidth < 1 || cycles.outputHeight < 1) {
    return fail("convolution: the kernel is larger than its input with padding");
  }
  const int64_t pixels = cycles.outputWidth * cycles.outputHeight;
  const int64_t steps = l.kernelWidth * l.kernelHeight * ceilDivided(l.channels, unit.rows);
  const int64_t groups = ceilDivided(l.kernels, unit.cols);
  const int64_t stripe = 2 * unit.cols;
  if (pixels / unit.cols * groups > kMostStripes) {
    return fail("convolution: more than 2^26 stripes");
  }
  const __int128 kernelBytes = static_cast<__int128>(l.kernelWidth) * l.kernelHeight * l.channels;
  const __int128 inputBytes = static_cast<__int128>(l.width) * l.height * roundedUp(l.channels, unit.rows);
  const __int128 firstBytes = kernelBytes * std::min(l.kernels, unit.cols);
  if (inputBytes + firstBytes > core.spad.bytes) {
    return fail("convolution: inputs and the weights of a group are larger than the buffer of " +
                std::to_string(core.spad.bytes) + " bytes");
  }
  cycles.ideal = pixels * steps * groups;
  const int64_t weightBytes = roundedUp(static_cast<int64_t>(kernelBytes * l.kernels), kWeightUnit);
  cycles.readBytes = static_cast<int64_t>(inputBytes) + weightBytes;
  cycles.writtenBytes = pixels * roundedUp(l.kernels, unit.cols);

  const int64_t first = std::min(roundedUp(static_cast<int64_t>(firstBytes), kWeightUnit), weightBytes);
  double start = ceilDivided(static_cast<int64_t>(inputBytes) + first, core.dma.bytesPerCycle);
  double handedOver = 0; // when the buffer is empty
  int64_t before = 0;    // outputs of the stripe before
  for (int64_t group = 0; group < groups; ++group) {
    for (int64_t done = 0, length = 0; done < pixels; done += length) {
      const int64_t left = pixels - done;
      length = left >= 2 * stripe ? stripe : left <= stripe ? left : unit.cols;
      const double each = std::max(length, dot.minimumStripeCycles);
      const int64_t room = std::min(before, stripe - length); // of the stripe before that may still be there
      const double last =
          std::max(start + (steps - 1) * each, handedOver - static_cast<double>(room * *dot.handoverCycles));
      start = last + each;
      handedOver = std::max(last + *dot.pipelineCycles, handedOver) + length * *dot.handoverCycles;
      before = length;
    }
  }
  const double latency = machine.memory.ddr->latencyNanoseconds * machine.clocksMegahertz.core / 1000;
  cycles.total = std::max(start, handedOver) + *dot.startCycles + 2 * latency;
  return cycles;
}
