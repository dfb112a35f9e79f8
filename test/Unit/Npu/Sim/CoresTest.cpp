//===- CoresTest.cpp - Several cores in time ------------------------------------===//
#include "Npu/Sim/Print.h"
#include "SimulationFixture.h"

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class Cores : public Simulation {
protected:
  void SetUp() override { use("edge1", 4); }

  Report runCores(const std::string &text, Memories &memories, bool hasValues = true) {
    image = imageOf(text);
    RunOptions options = everything();
    options.hasValues = hasValues;
    auto report = simulate(machine, image, memories.maps, options);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? std::move(*report) : Report();
  }
};

/// Blocks of DRAM go through two slots of the L2 from core 0 to core 1, which adds to each byte and writes them elsewhere.
const char *const kHandedOver = R"(core 0
  loop counter=s1 count=8
    scalar to=s2 function=rem a=s1 b=none value=2
    scalar to=s3 function=mul a=s2 b=none value=256
    scalar to=s4 function=mul a=s1 b=none value=256
    dma.copy to=l2[0x0+s3] from=dram[0x0+s4] bytes=256 count=1 from1=0 to1=0 shaped=no | wait c0:1 signal c1:1
  endloop
  dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | wait c0:2
  halt
core 1
  vec.mode to=i8 a=i8 b=i8 c=i8 to_stride=64 a_stride=64 b_stride=64 c_stride=64 b_broadcast=none c_broadcast=none
  dma.fill to=spad[0x1000] bytes=256 count=1 to1=0 value=3 | signal c0:2 signal 3:1
  loop counter=s1 count=8
    scalar to=s2 function=rem a=s1 b=none value=2
    scalar to=s3 function=mul a=s2 b=none value=256
    scalar to=s4 function=mul a=s1 b=none value=256
    dma.copy to=spad[0x0] from=l2[0x0+s3] bytes=256 count=1 from1=0 to1=0 shaped=no | wait c1:1 signal c0:1 signal 1:1
    vec.map function=xor to=spad[0x2000] a=spad[0x0] b=spad[0x1000] c=spad[0x0] rows=4 columns=64 | wait 1:1 signal 2:1
    dma.copy to=dram[0x8000+s4] from=spad[0x2000] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 2:1
  endloop
  fence | wait 3:1
  halt
)";

// What a core signals to another is there when it is waited for, whatever the numbers of the machine are.
TEST_F(Cores, HandOver) {
  std::mt19937 random(9);
  for (unsigned seed = 0; seed < 20; ++seed) {
    shake(machine.cores[0], random);
    Memories memories(seed, 2), before(seed, 2), timed(seed, 2);
    const Report report = runCores(kHandedOver, memories);
    for (uint64_t i = 0; i < 2048; ++i) {
      ASSERT_EQ(*memories.maps[0][0]->at(0x8000 + i), *before.maps[0][0]->at(i) ^ 3) << seed << " " << i;
    }
    EXPECT_EQ(engine(report, "vector", 1).core, 1u);
    EXPECT_GT(engine(report, "dma 0", 1).stalls.at({Cause::Semaphore, kSemaphores + 1, {0, 4, 4}}), 0u);
    auto again = retime(machine, image, report.recording, 0, /*isTraced=*/true);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->cycles, report.cycles);
    EXPECT_EQ(runCores(kHandedOver, timed, false).cycles, report.cycles);
  }
}

// Four cores that read the same banks of the L2 have them in turn; each is named to the others. Alone a core is as fast as the channel.
TEST_F(Cores, BanksOfTheL2) {
  machine.memory.l2->banks = 4;
  machine.memory.l2->bytesPerCycle = 64;
  machine.memory.l2->latencyCycles = 0;
  machine.cores[0].dma = {2, 64, 64, 0};
  std::string text;
  Memories memories(1, 4);
  for (int cores = 1; cores <= 4; ++cores) {
    text += "core " + std::to_string(cores - 1) + "\n" + copy("spad[0x0]", "l2[0x0]", 6400) + "halt\n";
    const Report report = runCores(text, memories);
    const auto end = report.slices.back().end - report.slices.front().start;
    EXPECT_EQ(end, 100u * static_cast<unsigned>(cores)) << cores;
    for (int core = 0; core < cores; ++core) {
      const EngineTime &time = engine(report, "dma 0", static_cast<uint32_t>(core));
      EXPECT_EQ(time.busy, 100u);
      EXPECT_EQ(cyclesOf(time, Cause::Shared), 100u * static_cast<unsigned>(cores - 1));
      for (const auto &[reason, cycles] : time.stalls) {
        EXPECT_TRUE(reason.cause != Cause::Shared || reason.other.core != static_cast<uint32_t>(core));
      }
    }
  }
  EXPECT_NE(print(machine, image, runCores(text, memories)).find(" core 3 dma 0: shared: l2, held by core "),
            std::string::npos);
}

TEST_F(Cores, WhoStandsStill) {
  image =
      imageOf("core 0\n" + copy("spad[0x0]", "dram[0x0]", 64, "wait c0:1 signal c1:1") + "halt\ncore 1\n" +
              copy("spad[0x0]", "dram[0x0]", 64, "channel 1 wait c1:1 signal c0:1") + "halt\n");
  Memories memories(1, 2);
  RunOptions options;
  options.isChecked = false;
  auto report = simulate(machine, image, memories.maps, options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, "the program stands still: core 0, dma 0 at entry 0 (dma.copy) waits for "
                                    "semaphore c0 (0 of 1), which core 1, dma 1 at entry "
                                    "0 (dma.copy) would signal; core 0, control at entry 1 (halt) waits "
                                    "until all engines have finished; core 1, dma 1 at "
                                    "entry 0 (dma.copy) waits for semaphore c1 (0 of 1), which core 0, dma 0 "
                                    "at entry 0 (dma.copy) would signal; core 1, "
                                    "control at entry 1 (halt) waits until all engines have finished");
}

} // namespace
