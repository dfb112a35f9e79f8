//===- TileReplayTest.cpp - Runs of Gemmini's RTL ---------------------------------===//
#include "GemminiRuns.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;
using namespace coopt::test;

namespace {

std::vector<double> replayed(const std::vector<GemminiRun> &runs) {
  std::vector<double> cycles;
  for (const GemminiRun &run : runs) {
    const machine::NpuMachine machine = gemmini(run.dimension);
    auto program = programOf(machine, run);
    EXPECT_TRUE(program) << program.error().message;
    auto result = replay(machine, *program);
    EXPECT_TRUE(result) << result.error().message;
    EXPECT_GE(result->total, result->busy) << run.mapping;
    cycles.push_back(result->total);
  }
  return cycles;
}

template <typename Wanted>
std::vector<GemminiRun> chosen(const std::vector<GemminiRun> &runs, Wanted wanted) {
  std::vector<GemminiRun> list;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(list),
               [&](const GemminiRun &run) { return run.isClean && wanted(run); });
  return list;
}

std::string percent(double value) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(1);
  text << 100 * value;
  return text.str();
}

void expectInPage(const std::string &row) {
  std::ifstream in(std::string(COOPT_TEST_SOURCE_DIR) + "/../python-free-docs/npu-comparisons.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_NE(page.str().find(row), std::string::npos) << row;
}

void expectErrors(const char *what, size_t runs, const Errors &errors) {
  expectInPage(std::string("| ") + what + " | " + std::to_string(runs) + " | " + percent(errors.mean) +
               " | " + percent(errors.median) + " | " + std::to_string(errors.ordered) + " of " +
               std::to_string(errors.pairs) + " |");
}

TEST(TileReplay, ArrayIsNeverBusyForLongerThanTheRtlRuns) {
  const auto all = gemminiRuns();
  if (!all) {
    GTEST_SKIP() << "no data/gemmini_dosa.csv: COOPT_TEST_DATA names the folder of test data";
  }
  const std::vector<GemminiRun> runs = chosen(*all, [](const GemminiRun &) { return true; });
  size_t above = 0, close = 0;
  for (const GemminiRun &run : runs) {
    const machine::NpuMachine machine = gemmini(run.dimension);
    auto program = programOf(machine, run);
    ASSERT_TRUE(program) << program.error().message;
    EXPECT_EQ(program->isProduct, !run.isConvolution);
    const double ratio = boundOf(machine, *program).busy / run.cycles;
    above += ratio > 1;
    close += ratio >= 0.95;
  }
  EXPECT_EQ(above, 0u);
  EXPECT_GE(close, 170u);
  expectInPage("| " + std::to_string(runs.size()) + " | " + std::to_string(above) + " | " +
               std::to_string(close) + " |");
}

TEST(TileReplay, TestRuns) {
  const auto all = gemminiRuns();
  if (!all) {
    GTEST_SKIP() << "no data/gemmini_dosa.csv: COOPT_TEST_DATA names the folder of test data";
  }
  const auto runs = chosen(*all, [](const GemminiRun &run) { return run.isTest; });
  const Errors errors = compare(runs, replayed(runs));
  EXPECT_LE(errors.mean, 0.15);
  EXPECT_LE(errors.median, 0.09);
  EXPECT_EQ(errors.pairs, 48);
  EXPECT_GE(errors.ordered, 0.8 * errors.pairs);
  expectErrors("16 x 16, test", runs.size(), errors);
}

TEST(TileReplay, TrainingRuns) {
  const auto all = gemminiRuns();
  if (!all) {
    GTEST_SKIP() << "no data/gemmini_dosa.csv: COOPT_TEST_DATA names the folder of test data";
  }
  const auto runs = chosen(*all, [](const GemminiRun &run) { return !run.isTest && run.dimension == 16; });
  expectErrors("16 x 16, training", runs.size(), compare(runs, replayed(runs)));
}

// The constants are those of one machine: on another array they must not do.
TEST(TileReplay, AnotherArrayIsNotDescribed) {
  const auto all = gemminiRuns();
  if (!all) {
    GTEST_SKIP() << "no data/gemmini_dosa.csv: COOPT_TEST_DATA names the folder of test data";
  }
  const auto runs = chosen(*all, [](const GemminiRun &run) { return run.dimension == 8; });
  const Errors errors = compare(runs, replayed(runs));
  EXPECT_GT(errors.mean, 0.15);
  EXPECT_GT(errors.median, 0.09);
  expectErrors("8 x 8, not fitted", runs.size(), errors);
}

TEST(TileReplay, ByHand) {
  machine::NpuMachine machine = gemmini(16);
  machine.tileLoops->missCycles = 0;
  machine.tileLoops->requestCycles = 1;
  machine.tileLoops->storeRowCycles = 2;
  machine.tileLoops->stepCycles = 8;
  machine.tileLoops->convolutionIssueCycles = 100;
  NestProblem problem{{1, 16, 16, 20, 2, 3, 3}};
  const auto one =
      tileProgram(machine, problem, *parseMapping("L3[WIO] - L2[WI] - L1[O] K16X C16X R3 S3 - L0[W] P20 Q2"));
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_FALSE(one->isProduct);
  // 9 blocks of lines of 16 and 4 outputs.
  EXPECT_EQ(boundOf(machine, *one).busy, 9 * (16 + 4 + 16 + 4));
  const TileWork work = tileWork(machine, *one);
  EXPECT_EQ(work.execute, 9 * (16 + 8 + 16 + 8));
  // Inputs of 22 x 4 and 9 x 16 weights, each of 16 bytes in one request of one beat.
  EXPECT_EQ(work.load, 2 * (22 * 4 + 9 * 16));
  EXPECT_EQ(work.inputs, 2 * 22 * 4);
  EXPECT_EQ(work.store, 2 * 40);
  EXPECT_EQ(replay(machine, *one)->total, 100 + 2 * (22 * 4 + 9 * 16) + 9 * 16 + 0);
}

TEST(TileReplay, LinesThatStayInTheCache) {
  const machine::NpuTileLoops loops{0, 0, 1, 0, 0, 1, 512 * 1024, 8, 64};
  TileProgram program;
  // Everything has a way of its own, and was written just before.
  program.problem = {{1, 256, 64, 64, 1, 1, 1}};
  program.tile = {1, 64, 64, 64, 1, 1, 1};
  program.steps = {{LoopDimension::M, 4, LoopAxis::Time}};
  EXPECT_EQ(missedLines(loops, program).loads, 0);
  // 256 pixels of 4096 channels, a MiB: 16 lines a set. A tile of 64 pixels and 64 channels has 4 lines in each of 16 sets, all channels of 64 pixels have 4 in
  // each set, and both stay for the second filter; all pixels do not, nor do 256 pixels of 64 channels: 16 lines in each of 16 sets.
  program.problem = {{1, 2, 4096, 256, 1, 1, 1}};
  auto misses = [&](int64_t pixels, std::vector<MappingLoop> steps) {
    program.tile = {1, 1, 64, pixels, 1, 1, 1};
    program.steps = steps;
    int64_t count = 1;
    for (const MappingLoop &loop : steps) {
      count *= loop.extent;
    }
    return missedLines(loops, program).loads * count;
  };
  const MappingLoop pixels{LoopDimension::P, 4, LoopAxis::Time},
      channels{LoopDimension::C, 64, LoopAxis::Time}, filters{LoopDimension::M, 2, LoopAxis::Time};
  const double once = 256 * 64, weights = 1000; // weights are 128 lines, some of them several times
  EXPECT_NEAR(misses(64, {pixels, channels, filters}), once, weights);
  EXPECT_NEAR(misses(64, {pixels, filters, channels}), once, weights);
  EXPECT_NEAR(misses(64, {filters, pixels, channels}), 2 * once, weights);
  EXPECT_NEAR(misses(256, {channels, filters}), 2 * once, weights);
}

TEST(TileReplay, Refused) {
  const machine::NpuMachine machine = gemmini(16);
  auto message = [](const machine::NpuMachine &machine, const NestProblem &problem, const char *mapping) {
    auto program = tileProgram(machine, problem, *parseMapping(mapping));
    return program ? "made" : program.error().message;
  };
  NestProblem one{{1, 1, 1, 1, 1, 1, 1}};
  const char *mapping = "L3[WIO] - L2[WI] - L1[O] - L0[W]";
  EXPECT_EQ(message(machine, one, mapping), "made");
  EXPECT_EQ(message(*machine::presetNpu("gemmini16")->npu(), one, mapping),
            "expected a machine with tile_loops and an array of dataflow ws");
  EXPECT_EQ(message(machine, one, "L0[WIO]"), "mapping: expected 4 levels, got 1");
  EXPECT_EQ(message(machine, one, "L3[WIO] C2 - L2[WI] - L1[O] - L0[W]"),
            "problem: C: expected factors of the product 1, got 2");
  at(one.extents, LoopDimension::P) = 0;
  EXPECT_EQ(message(machine, one, mapping), "problem: P: expected 1 .. 2^16, got 0");
  const NestProblem many{{1, 65536, 65536, 2, 1, 1, 1}};
  const auto program =
      tileProgram(machine, many, *parseMapping("L3[WIO] K65536 C65536 - L2[WI] - L1[O] - L0[W] P2"));
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_EQ(program->steps.size(), 2u);
}

} // namespace
