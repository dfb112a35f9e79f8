//===- DotArrayTest.cpp - Cycles of NVDLA's nv_small RTL -------------------------===//
#include "coopt/CostModel/DotArray.h"
#include "coopt/Machine/Machine.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace coopt;
using namespace coopt::cost;

namespace {

machine::NpuMachine small(double latency) {
  machine::NpuMachine machine = *machine::presetNpu("nvdla-small")->npu();
  machine.memory.ddr->latencyNanoseconds = latency;
  return machine;
}

/// All numbers of a text, in order.
std::vector<int64_t> numbers(const std::string &text) {
  std::vector<int64_t> list;
  bool inside = false;
  for (char c : text) {
    if (c >= '0' && c <= '9') {
      if (!inside) {
        list.push_back(0);
      }
      list.back() = 10 * list.back() + (c - '0');
    }
    inside = c >= '0' && c <= '9';
  }
  return list;
}

/// Cells of a line of CSV; quotes hold commas.
std::vector<std::string> cellsOf(const std::string &line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

TEST(DotArray, RowsOfTheRtl) {
  std::ifstream in(COOPT_TEST_DATA "/data/nvdla_small_rtl_cycles.csv");
  std::string line;
  if (!std::getline(in, line)) {
    GTEST_SKIP() << "no data/nvdla_small_rtl_cycles.csv: COOPT_TEST_DATA names the folder of test data";
  }
  std::ifstream pageFile(std::string(COOPT_TEST_SOURCE_DIR) + "/../python-free-docs/npu-comparisons.md");
  std::stringstream page;
  page << pageFile.rdbuf();
  double sum = 0;
  int64_t count = 0;
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = cellsOf(line);
    ASSERT_EQ(cells.size(), 12u) << line;
    // input_WxHxC, kernel_WxH->K, output_WxH, stride, pads, dilation: one number means both
    const auto input = numbers(cells[0]), kernel = numbers(cells[1]), output = numbers(cells[2]);
    auto pair = [&](size_t cell) {
      const auto list = numbers(cells[cell]);
      return std::pair(list.front(), list.back());
    };
    std::vector<int64_t> pads = numbers(cells[4]);
    pads.resize(4, pads.front());
    DotConvolution layer;
    layer.width = input.at(0), layer.height = input.at(1), layer.channels = input.at(2);
    layer.kernelWidth = kernel.at(0), layer.kernelHeight = kernel.at(1), layer.kernels = kernel.at(2);
    std::tie(layer.strideX, layer.strideY) = pair(3);
    std::tie(layer.dilationX, layer.dilationY) = pair(5);
    layer.padLeft = pads[0], layer.padRight = pads[1], layer.padTop = pads[2], layer.padBottom = pads[3];
    std::string row = "| " + cells[0] + " | " + cells[1] + " |";
    const std::pair<double, size_t> latencies[] = {{1, 7}, {32, 8}, {100, 9}};
    for (auto [latency, cell] : latencies) {
      auto cycles = dotCycles(small(latency), layer);
      ASSERT_TRUE(cycles) << cells[0] << ": " << cycles.error().message;
      EXPECT_EQ(cycles->outputWidth, output.at(0)) << cells[0];
      EXPECT_EQ(cycles->outputHeight, output.at(1)) << cells[0];
      EXPECT_EQ(cycles->ideal, std::stoll(cells[6])) << cells[0];
      EXPECT_EQ(cycles->readBytes, std::stoll(cells[10])) << cells[0];
      EXPECT_EQ(cycles->writtenBytes, std::stoll(cells[11])) << cells[0];
      const double error = cycles->total / std::stod(cells[cell]) - 1;
      EXPECT_LE(std::fabs(error), 0.15) << cells[0] << " latency " << latency;
      sum += std::fabs(error);
      ++count;
      std::ostringstream text;
      text.setf(std::ios::fixed | std::ios::showpos);
      text.precision(1);
      text << (std::fabs(error) < 0.0005 ? 0.0 : 100 * error);
      row += " " + cells[cell] + " | " + text.str() + " |";
    }
    EXPECT_NE(page.str().find(row), std::string::npos) << row;
  }
  EXPECT_EQ(count, 24);
  EXPECT_LE(sum / count, 0.06);
  std::ostringstream mean;
  mean.precision(2);
  mean << "mean of the errors' magnitudes: " << 100 * sum / count << " %";
  EXPECT_NE(page.str().find(mean.str()), std::string::npos) << mean.str();
}

TEST(DotArray, ByHand) {
  machine::NpuMachine machine = small(5);
  machine.clocksMegahertz.core = 2000; // latency of 10 cycles
  machine::NpuDotMode &dot = *machine.cores[0].mxu->modes.dot;
  dot.startCycles = 100;
  dot.pipelineCycles = 20;
  dot.handoverCycles = 10;
  DotConvolution layer; // one output: 128 bytes of weights, 8 of inputs; a step of 8 cycles
  EXPECT_EQ(dotCycles(machine, layer)->total, 17 + 20 + 10 + 100 + 20);
  // 42 outputs: stripes of 16, 8, 8 and 10, each with 9 x 8 steps. The last one's sums come last.
  layer.width = 42;
  layer.channels = 64;
  layer.kernelWidth = layer.kernelHeight = 3;
  layer.padLeft = layer.padRight = layer.padTop = layer.padBottom = 1;
  layer.kernels = 8;
  EXPECT_EQ(dotCycles(machine, layer)->total,
            (42 * 64 + 9 * 64 * 8) / 8 + 72 * 42 - 10 + 20 + 10 * 10 + 100 + 20);
  // Without anything else to do a stripe waits for the handing over of the one before.
  layer = DotConvolution();
  layer.width = 64;
  layer.kernels = 8;
  // stripes at 0, +20+160 ..: the buffer has room for a whole stripe only when it is empty
  EXPECT_EQ(dotCycles(machine, layer)->total, (64 * 8 + 128) / 8 + 3 * 180 + 180 + 100 + 20);
}

TEST(DotArray, Refused) {
  auto message = [](const machine::NpuMachine &machine, const DotConvolution &layer) {
    auto cycles = dotCycles(machine, layer);
    return cycles ? "computed" : cycles.error().message;
  };
  DotConvolution layer;
  EXPECT_EQ(message(small(1), layer), "computed");
  EXPECT_EQ(message(*machine::presetNpu("gemmini16")->npu(), layer),
            "expected a machine with a matrix unit of mode dot and memory.ddr");
  EXPECT_EQ(message(*machine::presetNpu("nvdla-full")->npu(), layer),
            "modes.dot: expected handover_cycles, pipeline_cycles and start_cycles");
  layer.kernelWidth = 3;
  EXPECT_EQ(message(small(1), layer), "convolution: the kernel is larger than its input with padding");
  layer.padLeft = -1;
  EXPECT_EQ(message(small(1), layer), "convolution: expected paddings of 0 .. 2^16, got -1");
  layer.padLeft = 2;
  EXPECT_EQ(message(small(1), layer), "computed");
  layer.channels = 0;
  EXPECT_EQ(message(small(1), layer), "convolution: expected sizes of 1 .. 2^16, got 0");
  layer.channels = 65536;
  layer.width = 65536;
  EXPECT_EQ(message(small(1), layer),
            "convolution: inputs and the weights of a group are larger than the buffer of 131072 bytes");
}

} // namespace
