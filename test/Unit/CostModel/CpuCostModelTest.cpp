// Every number here was worked out by hand from the formulas in CpuCostModel.h, on a machine with round
// numbers.
#include "coopt/CostModel/CpuCostModel.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;

namespace {

constexpr double kNano = 1e-9;

/// 2 cores, 4 lanes, 16 registers; 10 GFLOPS, 20 GOPS; L1 1 KiB at 100 GB/s, L2 8 KiB shared at 50 GB/s per
/// core, memory 10 GB/s; 1000 ns a dispatch, 100 ns a work item.
machine::Machine roundMachine() {
  machine::CpuMachine cpu;
  cpu.cores = 2;
  cpu.clockMegahertz = 1000;
  cpu.dispatchNanoseconds = 1000;
  cpu.workItemNanoseconds = 100;
  cpu.caches = {{1024, 64, 1, 100}, {8192, 64, 2, 50}};
  cpu.memory = {1 << 30, 10, 100};
  cpu.variants = {{machine::InstructionSet::Generic, 128, 16, 10, 20, {{"f32", 0x1p-24}}}};
  return {"round", "", cpu};
}

const CpuCostModel &model() {
  static const CpuCostModel instance = *CpuCostModel::create(roundMachine());
  return instance;
}

KernelSummary contraction(int64_t m, int64_t n, int64_t k, const std::string &type, double elementBytes) {
  KernelSummary kernel;
  kernel.kind = KernelKind::Contraction;
  kernel.id = "layers.0/mlp/gate";
  kernel.m = m;
  kernel.n = n;
  kernel.k = k;
  kernel.operationsPerElement = 0;
  const double rows = static_cast<double>(m), columns = static_cast<double>(n),
               inner = static_cast<double>(k);
  kernel.operands = {{OperandRole::Activation, type, rows * inner * elementBytes, false},
                     {OperandRole::Weight, type, columns * inner * elementBytes, true},
                     {OperandRole::Output, "f32", rows * columns * 4, false}};
  return kernel;
}

Candidate tiles(int64_t rows, int64_t columns) { return {rows, columns, 0, "generic"}; }

void expectTerms(const Estimate &estimate, const std::vector<std::pair<std::string, double>> &nanoseconds) {
  ASSERT_EQ(estimate.terms.size(), nanoseconds.size());
  for (size_t i = 0; i < nanoseconds.size(); ++i) {
    EXPECT_EQ(estimate.terms[i].name, nanoseconds[i].first);
    EXPECT_NEAR(estimate.terms[i].seconds, nanoseconds[i].second * kNano, 1e-6 * kNano)
        << nanoseconds[i].first;
  }
}

void expectTraffic(const Estimate &estimate, const std::vector<std::pair<std::string, double>> &bytes) {
  ASSERT_EQ(estimate.traffic.size(), bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(estimate.traffic[i].level, bytes[i].first);
    EXPECT_NEAR(estimate.traffic[i].bytes, bytes[i].second, 1e-6) << bytes[i].first;
  }
}

std::string refusal(const KernelSummary &kernel, const Candidate &candidate) {
  Expected<Estimate> estimate = model().estimate(kernel, candidate);
  return estimate ? "estimated" : estimate.error().message;
}

} // namespace

TEST(CpuCostModel, DecodeIsBoundByMemory) {
  // R = 1, C = 4, 4 items on 2 cores in 2 rounds, b = 1.
  Estimate e = *model().estimate(contraction(1, 64, 128, "f32", 4), tiles(0, 16));
  // c = 8, r = 1: 8192 (4 + 4/8) + 256 of outputs. L1 is too small for the activations (512) and a weight
  // tile (8192): they cross 4 times. The warm 512 + 256 bytes fit in L2, so memory serves the weights alone.
  expectTraffic(e, {{"L1", 37120}, {"L2", 4 * 512 + 32768 + 2 * 256}, {"memory", 32768}});
  // compute 2 x 16 x 256 operations at 10 per ns; outputs are fetched and written. A call takes 300 ns.
  expectTerms(e, {{"compute", 819.2}, {"L1", 185.6}, {"L2", 353.28}, {"memory", 3276.8}, {"overhead", 1500}});
  EXPECT_NEAR(e.seconds, 4776.8 * kNano, 1e-6 * kNano);
  EXPECT_EQ(e.boundBy, BoundBy::Memory);
  EXPECT_EQ(e.bound, "memory");
  EXPECT_TRUE(std::isnan(e.relativeError));
  EXPECT_FALSE(e.joules.has_value());
  EXPECT_EQ(print(e),
            "4.777 us, bound by memory (compute 0.8192 us, L1 0.1856 us, L2 0.3533 us, memory 3.277 us, "
            "overhead 1.5 us)");
}

TEST(CpuCostModel, SmallIntegerContractionIsBoundByOverhead) {
  // 7 x 20 x 16 in tiles of 3 x 8: R = 3, C = 3, 9 items in 5 rounds, b = 10/9.
  KernelSummary kernel = contraction(7, 20, 16, "i8", 1);
  kernel.operationsPerElement = 1;
  Estimate e = *model().estimate(kernel, tiles(3, 8));
  // c = 8, r = 3: 2240 (1/3 + 1/8) + 560. All fits in L1; the weights go to both cores' caches.
  expectTraffic(e, {{"L1", 2240.0 * 11 / 24 + 560}, {"L2", 112 + 2 * 320 + 2 * 560}, {"memory", 320}});
  // 5 x 24 x 32 operations at 20 per ns, 5 x 24 of the epilogue at 10.
  expectTerms(e, {{"compute", 204},
                  {"L1", (2240.0 * 11 / 24 + 560) / 200 * 10 / 9},
                  {"L2", 18.72 * 10 / 9},
                  {"memory", 32},
                  {"overhead", 1800}});
  EXPECT_NEAR(e.seconds, (204 + 1800) * kNano, 1e-6 * kNano);
  EXPECT_EQ(e.boundBy, BoundBy::Overhead);
}

TEST(CpuCostModel, PartOfAVectorCostsAWholeOne) {
  // 1 x 5 columns of 4 lanes: 8 columns are computed. One item on one core.
  Estimate e = *model().estimate(contraction(1, 5, 1000, "f32", 4), tiles(0, 0));
  EXPECT_NEAR(e.terms[0].seconds, 8 * 2000 / 10.0 * kNano, 1e-6 * kNano);
}

TEST(CpuCostModel, MixedTypesComputeInFloat) {
  KernelSummary kernel = contraction(1, 8, 100, "i8", 1);
  const double integers = model().estimate(kernel, tiles(0, 0))->terms[0].seconds;
  kernel.operands[0].type = "f32";
  EXPECT_DOUBLE_EQ(model().estimate(kernel, tiles(0, 0))->terms[0].seconds, 2 * integers);
}

TEST(CpuCostModel, ALargerRowTileReadsTheWeightsLessOften) {
  // Weights of 64 KiB fit no cache: they cross once per row tile, 8 and 2 times, plus 8 KiB of activations
  // (1 KiB and 4 KiB a tile beside 4 KiB of a weight tile).
  KernelSummary kernel = contraction(32, 256, 64, "f32", 4);
  expectTraffic(*model().estimate(kernel, tiles(4, 16)), {{"L1", 32 * 256 * 64 * (4 / 4. + 4 / 8.) + 32768},
                                                          {"L2", 8 * 65536 + 16 * 8192 + 65536}, //
                                                          {"memory", 8 * 65536 + 8192 + 65536}});
  expectTraffic(*model().estimate(kernel, tiles(16, 16)), {{"L1", 32 * 256 * 64 * (4 / 6. + 4 / 8.) + 32768},
                                                           {"L2", 2 * 65536 + 16 * 8192 + 65536},
                                                           {"memory", 2 * 65536 + 8192 + 65536}});
}

TEST(CpuCostModel, RowsRunUnfused) {
  // 5 rows of 100 elements, 3 operations each, 2 rows an item: 3 items in 2 rounds, b = 4/3, 5 operations per
  // ns.
  KernelSummary kernel;
  kernel.kind = KernelKind::Rows;
  kernel.rows = 5;
  kernel.rowElements = 100;
  kernel.operationsPerElement = 3;
  kernel.operands = {{OperandRole::Activation, "f32", 2000, true}, {OperandRole::Output, "f32", 2000, false}};
  Estimate e = *model().estimate(kernel, tiles(2, 0));
  expectTraffic(e, {{"L1", 4000}, {"L2", 6000}, {"memory", 2000}});
  expectTerms(
      e, {{"compute", 240}, {"L1", 4000 / 150.}, {"L2", 6000 / 75.}, {"memory", 200}, {"overhead", 1500}});
  EXPECT_NEAR(e.seconds, (240 + 1500) * kNano, 1e-6 * kNano);
}

TEST(CpuCostModel, AttentionReadsItsStateOncePerQueryAndHeadIfItDoesNotFit) {
  // 3 queries, 4 heads over 2 heads of keys and values of size 8; tiles of 1 x 2: 6 items in 3 rounds.
  KernelSummary kernel;
  kernel.kind = KernelKind::Attention;
  kernel.queries = 3;
  kernel.keys = 10;
  kernel.heads = 4;
  kernel.headSize = 8;
  kernel.operationsPerElement = 20;
  kernel.operands = {{OperandRole::Activation, "f32", 384, false},
                     {OperandRole::State, "f32", 1280, true},
                     {OperandRole::Output, "f32", 384, false}};
  // A slab, keys and values of one head, is 640 bytes.
  Estimate e = *model().estimate(kernel, tiles(1, 2));
  expectTraffic(e, {{"L1", 768 + 12 * 640}, {"L2", 384 + 768 + 1280}, {"memory", 1280}});
  // From memory a block of 32 keys for the ten, in runs: 4 times as long.
  const double wait = 4 * 3.2;
  expectTerms(e, {{"compute", 3 * 2 * 10 * 52 / 5.},
                  {"L1", 42.24},
                  {"L2", (1152 + 1280) / 100.0},
                  {"memory", wait * 128},
                  {"overhead", 1600}});
  kernel.keys = 100; // a slab of 6400 bytes: in L2, not in L1
  kernel.operands[1].bytes = 12800;
  expectTraffic(*model().estimate(kernel, tiles(1, 2)),
                {{"L1", 768 + 12 * 6400}, {"L2", 1152 + 12 * 6400}, {"memory", 12800}});
  kernel.operands[1].type = "f16"; // half the slab
  expectTraffic(*model().estimate(kernel, tiles(1, 2)),
                {{"L1", 768 + 12 * 3200}, {"L2", 1152 + 12 * 3200}, {"memory", 12800}});
}

TEST(CpuCostModel, TheMatrixUnitAttends) {
  // 64 queries of 2 heads of 64 over 100 keys, an item. 100 GFLOPS in 16 lanes, 1600 GOPS: V = 3.125 vectors per ns, 800 operations of bfloat16.
  machine::Machine machine = roundMachine();
  for (machine::InstructionSet set :
       {machine::InstructionSet::Avx2, machine::InstructionSet::Avx512, machine::InstructionSet::Amx}) {
    machine.cpu()->variants.push_back({set, 512, 32, 100, 1600, {{"f32", 0x1p-24}}});
  }
  const CpuCostModel amx = *CpuCostModel::create(machine);
  KernelSummary kernel;
  kernel.kind = KernelKind::Attention;
  kernel.queries = 64;
  kernel.keys = 100;
  kernel.heads = 2;
  kernel.headSize = 64;
  kernel.operands = {{OperandRole::State, "f16", 25600, true}};
  auto compute = [&](int64_t rows) {
    return amx.estimate(kernel, {rows, 0, 0, "amx"})->terms[0].seconds / kNano;
  };
  const double byVectors = 64 * 2 * 100 * (4 * 64 + 1) / 50.0;
  EXPECT_NEAR(compute(0), byVectors, 1e-6);
  kernel.isReordered = true;
  // For each row 116 keys with half a block that is masked: products, and 64 vectors' work for 16 scores; 10 for each element of the result.
  EXPECT_NEAR(compute(0), 64 * 2 * (116 * (4 * 64 / 800.0 + 4 / 3.125) + 640 / 3.125), 1e-6);
  EXPECT_NEAR(compute(1), byVectors / 2, 1e-6); // row by row, on two cores
}

TEST(CpuCostModel, WarmOperandsThatFitNoCacheComeFromMemory) {
  KernelSummary kernel;
  kernel.kind = KernelKind::Elementwise;
  kernel.rows = 3;
  kernel.rowElements = 1000;
  kernel.operands = {{OperandRole::Activation, "f32", 12000, false},
                     {OperandRole::Output, "f32", 12000, false}};
  // Written where it was read.
  EXPECT_EQ(model().estimate(kernel, tiles(1, 0))->traffic.back().bytes, 24000);
  kernel.operands[0].bytes = kernel.operands[1].bytes = 4096;
  EXPECT_EQ(model().estimate(kernel, tiles(1, 0))->traffic.back().bytes, 0);
}

TEST(CpuCostModel, RefusesWhatItCannotPrice) {
  const KernelSummary good = contraction(1, 8, 8, "f32", 4);
  const std::string place = "kernel 'layers.0/mlp/gate' (contraction): ";
  EXPECT_EQ(refusal(good, tiles(0, 0)), "estimated");
  EXPECT_EQ(refusal(good, {0, 0, 0, "avx2"}), place + "machine 'round' does not have avx2");
  EXPECT_EQ(refusal(good, {0, 0, 0, "sse9"}),
            place + "expected the instruction set generic, avx2, avx512 or amx, got 'sse9'");
  EXPECT_EQ(refusal(good, tiles(-1, 0)), place + "expected a row tile in 0..281474976710656, got -1");
  EXPECT_EQ(refusal(good, tiles(0, INT64_MAX)),
            place + "expected a column tile in 0..281474976710656, got 9223372036854775807");
  KernelSummary bad = good;
  bad.k = 0;
  EXPECT_EQ(refusal(bad, tiles(0, 0)), place + "expected k in 1..281474976710656, got 0");
  bad = good;
  bad.operands[0].type = "f99";
  EXPECT_EQ(refusal(bad, tiles(0, 0)),
            place + "expected the element type f32, f16, bf16, i1 to i8, i16 or i32, got 'f99'");
  bad = good;
  bad.operands[1].bytes = -1;
  EXPECT_EQ(refusal(bad, tiles(0, 0)),
            place + "expected an operand's bytes not to be negative, got -1.000000");
  bad = good;
  bad.operands.erase(bad.operands.begin());
  EXPECT_EQ(refusal(bad, tiles(0, 0)), place + "expected an activation and a weight operand");
  bad = good;
  bad.operationsPerElement = std::nan("");
  EXPECT_EQ(refusal(bad, tiles(0, 0)), place + "expected operations per element not to be negative");
  bad = good;
  bad.kind = KernelKind::Attention;
  EXPECT_EQ(refusal(bad, tiles(0, 0)),
            "kernel 'layers.0/mlp/gate' (attention): expected queries in 1..281474976710656, got 0");
  bad.queries = bad.keys = bad.heads = bad.headSize = 1;
  EXPECT_EQ(refusal(bad, tiles(0, 0)), "kernel 'layers.0/mlp/gate' (attention): expected a state operand");
}

TEST(CpuCostModel, LargestSizesStayFinite) {
  const int64_t most = int64_t(1) << 48;
  KernelSummary kernel = contraction(most, most, most, "f32", 4);
  EXPECT_TRUE(std::isfinite(model().estimate(kernel, tiles(1, 1))->seconds));
}

TEST(CpuCostModel, FactoryChecksTheMachine) {
  machine::Machine bad = roundMachine();
  bad.cpu()->caches.clear();
  Expected<std::unique_ptr<CostModel>> made = makeCostModel(bad);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().message, "machine 'round': $.caches: expected one to eight levels, got 0");
  made = makeCostModel(*machine::presetCpu("avx512"));
  ASSERT_TRUE(made.has_value());
  EXPECT_STREQ((*made)->name(), "cpu-roofline");
}

TEST(CpuCostModel, RegisterBlocksAreTheClassicOnes) {
  // AVX2: 6 x 16; AVX-512: 14 x 32. Loads of L1 per multiply-add show it: 4 / r + 4 / c bytes.
  const Expected<std::unique_ptr<CostModel>> preset = makeCostModel(*machine::presetCpu("avx512"));
  KernelSummary kernel = contraction(840, 640, 100, "f32", 4);
  const double multiplyAdds = 840.0 * 640 * 100, outputs = 840 * 640 * 4;
  EXPECT_NEAR((*preset)->estimate(kernel, {0, 0, 0, "avx2"})->traffic[0].bytes,
              multiplyAdds * (4 / 6.0 + 4 / 16.0) + outputs, 1);
  EXPECT_NEAR((*preset)->estimate(kernel, {0, 0, 0, "avx512"})->traffic[0].bytes,
              multiplyAdds * (4 / 14.0 + 4 / 32.0) + outputs, 1);
}

TEST(CpuCostModel, GroupsOfCodesAreDecodedAndScaledByVectors) {
  // 6 x 8 x 64 of 4 bits in groups of 32, one item. 10 GFLOPS in 4 lanes: V = 1.25 vectors per ns.
  KernelSummary kernel = contraction(6, 8, 64, "i8", 1);
  kernel.codes = {4, 32, false};
  kernel.operationsPerElement = 2;
  // Products: 6 x 8 x 128 at 20 per ns. Decoding: 2 passes of 8 x 64 codes, 4 vectors for 16. Scaling: 6 rows of 2 vectors, 8 for each of
  // two groups and 2 behind them.
  const double nanoseconds = 6 * 8 * 128 / 20.0 + (2 * 8 * 64 * 4 / 16.0 + 6 * 2 * (8 * 2 + 2)) / 1.25;
  Estimate e = *model().estimate(kernel, tiles(0, 0));
  EXPECT_NEAR(e.terms[0].seconds, nanoseconds * kNano, 1e-6 * kNano);
  // Four rows share a code, four columns an activation.
  EXPECT_NEAR(e.traffic[0].bytes, 6 * 8 * 64 * (1 / 4.0 + 1 / 4.0) + 6 * 8 * 4, 1e-6);
  kernel.codes.bits = 8; // nothing but loads
  EXPECT_NEAR(model().estimate(kernel, tiles(0, 0))->terms[0].seconds,
              (6 * 8 * 128 / 20.0 + (2 * 8 * 64 * 2 / 16.0 + 6 * 2 * (8 * 2 + 2)) / 1.25) * kNano,
              1e-6 * kNano);
  kernel.operands[0].type = "f32"; // widened to floats, products of which are made at 10 per ns
  EXPECT_NEAR(model().estimate(kernel, tiles(0, 0))->terms[0].seconds,
              (6 * 8 * 128 / 10.0 + (2 * 8 * 64 * 17 / 16.0 + 6 * 2 * (8 * 2 + 2)) / 1.25) * kNano,
              1e-6 * kNano);
}

TEST(CpuCostModel, TheMatrixUnitMakesWholeSumsInBlocksOf32) {
  // Per core: 100 GFLOPS in 16 lanes, 400 GOPS of vectors, 1600 of the unit; V = 3.125 vectors per ns.
  machine::Machine machine = roundMachine();
  for (machine::InstructionSet set :
       {machine::InstructionSet::Avx2, machine::InstructionSet::Avx512, machine::InstructionSet::Amx}) {
    const double integers = set == machine::InstructionSet::Amx ? 1600 : 400;
    machine.cpu()->variants.push_back({set, 512, 32, 100, integers, {{"f32", 0x1p-24}}});
  }
  const CpuCostModel amx = *CpuCostModel::create(machine);
  KernelSummary kernel = contraction(33, 64, 128, "i8", 1);
  kernel.codes = {4, 0, true};
  auto compute = [&](int64_t rows) {
    return amx.estimate(kernel, {rows, 0, 0, "amx"})->terms[0].seconds / kNano;
  };
  // 64 x 64 x 256 at 1600; four blocks of two steps, each with 4 KiB at 50 a ns; 64 x 128 codes once, 4 vectors for 64; 33 rows of 4 vectors, 16 each.
  EXPECT_NEAR(compute(0),
              64 * 64 * 256 / 1600.0 + 8 * 4096 / 50.0 + (64 * 128 * 4 / 64.0 + 33 * 4 * 16) / 3.125, 1e-6);
  // 0.6 of what computes is not hidden behind the memory. Rows and results are more than the last cache has room for, too.
  const Estimate e = *amx.estimate(kernel, {0, 0, 0, "amx"});
  ASSERT_EQ(e.bound, "memory");
  EXPECT_NEAR(e.seconds, ((8192 + 33 * 128 + 2 * 33 * 64 * 4) / 10.0 + 0.6 * compute(0) + 400) * kNano,
              1e-6 * kNano);
  // One row at a time is the vectors', 33 items on 2 cores in 17 rounds.
  EXPECT_NEAR(compute(1), 17 * (64 * 256 / 400.0 + (64 * 128 * 4 / 64.0 + 4 * 8) / 3.125), 1e-6);
  // So is what is scaled by groups.
  kernel.codes = {4, 128, false};
  EXPECT_NEAR(compute(0), 33 * 64 * 256 / 400.0 + (9 * 64 * 128 * 4 / 64.0 + 33 * 4 * 8) / 3.125, 1e-6);
}
