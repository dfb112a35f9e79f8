// Every number here was worked out by hand from the formulas in GpuCostModel.h, on a GPU with round numbers.
#include "coopt/CostModel/GpuCostModel.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;

namespace {

/// 10 multiprocessors at 1 GHz; 1, 10 and 20 TOPS; instructions of 16 rows; 64 KiB of shared memory, 48 KiB a block, 100 bytes a cycle; L2 1 MiB at
/// 500 GB/s and 100 bytes a cycle; memory at 100 GB/s, 500 ns; 1000 ns a launch.
GpuCostModel model() {
  machine::GpuMachine gpu;
  gpu.name = "round";
  gpu.architecture = "sm_0";
  gpu.multiprocessors = 10;
  gpu.clockMegahertz = 1000;
  gpu.f32Tflops = 1;
  gpu.f16Tflops = 10;
  gpu.eightBitTops = 20;
  gpu.tileRows = 16;
  gpu.sharedBytes = 64 << 10;
  gpu.sharedBytesPerBlock = 48 << 10;
  gpu.sharedBytesPerCycle = 100;
  gpu.threads = 1024;
  gpu.l2Bytes = 1 << 20;
  gpu.l2GbytesPerSecond = 500;
  gpu.l2BytesPerCycle = 100;
  gpu.memoryBytes = int64_t(1) << 30;
  gpu.memoryGbytesPerSecond = 100;
  gpu.memoryLatencyNanoseconds = 500;
  gpu.launchNanoseconds = 1000;
  return GpuCostModel(gpu);
}

KernelSummary contraction(int64_t m, int64_t n, int64_t k, const std::string &type, double bytes) {
  KernelSummary kernel;
  kernel.kind = KernelKind::Contraction;
  kernel.id = "up";
  kernel.m = m;
  kernel.n = n;
  kernel.k = k;
  kernel.operationsPerElement = 0;
  const auto rows = static_cast<double>(m), columns = static_cast<double>(n), inner = static_cast<double>(k);
  kernel.operands = {{OperandRole::Activation, type, rows * inner * bytes, false},
                     {OperandRole::Weight, type, columns * inner * bytes, true},
                     {OperandRole::Output, "f16", rows * columns * 2, false}};
  return kernel;
}

Candidate tiles(int64_t rows, int64_t columns, int64_t inner, int64_t stages, int64_t split = 1) {
  return {rows, columns, inner, "", split, stages};
}

double nanoseconds(const Estimate &estimate, const std::string &term) {
  for (const Term &one : estimate.terms) {
    if (one.name == term) {
      return one.seconds * 1e9;
    }
  }
  return -1;
}

} // namespace

TEST(GpuCostModel, ALargeProductIsBoundByItsInstructions) {
  // 512 x 640 x 1000 of f16 in tiles of 64 x 128: 8 x 5 blocks; 2 stages of 192 rows of 32 elements, 24576 bytes, so two on a multiprocessor:
  // 20 slots, two full waves.
  Estimate e = *model().estimate(contraction(512, 640, 1000, "f16", 2), tiles(64, 128, 32, 2));
  EXPECT_NEAR(nanoseconds(e, "tensor"), 2 * 512. * 640 * 1000 / 10e3, 1e-6);
  const double l2 = 40 * 192. * 2 * 1000;
  EXPECT_NEAR(nanoseconds(e, "L2"), l2 / 500, 1e-6);
  // Written and read, and the weights again by each of the other three instructions' rows.
  EXPECT_NEAR(nanoseconds(e, "shared"), (2 * l2 + 40 * 3 * 128. * 2 * 1000) / 1000, 1e-6);
  // All blocks bring 20 x 24576 bytes within a latency: more than the memory has.
  // Activations and results do not fit L2.
  EXPECT_NEAR(nanoseconds(e, "memory"), (640 * 1000 * 2 + 512 * 1000 * 2 + 512 * 640 * 2) / 100., 1e-6);
  EXPECT_EQ(e.bound, "tensor");
  EXPECT_NEAR(e.seconds * 1e9, 65536 + 500 + 1000, 1e-6);
  EXPECT_NEAR(e.rooflineSeconds * 1e9, 65536, 1e-6);
}

TEST(GpuCostModel, TheLastWaveIsWaitedFor) {
  // 11 blocks of 48 KiB, one on each of 10 multiprocessors: two waves, 11 / 20.
  Estimate e = *model().estimate(contraction(64, 11 * 128, 128, "f16", 2), tiles(64, 128, 128, 1));
  EXPECT_NEAR(nanoseconds(e, "tensor"), 2 * 64. * 1408 * 128 / 10e3 * 20 / 11, 1e-6);
}

TEST(GpuCostModel, FewBlocksDoNotFillTheMemory) {
  // One row: 16 are computed. 4 blocks with 2 stages of (1 + 64) x 64 bytes under way each.
  KernelSummary kernel = contraction(1, 256, 4096, "i8", 1);
  Estimate e = *model().estimate(kernel, tiles(0, 64, 64, 2));
  EXPECT_NEAR(nanoseconds(e, "tensor"), 2 * 16. * 256 * 4096 / 20e3 * 10 / 4, 1e-6);
  const double bandwidth = 4 * 2 * 65 * 64 / 500.; // bytes per ns
  EXPECT_NEAR(nanoseconds(e, "memory"), 256 * 4096 / bandwidth, 1e-6);
  EXPECT_EQ(e.bound, "memory");
  // Eight parts of k: 32 blocks, so that the memory is the limit; their sums are merged.
  Estimate split = *model().estimate(kernel, tiles(0, 64, 64, 2, 8));
  EXPECT_NEAR(nanoseconds(split, "memory"), 256 * 4096 / 100., 1e-6);
  EXPECT_NEAR(nanoseconds(split, "merge"), (4 * 8 * 256 + 2 * 256) / 500. + 1000, 1e-6);
  EXPECT_LT(split.seconds, e.seconds);
}

TEST(GpuCostModel, GroupsOfCodesAreTheCores) {
  // w4a8 in groups of 32: two operations decode a code for each of 2 tiles of rows, two scale and add a group's sum.
  KernelSummary kernel = contraction(128, 256, 1024, "i8", 1);
  kernel.operands[1].bytes /= 2;
  kernel.codes = {4, 32, false};
  Estimate e = *model().estimate(kernel, tiles(64, 64, 64, 2));
  const double work = 2 * 256. * 1024 * 2 + 2 * 128 * 256 * 32.;
  EXPECT_NEAR(nanoseconds(e, "cores"), work / 1e3 * 10 / 8, 1e-6); // 8 blocks
  kernel.codes = {8, 0, true};
  EXPECT_EQ(nanoseconds(*model().estimate(kernel, tiles(64, 64, 64, 2)), "cores"), 0);
  kernel.operands[0].type = "f16"; // codes of 8 bits under floats become floats, on slower tensor cores
  EXPECT_GT(nanoseconds(*model().estimate(kernel, tiles(64, 64, 64, 2)), "cores"), 0);
  EXPECT_NEAR(nanoseconds(*model().estimate(kernel, tiles(64, 64, 64, 2)), "tensor"),
              2 * 128. * 256 * 1024 / 10e3 * 10 / 8, 1e-6);
}

TEST(GpuCostModel, SplitAttentionReadsKeysOnce) {
  // One query of 8 heads in 2 groups over 4096 keys of f16, size 64: 2 x 16 blocks.
  KernelSummary kernel;
  kernel.kind = KernelKind::Attention;
  kernel.id = "attend";
  kernel.queries = 1;
  kernel.keys = 4096;
  kernel.heads = 8;
  kernel.headsPerBlock = 4;
  kernel.headSize = 64;
  kernel.operationsPerElement = 10;
  kernel.operands = {{OperandRole::State, "f16", 2 * 4096 * 2 * 64 * 2, true}};
  Estimate e = *model().estimate(kernel, tiles(1, 64, 0, 2, 16));
  EXPECT_NEAR(nanoseconds(e, "memory"), 2097152 / 100., 1e-6);
  // 32 blocks of 32 KiB, two on each of ten: two waves of 20. Four heads fill a quarter of an instruction's rows.
  EXPECT_NEAR(nanoseconds(e, "tensor"), 4 * 8 * 4096 * 64. * 4 / 10e3 * 40 / 32, 1e-6);
  EXPECT_NEAR(nanoseconds(e, "merge"), 4 * 17 * 8 * 64 / 500. + 1000, 1e-6);
  EXPECT_EQ(e.bound, "memory");
}

TEST(GpuCostModel, RowsComeFromMemoryIfL2HasNoRoom) {
  KernelSummary kernel;
  kernel.kind = KernelKind::Rows;
  kernel.id = "norm";
  kernel.rows = 256;
  kernel.rowElements = 1024;
  kernel.operationsPerElement = 4;
  kernel.operands = {{OperandRole::Activation, "f32", 1 << 19, false},
                     {OperandRole::Output, "f32", 1 << 19, false}};
  EXPECT_NEAR(model().estimate(kernel, {})->seconds * 1e9, (1 << 20) / 500. + 1500, 1e-6);
  kernel.operands[1].bytes += 4;
  EXPECT_EQ(model().estimate(kernel, {})->bound, "memory");
}

TEST(GpuCostModel, RefusesTilesThatABlockHasNoRoomFor) {
  auto refusal = [](const KernelSummary &kernel, const Candidate &candidate) {
    auto estimate = model().estimate(kernel, candidate);
    return estimate ? "estimated" : estimate.error().message;
  };
  const KernelSummary kernel = contraction(64, 128, 256, "f16", 2);
  EXPECT_EQ(refusal(kernel, tiles(64, 128, 128, 1)), "estimated");
  EXPECT_EQ(refusal(kernel, tiles(64, 128, 128, 2)),
            "kernel 'up' (contraction): tiles take 98304 bytes of shared memory, a block of 'round' has "
            "49152, 49152 too few");
  EXPECT_EQ(refusal(kernel, tiles(64, 128, 32, 0)),
            "kernel 'up' (contraction): expected stages in 1..281474976710656, got 0");
  KernelSummary bad = kernel;
  bad.operands.erase(bad.operands.begin() + 1);
  EXPECT_EQ(refusal(bad, tiles(64, 128, 32, 1)),
            "kernel 'up' (contraction): expected an activation and a weight operand");
  bad = kernel;
  bad.operands[0].type = "f99";
  EXPECT_EQ(
      refusal(bad, tiles(64, 128, 32, 1)),
      "kernel 'up' (contraction): expected the element type f32, f16, bf16, i1 to i8, i16 or i32, got 'f99'");
}

TEST(GpuCostModel, PresetsAreWhatTheirDataSheetsSay) {
  for (const std::string &name : machine::presetGpuNames()) {
    const machine::GpuMachine gpu = *machine::presetGpu(name);
    EXPECT_EQ(gpu.name, name);
    EXPECT_GE(gpu.sharedBytes, gpu.sharedBytesPerBlock) << name;
    EXPECT_NEAR(gpu.eightBitTops / gpu.f16Tflops, 2, 0.03) << name;
    // Two operations a core and cycle, 64 or 128 cores a multiprocessor.
    const double cores =
        gpu.f32Tflops * 1e6 / (2 * gpu.clockMegahertz * static_cast<double>(gpu.multiprocessors));
    EXPECT_TRUE(std::abs(cores - 64) < 8 || std::abs(cores - 128) < 12) << name << " " << cores;
  }
  // Weights of 64 MB read once, at most at the memory's rate; a prefill at most at the tensor cores'.
  const GpuCostModel h100(*machine::presetGpu("h100"));
  KernelSummary decode = contraction(1, 8192, 8192, "i8", 1);
  const Estimate e = *h100.estimate(decode, tiles(0, 64, 128, 8));
  EXPECT_EQ(e.bound, "memory");
  EXPECT_GT(e.rooflineSeconds / e.seconds, 0.8);
  EXPECT_EQ(machine::presetGpu("h10").error().message,
            "expected the gpu preset a100, l40s, h100 or b200, got 'h10', did you mean 'h100'?");
}
