//===- RetimeTest.cpp - Recorded runs, time alone, and what stands still --------===//
#include "SimulationFixture.h"

#include "Npu/Sim/Print.h"

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class Retime : public Simulation {
protected:
  static std::string text(const Report &report) {
    std::string all = std::to_string(report.cycles);
    for (const Slice &slice : report.slices) {
      all += "\n" + std::to_string(slice.engine) + " " + std::to_string(slice.entry) + " " +
             std::to_string(slice.start) + " " + std::to_string(slice.end);
    }
    for (const Stall &stall : report.stalls) {
      all += "\n" + std::to_string(stall.engine) + " " + std::to_string(stall.start) + " " +
             std::to_string(stall.end) + " " + name(stall.reason.cause) + " " +
             std::to_string(stall.reason.which);
    }
    return all;
  }
  Report again(const Report &report, PartSet infinite = 0) {
    auto result = retime(machine, image, report.recording, infinite, /*isTraced=*/true);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? std::move(*result) : Report();
  }
};

// A recording takes as long as the run that it is of, engine by engine, and needs no values; nor does a run without values, of which only
// what decides is executed.
TEST_F(Retime, NothingInfiniteIsTheRun) {
  use("edge1");
  std::mt19937 random(7);
  for (unsigned seed = 0; seed < 30; ++seed) {
    shake(machine.cores[0], random);
    const Report report = run(kExperts, seed);
    EXPECT_EQ(text(again(report)), text(report)) << seed;
    RunOptions options = everything();
    options.hasValues = false;
    Memories memories(seed);
    auto timed = simulate(machine, image, memories.maps, options);
    ASSERT_TRUE(timed) << timed.error().message;
    EXPECT_EQ(text(*timed), text(report)) << seed;
  }
}

// What nobody asks for is not kept: sums are the same.
TEST_F(Retime, WhatIsNotAskedForIsNotKept) {
  use("edge1");
  const Report report = run(kExperts, 3);
  ASSERT_FALSE(report.recording.cores.empty());
  ASSERT_FALSE(report.slices.empty());
  Memories memories(3);
  auto plain = simulate(machine, image, memories.maps);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE(plain->recording.cores.empty() && plain->slices.empty() && plain->stalls.empty());
  EXPECT_EQ(print(machine, image, *plain), print(machine, image, report));
  auto none = retime(machine, image, plain->recording, 0);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "the recording is that of 0 cores, the program has 1");
}

// The experts' program loads what two fills wrote, and gathers rows by it: they are executed, the array and the vectors are not.
TEST_F(Retime, TimeAloneExecutesWhatDecides) {
  image = oneCore(kExperts);
  auto deciding = partThatDecides(image);
  ASSERT_TRUE(deciding) << deciding.error().message;
  std::vector<std::string> executed;
  for (size_t entry = 0; entry < image.cores[0].size(); ++entry) {
    if (deciding->entries[0][entry]) {
      executed.push_back(find(image.cores[0][entry].opcode)->mnemonic);
    }
  }
  EXPECT_EQ(executed, std::vector<std::string>(2, "dma.fill"));
  EXPECT_TRUE(deciding->dram.empty());
  // A list that a selection made of scores that the array made: all of it decides.
  image = oneCore(R"(
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0
dma.copy to=spad[0x0] from=dram[0x0] bytes=256 count=1 from1=0 to1=0 shaped=no | signal 0:1
dma.copy to=spad[0x8000] from=dram[0x0] bytes=256 count=1 from1=0 to1=0 shaped=no | signal 4:1
mxu.weights from=spad[0x0] rows=16 columns=16 | wait 0:1
mxu.stream from=spad[0x1000] to=acc[0x0] rows=1 update=write swap=yes | signal 1:1
dma.copy to=spad[0x2000] from=acc[0x0] bytes=64 count=1 from1=0 to1=0 shaped=no | wait 1:1 signal 2:1
topk.select scores=spad[0x2000] values=spad[0x3000] indices=spad[0x4000] rows=1 columns=16 k=4 | wait 2:1 signal 3:1
dma.gather to=spad[0x5000] from=dram[0x8000] indices=spad[0x4000] count=4 bytes=64 from1=64 rows=16 | wait 3:1 signal 4:1
fence | wait 4:2
)");
  deciding = partThatDecides(image);
  ASSERT_TRUE(deciding) << deciding.error().message;
  executed.clear();
  for (size_t entry = 0; entry < image.cores[0].size(); ++entry) {
    if (deciding->entries[0][entry]) {
      executed.push_back(std::to_string(entry));
    }
  }
  EXPECT_EQ(executed, (std::vector<std::string>{"1", "3", "4", "5", "6"}));
  ASSERT_EQ(deciding->dram.size(), 1u); // the weights, and not the table
  EXPECT_TRUE(deciding->reads(255, 1) && deciding->reads(0, 1 << 20));
  EXPECT_FALSE(deciding->reads(256, 1 << 20));
}

// What is written behind a load decides nothing, unless a loop comes back to it.
TEST_F(Retime, WhatComesBehindALoadDoesNotDecide) {
  const std::string
      load = "dma.copy to=spad[0x0] from=dram[0x0] bytes=64 count=1 from1=0 to1=0 shaped=no | signal 0:1\n"
             "fence | wait 0:1\n"
             "load to=s2 from=spad[0x4] type=i32 bound=9\n",
      again =
          "dma.copy to=spad[0x0] from=dram[0x1000] bytes=64 count=1 from1=0 to1=0 shaped=no | signal 1:1\n"
          "fence | wait 1:1\n";
  auto executed = [&](const std::string &body) {
    image = oneCore(body);
    auto deciding = partThatDecides(image);
    EXPECT_TRUE(deciding) << (deciding ? "" : deciding.error().message);
    std::string numbers;
    for (size_t entry = 0; deciding && entry < image.cores[0].size(); ++entry) {
      numbers += deciding->entries[0][entry] ? std::to_string(entry) + " " : "";
    }
    return numbers + (deciding && deciding->reads(0x1000, 64) ? "both" : "one");
  };
  EXPECT_EQ(executed(load + again), "0 one");
  EXPECT_EQ(executed(again + load), "0 2 both");
  EXPECT_EQ(executed("loop counter=s1 count=3\n" + load + again + "endloop\n"), "1 4 both");
  EXPECT_EQ(executed("loop counter=s1 count=3\n" + load + "endloop\n" + again), "1 one");
  // Two loops, one in the other: the outer one comes back.
  EXPECT_EQ(executed("loop counter=s1 count=3\nloop counter=s3 count=3\n" + load + "endloop\n" + again +
                     "endloop\n"),
            "2 6 both");
}

// What each part costs, where it is known by hand.
TEST_F(Retime, PartsInfinite) {
  machine::NpuCore &core = machine.cores[0];
  core.issueCycles = 1;
  core.semaphoreWakeCycles = 5;
  core.dma = {4, 16, 64, 20};
  core.spad = {core.spad.bytes, 4, 16, 1, 1, 3};
  machine.memory.l2.reset();
  machine.memory.ddr.reset();
  machine.memory.hbm = {1 << 20, 2, 16, 2, 256, 10, 7, 5, 64};
  const Report report = run(copy("spad[0x0]", "dram[0x0]", 512, "signal 0:1") +
                            copy("spad[0x4000]", "spad[0x0]", 16, "channel 1 wait 0:1", 32, 64, 16));
  // Handed out: 2. Set-up 20, row 10, first byte 5, 32 lines; wake 5; set-up 20, first byte 3, 32 lines of one bank; halt.
  EXPECT_EQ(report.cycles, 2u + 20 + 10 + 5 + 32 + 5 + 20 + 3 + 32 + 1);
  EXPECT_EQ(again(report).cycles, report.cycles);
  EXPECT_EQ(again(report, setOf(Part::Hbm)).cycles, report.cycles - 15);
  EXPECT_EQ(again(report, setOf(Part::Wake)).cycles, report.cycles - 5);
  EXPECT_EQ(again(report, setOf(Part::Spad)).cycles, report.cycles - 3);
  // Without limits of the DMA the memories decide: 32 bytes a cycle of two channels of the hbm, and one line a cycle of a bank.
  EXPECT_EQ(again(report, setOf(Part::Dma)).cycles, report.cycles - 40 - 16);
  // Nothing is left but the control unit, an engine's least cycle each, and the wake.
  EXPECT_EQ(again(report, setOf(Part::Dma) | setOf(Part::Hbm) | setOf(Part::Spad)).cycles,
            2u + 1 + 5 + 1 + 1);

  const Report tiles = run(doubleBuffered(16, 100));
  const uint64_t without = again(tiles, setOf(Part::Matrix)).cycles;
  EXPECT_GT(tiles.cycles, 16 * 100u);
  EXPECT_LT(without, tiles.cycles * 2 / 3);
  EXPECT_LT(again(tiles, setOf(Part::Matrix) | setOf(Part::Dma) | setOf(Part::Hbm)).cycles, without);
  core.queueDepth = 1;
  const Report shallow = run(doubleBuffered(16, 4));
  EXPECT_LT(again(shallow, setOf(Part::Queues)).cycles, shallow.cycles);
}

// A program that the checks were not asked about.
TEST_F(Retime, WhoStandsStill) {
  auto errorOf = [&](const std::string &body) {
    image = oneCore(body);
    Memories memories(1);
    RunOptions options;
    options.isChecked = false;
    auto report = simulate(machine, image, memories.maps, options);
    return report ? std::string() : report.error().message;
  };
  EXPECT_EQ(errorOf(copy("spad[0x0]", "dram[0x0]", 64, "wait 0:1 signal 1:1 at 1") +
                    copy("dram[0x0]", "spad[0x0]", 64, "channel 1 wait 1:2 signal 0:1")),
            "the program stands still: core 0, dma 0 at entry 0 (dma.copy, layers.0/up) waits for semaphore "
            "0 (0 of 1), which "
            "core 0, dma 1 at entry 1 (dma.copy) would signal; core 0, dma 1 at entry 1 (dma.copy) waits for "
            "semaphore 1 (0 of 2), "
            "which core 0, dma 0 at entry 0 (dma.copy, layers.0/up) would signal; core 0, control at entry 2 "
            "(halt) waits until all "
            "engines have finished");
  EXPECT_EQ(errorOf("fence | wait 3:2"), "the program stands still: core 0, control at entry 0 (fence) waits "
                                         "for semaphore 3 (0 of 2), which nobody signals any "
                                         "more");
  // A queue of one place, whose entry waits for one behind it.
  machine.cores[0].queueDepth = 1;
  EXPECT_EQ(errorOf(copy("spad[0x0]", "dram[0x0]", 64, "wait 0:1") + copy("spad[0x0]", "dram[0x0]", 64) +
                    copy("spad[0x0]", "dram[0x0]", 64, "channel 1 signal 0:1")),
            "the program stands still: core 0, dma 0 at entry 0 (dma.copy) waits for semaphore 0 (0 of 1), "
            "which core 0, dma 1 at "
            "entry 2 (dma.copy) would signal; core 0, control at entry 1 (dma.copy) waits for a place in the "
            "queue of dma 0");
}

} // namespace
