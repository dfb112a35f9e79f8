//===- NvdlaSheetTest.cpp - Totals of NVDLA's performance sheet -----------------===//
#include "coopt/CostModel/NvdlaSheet.h"
#include "coopt/Machine/Machine.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace coopt;
using namespace coopt::cost;

namespace {

machine::NpuMachine preset(const char *name) { return *machine::presetNpu(name)->npu(); }

/// Square inputs, filters, strides; `output` after pooling. The networks are those of their publications; what is computed with which layer, and which poolings
/// are fused, is the sheet's.
NvdlaLayer layer(int64_t channels, int64_t input, int64_t filters, int64_t filter, bool padded,
                 int64_t stride, int64_t output) {
  NvdlaLayer made;
  made.channels = channels;
  made.height = made.width = input;
  made.filters = filters;
  made.filterHeight = made.filterWidth = filter;
  made.strideHeight = made.strideWidth = stride;
  made.outputHeight = made.outputWidth = output;
  made.isPadded = padded;
  return made;
}

using Network = std::vector<NvdlaLayer>;

/// Krizhevsky et al. 2012, its halves one after the other; images in groups of 16 in the last three layers.
Network alexNet() {
  Network net = {layer(3, 224, 96, 11, false, 4, 27)};
  const NvdlaLayer halves[] = {layer(48, 27, 128, 5, true, 1, 13), layer(192, 13, 192, 3, true, 1, 13),
                               layer(192, 13, 128, 3, true, 1, 6)};
  net.insert(net.end(), {halves[0], halves[0], layer(256, 13, 384, 3, true, 1, 13), halves[1], halves[1],
                         halves[2], halves[2]});
  for (NvdlaLayer last : {layer(256, 6, 4096, 6, false, 1, 1), layer(4096, 1, 4096, 1, false, 1, 1),
                          layer(4096, 1, 1000, 1, false, 1, 1)}) {
    last.images = 16;
    net.push_back(last);
  }
  return net;
}

/// Szegedy et al. 2015. The three 1 x 1 layers that read a module's input are one. The sheet counts 3 x 3 weights of all modules but the first as
/// they are.
Network googLeNet() {
  struct Module {
    int64_t channels, size, ones, threesIn, threes, fivesIn, fives, pooled, pooledSize;
  };
  const Module modules[] = {
      {192, 28, 64, 96, 128, 16, 32, 32, 28},    {256, 28, 128, 128, 192, 32, 96, 64, 14},
      {480, 14, 192, 96, 208, 16, 48, 64, 14},   {512, 14, 160, 112, 224, 24, 64, 64, 14},
      {512, 14, 128, 128, 256, 24, 64, 64, 14},  {512, 14, 112, 144, 288, 32, 64, 64, 14},
      {528, 14, 256, 160, 320, 32, 128, 128, 7}, {832, 7, 256, 160, 320, 32, 128, 128, 7},
      {832, 7, 384, 192, 384, 48, 128, 128, 1}};
  Network net = {layer(3, 224, 64, 7, true, 2, 56), layer(64, 56, 192, 3, true, 1, 28)};
  for (const Module &m : modules) {
    net.push_back(layer(m.channels, m.size, m.ones + m.threesIn + m.fivesIn, 1, true, 1, m.size));
    net.push_back(layer(m.threesIn, m.size, m.threes, 3, true, 1, m.size));
    net.back().plainWeights = m.channels != modules[0].channels;
    net.push_back(layer(m.fivesIn, m.size, m.fives, 5, true, 1, m.size));
    net.push_back(layer(m.channels, m.size, m.pooled, 1, true, 1, m.pooledSize));
  }
  net.push_back(layer(1024, 1, 1000, 1, false, 1, 1));
  return net;
}

/// He et al. 2016. With SRAM the sheet writes the outputs of all layers but the first six to DRAM as well, and has 16 images in the last.
Network resNet50(bool sram) {
  Network net = {layer(3, 224, 64, 7, true, 2, 56)};
  int64_t channels = 64, size = 56;
  const std::pair<int64_t, int64_t> stages[] = {{64, 3}, {128, 4}, {256, 6}, {512, 3}};
  for (auto [width, blocks] : stages) {
    const int64_t stride = width == 64 ? 1 : 2, out = size / stride;
    for (int64_t i = 0; i < blocks; ++i) {
      const bool isFirst = i == 0, isLast = width == 512 && i + 1 == blocks;
      if (isFirst) {
        net.push_back(layer(channels, size, 4 * width, 1, true, stride, out));
      }
      net.push_back(layer(channels, size, width, 1, true, isFirst ? stride : 1, out));
      channels = 4 * width;
      size = out;
      net.push_back(layer(width, size, width, 3, true, 1, size));
      net.push_back(layer(width, size, channels, 1, true, 1, isLast ? 1 : size));
      net.back().addsElementwise = true;
    }
  }
  net.push_back(layer(2048, 1, 1000, 1, false, 1, 1));
  net.front().readsNetworkInput = true;
  if (sram) {
    for (size_t i = 6; i + 1 < net.size(); ++i) {
      net[i].outputToDram = true;
    }
    net.back().readsNetworkInput = true;
    net.back().images = 16;
  }
  return net;
}

double total(const machine::NpuMachine &machine, const Network &network) {
  double sum = 0;
  for (const NvdlaLayer &each : network) {
    auto cycles = nvdlaSheetCycles(machine, each);
    EXPECT_TRUE(cycles) << cycles.error().message;
    sum += cycles ? cycles->total() : 0;
  }
  return sum;
}

TEST(NvdlaSheet, Totals) {
  // ResNet-50 without SRAM is the one place where the sheet rounds filters up to 128.
  machine::NpuMachine groups128 = preset("nvdla-full");
  groups128.cores[0].mxu->modes.dot->kernelGroup = 128;
  struct Row {
    const char *what, *machine;
    double sheet, here;
    size_t layers;
  };
  const Row rows[] = {{"ResNet-50", "`nvdla-full`, `kernel_group` 128", 7113691,
                       total(groups128, resNet50(false)), resNet50(false).size()},
                      {"ResNet-50, 4 MB SRAM", "`nvdla-full-sram`", 5161544,
                       total(preset("nvdla-full-sram"), resNet50(true)), resNet50(true).size()},
                      {"AlexNet", "`nvdla-full`", 1e9 / 1116.7649664129447,
                       total(preset("nvdla-full"), alexNet()), alexNet().size()},
                      {"GoogLeNet", "`nvdla-full`", 1e9 / 818.28306211341248,
                       total(preset("nvdla-full"), googLeNet()), googLeNet().size()}};
  std::ifstream in(std::string(COOPT_TEST_SOURCE_DIR) + "/../python-free-docs/npu-comparisons.md");
  std::stringstream page;
  page << in.rdbuf();
  for (const Row &row : rows) {
    EXPECT_NEAR(row.here, row.sheet, 0.01 * row.sheet) << row.what;
    std::ostringstream text;
    text.setf(std::ios::fixed);
    text.precision(0);
    text << "| " << row.what << " | " << row.machine << " | " << row.layers << " | " << row.sheet << " | "
         << row.here << " | ";
    text.precision(2);
    const double difference = 100 * (row.here / row.sheet - 1);
    text << (difference > -0.005 && difference < 0 ? 0.0 : difference) << " |";
    EXPECT_NE(page.str().find(text.str()), std::string::npos) << text.str();
  }
}

// The sheet has 256 input channels in the first 1 x 1 layer of ResNet-50's first block, which are 64; with them the totals are equal.
// GoogLeNet's last 1 x 1 layers: their weights are larger than what the least of inputs leaves, and the sheet reads the inputs twice, though
// these would fit.
TEST(NvdlaSheet, WhereTotalsDiffer) {
  machine::NpuMachine groups128 = preset("nvdla-full");
  groups128.cores[0].mxu->modes.dot->kernelGroup = 128;
  Network res = resNet50(false), resSram = resNet50(true);
  ASSERT_EQ(res[2].channels, 64);
  ASSERT_EQ(res[2].filters, 64);
  res[2].channels = resSram[2].channels = 256;
  EXPECT_EQ(total(groups128, res), 7113691);
  EXPECT_EQ(total(preset("nvdla-full-sram"), resSram), 5161544);
  const Network google = googLeNet();
  EXPECT_EQ(nvdlaSheetCycles(preset("nvdla-full"), google[34])->dram, 57668); // there 61649
  EXPECT_EQ(total(preset("nvdla-full"), google) - 57668 + 61649, 1222071);
  EXPECT_EQ(total(preset("nvdla-full"), alexNet()), 895443.5625);
}

// Single layers, as the sheet's cells have them.
TEST(NvdlaSheet, Layers) {
  const machine::NpuMachine full = preset("nvdla-full");
  const Network alex = alexNet(), res = resNet50(false), resSram = resNet50(true), google = googLeNet();
  auto first = nvdlaSheetCycles(full, alex[0]);
  EXPECT_EQ(first->multiply, 49617.5625);
  EXPECT_EQ(first->dram, 25585);
  EXPECT_EQ(nvdlaSheetCycles(full, alex[3])->multiply, 32448); // Winograd
  EXPECT_EQ(nvdlaSheetCycles(full, alex[3])->dram, 164163);
  EXPECT_EQ(nvdlaSheetCycles(full, alex[8])->dram, 231700); // 16 images
  EXPECT_EQ(nvdlaSheetCycles(full, alex[8])->multiply, 18432);
  EXPECT_EQ(nvdlaSheetCycles(full, google[2])->dram, 31475);
  // The first 1 x 1 of stride 2: neither inputs nor weights fit, the inputs are read twice.
  EXPECT_EQ(nvdlaSheetCycles(full, res[11])->dram, 247200);
  const auto sram = nvdlaSheetCycles(preset("nvdla-full-sram"), resSram[1]);
  EXPECT_EQ(sram->dram, 1600);
  EXPECT_EQ(sram->sramRead, 7840);
  EXPECT_EQ(sram->sramWrite, 31360);
  EXPECT_EQ(sram->total(), 31360);
}

// A machine of half the rate takes twice as long.
TEST(NvdlaSheet, GoesByTheMachine) {
  machine::NpuMachine half = preset("nvdla-full");
  const NvdlaLayer of = layer(256, 13, 384, 3, true, 1, 13);
  const NvdlaLayerCycles whole = *nvdlaSheetCycles(half, of);
  half.memory.ddr->gbytesPerSecondPerChannel = 5;
  half.cores[0].mxu->cols = 16;
  EXPECT_EQ(nvdlaSheetCycles(half, of)->dram, 328325);
  EXPECT_EQ(nvdlaSheetCycles(half, of)->multiply, 2 * whole.multiply);
  half.cores[0].mxu->modes.dot->winograd = false;
  EXPECT_EQ(nvdlaSheetCycles(half, of)->multiply, 4.5 * whole.multiply);
  half.cores[0].spad.bytes = 64 * 1024; // inputs of 42.25 KB, of weights 72 KB at a time: half of the buffer
  EXPECT_EQ(nvdlaSheetCycles(half, of)->dram, 2 * 100 * (42.25 + 2 * 864 + 63.375));
}

TEST(NvdlaSheet, Refused) {
  auto message = [](const char *machine, const NvdlaLayer &of) {
    auto cycles = nvdlaSheetCycles(preset(machine), of);
    return cycles ? "computed" : cycles.error().message;
  };
  EXPECT_EQ(message("nvdla-full", layer(1, 1, 1, 1, false, 1, 1)), "computed");
  EXPECT_EQ(message("gemmini16", layer(1, 1, 1, 1, false, 1, 1)),
            "expected a machine with a matrix unit of mode dot");
  EXPECT_EQ(message("nvdla-full", layer(0, 1, 1, 1, false, 1, 1)),
            "layer: expected sizes of 1 .. 2^16, got 0");
  EXPECT_EQ(message("nvdla-full", layer(1, 3, 1, 5, false, 1, 1)),
            "layer: a filter of 5 x 5 is larger than its input of 3 x 3");
  EXPECT_EQ(message("nvdla-full", layer(1, 3, 1, 5, true, 1, 3)), "computed");
  machine::NpuMachine hbm = preset("edge1");
  hbm.memory.ddr.reset();
  hbm.cores[0].mxu->modes.dot = machine::NpuDotMode{8};
  EXPECT_EQ(nvdlaSheetCycles(hbm, layer(1, 1, 1, 1, false, 1, 1)).error().message,
            "expected a machine with memory.ddr");
}

} // namespace
