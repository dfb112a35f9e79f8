#include "coopt/CostModel/NvdlaSheet.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace coopt;
using namespace coopt::cost;
using namespace coopt::machine;

namespace {

int64_t ceilDivided(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t roundedUp(int64_t a, int64_t unit) { return ceilDivided(a, unit) * unit; }

Status check(const NpuMachine &machine, const NvdlaLayer &layer) {
  const auto &unit = machine.cores.front().mxu;
  if (!unit || !unit->modes.dot) {
    return fail("expected a machine with a matrix unit of mode dot");
  }
  if (!machine.memory.ddr) {
    return fail("expected a machine with memory.ddr");
  }
  for (int64_t size :
       {layer.channels, layer.height, layer.width, layer.filters, layer.filterHeight, layer.filterWidth,
        layer.strideHeight, layer.strideWidth, layer.outputHeight, layer.outputWidth, layer.images}) {
    if (size < 1 || size > (1 << 16)) {
      return fail("layer: expected sizes of 1 .. 2^16, got " + std::to_string(size));
    }
  }
  if (!layer.isPadded && (layer.filterHeight > layer.height || layer.filterWidth > layer.width)) {
    return fail("layer: a filter of " + std::to_string(layer.filterHeight) + " x " +
                std::to_string(layer.filterWidth) + " is larger than its input of " +
                std::to_string(layer.height) + " x " + std::to_string(layer.width));
  }
  return {};
}

} // namespace

double NvdlaLayerCycles::total() const { return std::max({multiply, dram, sramRead, sramWrite}); }

Expected<NvdlaLayerCycles> cost::nvdlaSheetCycles(const NpuMachine &machine, const NvdlaLayer &layer) {
  if (Status status = check(machine, layer); !status) {
    return forward(status.error());
  }
  const NpuCore &core = machine.cores.front();
  const NpuMatrixUnit &unit = *core.mxu;
  const NpuDotMode &dot = *unit.modes.dot;
  const int64_t channelGroup = dot.channelGroup.value_or(unit.rows);
  const int64_t kernelGroup = dot.kernelGroup.value_or(unit.cols);
  const int64_t area = layer.strideHeight * layer.strideWidth;
  const bool isWinograd = dot.winograd && layer.filterHeight == 3 && layer.filterWidth == 3;

  const double channels = roundedUp(layer.channels * area, channelGroup);
  const int64_t rows = ceilDivided(layer.height, layer.strideHeight);
  const int64_t columns = ceilDivided(layer.width, layer.strideWidth);
  const double filter = channels * ceilDivided(layer.filterHeight, layer.strideHeight) *
                        ceilDivided(layer.filterWidth, layer.strideWidth) / 1024;
  const double inputs = channels * rows * columns / 1024;
  const double leastInputs = channels * std::min(layer.filterHeight, rows) * columns / 1024;
  const double weights = filter * layer.filters * (isWinograd && !layer.plainWeights ? 16.0 / 9 : 1);
  const double outputs =
      double(layer.outputHeight) * layer.outputWidth * roundedUp(layer.filters, channelGroup) / 1024;
  const double buffer = core.spad.bytes / 1024.0;
  const double leastWeights = std::min(filter * 32, buffer / 2);

  NvdlaLayerCycles cycles;
  const int64_t heightLeft = layer.isPadded ? layer.height : layer.height - layer.filterHeight + 1;
  const int64_t widthLeft = layer.isPadded ? layer.width : layer.width - layer.filterWidth + 1;
  cycles.multiply =
      channels * ceilDivided(heightLeft, layer.strideHeight) * ceilDivided(widthLeft, layer.strideWidth) *
      roundedUp(layer.filters * layer.images, kernelGroup) * layer.filterHeight * layer.filterWidth / area /
      (core.repeat * unit.rows * unit.cols) / layer.images / (isWinograd ? 2.25 : 1);

  // The sheet's KB over its GB: 1024 bytes are one of 10^6 parts of 10^9.
  const double ghz = machine.clocksMegahertz.core / 1000;
  auto cyclesOf = [&](double kilobytes, double gbytesPerSecond) {
    return std::ceil(kilobytes * 1000 / gbytesPerSecond * ghz);
  };
  const NpuDdr &ddr = *machine.memory.ddr;
  const double weightsOfImage = weights / layer.images;
  double traffic = 0;
  if (const auto &l2 = machine.memory.l2) {
    const double rate =
        l2->bytesPerCycle * machine.clocksMegahertz.l2.value_or(machine.clocksMegahertz.core) / 1000;
    cycles.sramRead = layer.readsNetworkInput ? 0 : cyclesOf(inputs, rate);
    cycles.sramWrite = cyclesOf(outputs, rate);
    traffic = weightsOfImage + (layer.readsNetworkInput ? inputs : 0) + (layer.outputToDram ? outputs : 0);
  } else {
    double inputTimes = 1, weightTimes = 1;
    if (inputs < weights) {
      weightTimes = inputs > buffer - leastWeights ? std::ceil(inputs / (buffer - leastWeights)) : 1;
    } else if (weights > buffer - leastInputs) {
      // Where not even the least of inputs leaves room, filters come in groups of their own least size.
      inputTimes = std::ceil(weights / std::max(buffer - leastInputs, std::min(leastWeights, buffer)));
    }
    traffic = inputs * inputTimes + weightsOfImage * weightTimes + outputs * (layer.addsElementwise ? 2 : 1);
  }
  cycles.dram = cyclesOf(traffic, ddr.channels * ddr.gbytesPerSecondPerChannel);
  return cycles;
}
