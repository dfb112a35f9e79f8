// Packages of which only the time is simulated, and what dispatches took in all.
#include "Device/NpuCode.h"
#include "Device/NpuTiming.h"
#include "Executor/Executor.h"
#include "Files.h"
#include "Measure/Statistics.h"
#include "NpuPackages.h"
#include "ProgramBuilder.h"
#include "TestPackages.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::test;
using namespace coopt::runtime;
using package::ElementType;

namespace {

class NpuTiming : public testing::Test {
protected:
  /// npuPackage() and an entry "chain", whose first kernel computes which row its second one takes.
  void SetUp() override {
    package::PackageContents contents = npuPackage();
    EntryBuilder entry(contents.program, "chain");
    const uint32_t n = entry.dimension("n", 0, 100);
    const uint32_t index = entry.arena(ElementType::I32, {fixed(1)}),
                   copied = entry.arena(ElementType::I32, {fixed(1)}),
                   list = entry.arena(ElementType::I32, {fixed(1)});
    const uint32_t z = entry.result("z", ElementType::F32, {fixed(1), fixed(kNpuColumns)});
    entry.dispatch("chain/number", "number", entry.constant(1), {}, {index}, {n});
    entry.copy(index, copied);
    entry.copy(copied, list);
    entry.dispatch("chain/pick", "pick_one", entry.constant(1), {list}, {z});
    contents.images.push_back(
        contents.images[3]); // that of "pick": of one row, the first extent in the block
    path = folder.file("npu.coopt");
    auto status = writeTestPackage(path, contents);
    ASSERT_TRUE(status.has_value()) << status.error().message;
    row = *AlignedMemory::allocate(4096);
  }

  struct Ran {
    std::string error;
    Statistics statistics;
  };
  Ran chain(int64_t n, bool timingOnly) {
    LoadOptions options;
    options.timingOnly = timingOnly;
    Ran ran;
    auto package = LoadedPackage::load(path, options);
    if (!package) {
      ran.error = package.error().message;
      return ran;
    }
    auto executor = Executor::create(*package, 1);
    EXPECT_TRUE(executor.has_value());
    (*executor)->observe({&ran.statistics});
    Call call;
    call.entry = static_cast<uint32_t>((*package)->program().entries.size()) - 1;
    call.sizes = {n};
    void *results[] = {row.data()};
    call.results = results;
    Status status = (*executor)->run(call);
    ran.error = status ? "" : status.error().message;
    return ran;
  }
  float result(int column) const { return reinterpret_cast<const float *>(row.data())[column]; }

  TemporaryFolder folder;
  std::string path;
  AlignedMemory row;
};

TEST_F(NpuTiming, WhatDecidesElsewhereIsComputed) {
  for (int64_t n : {0, 5, 7}) {
    const Ran all = chain(n, false);
    ASSERT_EQ(all.error, "");
    EXPECT_EQ(result(3), npuTable(static_cast<int>(n), 3));
    reinterpret_cast<float *>(row.data())[3] = -1;
    const Ran time = chain(n, true);
    ASSERT_EQ(time.error, "");
    EXPECT_EQ(result(3), -1) << "the row is not fetched";
    EXPECT_EQ(time.statistics.simulated().cycles, all.statistics.simulated().cycles);
    EXPECT_GT(time.statistics.simulated().cycles, 0u);
  }
  // The first kernel's number is what the second one reads: a fault, in both.
  const std::string fault = "entry 'chain': command 5: chain/pick: core 0, entry 5 (dma.gather): indices: "
                            "element 0 is 8, expected 0 .. 7";
  EXPECT_EQ(chain(8, false).error, fault);
  EXPECT_EQ(chain(8, true).error, fault);
}

TEST_F(NpuTiming, OnlyWhatDecidesIsNeeded) {
  LoadOptions options;
  options.timingOnly = true;
  auto package = LoadedPackage::load(path, options);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  const auto &code = static_cast<const NpuCode &>((*package)->code());
  auto parts = partsThatDecide((*package)->program(), code.kernels());
  ASSERT_TRUE(parts.has_value()) << parts.error().message;
  for (size_t i = 0; i < parts->size(); ++i) {
    const std::vector<bool> &needed = (*parts)[i].entries[0];
    const auto count = std::count(needed.begin(), needed.end(), true);
    const std::string &name = (*package)->program().kernels[i].symbol;
    // The block is fetched, and the list; of what computes a list, all is needed.
    const auto expected = name == "number"                       ? static_cast<int64_t>(needed.size())
                          : name == "pick" || name == "pick_one" ? 2
                                                                 : 1;
    EXPECT_EQ(count, expected) << name;
  }
}

// Sums over dispatches, one behind the other, in which the same cause of one op is one.
TEST_F(NpuTiming, TotalsAreSumsOfReports) {
  const Ran once = chain(3, false);
  ASSERT_EQ(once.error, "");
  const npu::Totals &totals = once.statistics.simulated();
  uint64_t cycles = 0;
  for (const Statistics::Row &row : once.statistics.rows()) {
    cycles += row.cycles;
  }
  EXPECT_EQ(totals.cycles, cycles);
  // The block is 4 bytes, then 64; a list of 4; a row of 64, from the table to the result.
  const auto hbm = static_cast<size_t>(npu::PortKind::Hbm);
  EXPECT_EQ(totals.traffic.read[hbm], 4u + 64 + 4 + 64);
  EXPECT_EQ(totals.traffic.written[hbm], 4u + 64);
  EXPECT_EQ(totals.entries, 3u + 7);
  EXPECT_EQ(totals.multiplyAdds(), 0u);

  npu::Report report;
  report.cycles = 1000;
  report.actions = {{npu::Engine::Matrix, "multiply_add i8 x i8", std::nullopt, 256000, true},
                    {npu::Engine::Vector, "add f32", std::nullopt, 5, false}};
  npu::EngineTime engine;
  engine.name = "matrix";
  engine.number = 1;
  engine.busy = 400;
  engine.stalls = {{{npu::Cause::Semaphore, 3, {0, 2, 8}}, 60},
                   {{npu::Cause::Semaphore, 5, {0, 2, 9}}, 40},
                   {{npu::Cause::Rows, static_cast<unsigned>(hbm), {0, 4, 7}}, 60},
                   {{npu::Cause::Rows, static_cast<unsigned>(hbm), {0, 5, 9}}, 70},
                   {{npu::Cause::Finished, 0, {}}, 370}};
  report.engines = {engine};
  npu::Totals two;
  two.add(report, "layers.7/b.2");
  two.add(report, "layers.0/w1");
  two.add(report, "layers.12/w1");
  EXPECT_EQ(two.cycles, 3000u);
  EXPECT_EQ(two.busy(), (std::map<std::string, uint64_t>{{"matrix", 1200}}));
  EXPECT_EQ(two.multiplyAdds(), 768000u);
  EXPECT_DOUBLE_EQ(*npu::arrayUtilisation(*npuMachine().npu(), two), 256.0 / 1024);
  const auto longest = two.longestStalls(3);
  ASSERT_EQ(longest.size(), 3u);
  auto text = [&](size_t i) {
    return longest[i].op + ", " + describe(longest[i]) + ": " + std::to_string(longest[i].cycles);
  };
  EXPECT_EQ(text(0), "layers.*/w1, matrix: rows of hbm: 260"); // whoever had them
  EXPECT_EQ(text(1), "layers.*/w1, matrix: semaphore of vector: 200");
  EXPECT_EQ(text(2), "layers.*/b.*, matrix: rows of hbm: 130");
}

} // namespace
