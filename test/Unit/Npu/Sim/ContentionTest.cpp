//===- ContentionTest.cpp - What engines take from each other ------------------===//
//
// Times by hand, on machines whose numbers make them easy.
//
//===----------------------------------------------------------------------===//
#include "Npu/Sim/CoreTime.h"
#include "SimulationFixture.h"

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class Contention : public Simulation {
protected:
  /// A core without overheads, in which a DMA channel moves a line a cycle.
  void SetUp() override {
    use("gemmini16");
    machine::NpuCore &core = machine.cores[0];
    core.issueCycles = 1;
    core.semaphoreWakeCycles = 0;
    core.dma = {4, 16, 64, 0};
    core.spad = {core.spad.bytes, 4, 16, 1, 1, 0};
  }
  static Reason shared(PortKind port, uint32_t engine, uint32_t entry, uint32_t core = 0) {
    return {Cause::Shared, static_cast<unsigned>(port), {core, engine, entry}};
  }
  /// Cycles of a report's first slice of an entry.
  static uint64_t durationOf(const Report &report, size_t entry) {
    for (const Slice &slice : report.slices) {
      if (slice.entry == entry) {
        return slice.end - slice.start;
      }
    }
    return 0;
  }
  /// One bank, four cycles a line of 64 bytes and row.
  void useSlowHbm() {
    machine.memory.l2.reset();
    machine.memory.hbm = {1 << 20, 2, 16, 2, 256, 10, 7, 5, 64};
    machine.memory.ddr.reset();
  }
};

// Two channels read lines of one bank: they have it in turn.
TEST_F(Contention, BanksOfTheScratchpad) {
  const std::string strided = copy("spad[0x4000]", "spad[0x0]", 16, "", 32, 64, 16);
  EXPECT_EQ(durationOf(run(strided), 0), 32u);
  const Report both = run(strided + copy("spad[0x8000]", "spad[0x1000]", 16, "channel 1", 32, 64, 16));
  // The second begins a cycle after the first. They are done when the bank has given 64 lines: the first a cycle before the second.
  EXPECT_EQ(durationOf(both, 0), 1u + 2 * 31);
  EXPECT_EQ(durationOf(both, 1), 2 * 31 + 1u);
  EXPECT_EQ(engine(both, "dma 0").stalls.at(shared(PortKind::SpadReads, 5, 1)), 31u);
  EXPECT_EQ(engine(both, "dma 1").stalls.at(shared(PortKind::SpadReads, 4, 0)), 31u);
  EXPECT_EQ(engine(both, "dma 1").busy, 32u);
  // In banks of their own nobody waits: the second reads bank 1, and writes where the first does not.
  const Report apart = run(strided + copy("dram[0x8000]", "spad[0x1010]", 16, "channel 1", 32, 64, 16));
  EXPECT_EQ(cyclesOf(engine(apart, "dma 1"), Cause::Shared), 0u);
  // A second port is enough for both.
  machine.cores[0].spad.readPorts = 2;
  const Report ports = run(strided + copy("dram[0x8000]", "spad[0x1000]", 16, "channel 1", 32, 64, 16));
  EXPECT_EQ(cyclesOf(engine(ports, "dma 1"), Cause::Shared), 0u);
}

// Writes of two channels to one bank, while reads of other banks go on.
TEST_F(Contention, ReadsAndWritesHavePortsOfTheirOwn) {
  const Report report = run(copy("spad[0x0]", "spad[0x4010]", 16, "", 20, 64, 64) +
                            "dma.fill to=spad[0x8000] bytes=16 count=20 to1=64 value=1 | channel 2\n" +
                            copy("dram[0x0]", "spad[0xc000]", 16, "channel 1", 20, 64, 16));
  EXPECT_EQ(engine(report, "dma 2").stalls.at(shared(PortKind::SpadWrites, 4, 0)), 19u);
  EXPECT_EQ(engine(report, "dma 0").stalls.at(shared(PortKind::SpadWrites, 6, 1)), 19u);
  EXPECT_EQ(cyclesOf(engine(report, "dma 1"), Cause::Shared), 0u);
}

// An array that reads a bank a quarter of the time leaves three quarters of it; the array, which wants less than half, is not slowed down.
TEST_F(Contention, SharesOfABank) {
  machine.cores[0].mxu->activationPortBytes = 16;
  // 32 rows of 48 bytes would be three words; with 16 codes each row is one line of bank 0, 1, 2 in turn.
  const std::string mode = "mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=80 w_stride=16 acc_stride=64 n=0 m=0 "
                           "a_slice=0 w_slice=0\n";
  const Report report =
      run(mode + "mxu.weights from=spad[0x0] rows=16 columns=16\n" +
          "mxu.stream from=spad[0x1000] to=acc[0x0] rows=64 update=write swap=yes | signal 1:1\n" +
          // A signal that comes when the rows stream.
          "dma.fill to=spad[0xf000] bytes=16 count=40 to1=0 value=0 | channel 2 signal 2:1\n" +
          copy("spad[0xa000]", "spad[0x0]", 16, "channel 1 wait 2:1", 64, 64, 16) + "fence | wait 1:1\n");
  // Rows are in banks 0, 1, 2, 3, in turn: a quarter of each. The copy needs bank 0 all the time: it gets three quarters of it.
  const EngineTime &dma = engine(report, "dma 1");
  EXPECT_EQ(cyclesOf(engine(report, "matrix"), Cause::Shared), 0u);
  const uint64_t lost = dma.stalls.at(shared(PortKind::SpadReads, 1, 2));
  uint64_t streamed = 0, copied = 0;
  for (const Slice &slice : report.slices) {
    streamed = slice.entry == 2 ? slice.start + 64 : streamed;
    copied = slice.entry == 4 ? slice.start : copied;
  }
  EXPECT_NEAR(static_cast<double>(lost), static_cast<double>(streamed - copied) / 4, 1);
}

// What is open is read at once; what is not costs t_rcd, and t_rp if another row is open. Bursts lie in the channels in turn.
TEST_F(Contention, RowsOfTheHbm) {
  useSlowHbm();
  // A page is 512 bytes (2 channels x 256). One: t_rcd + t_cl, then 512 bytes at 16 a cycle.
  const Report one = run(copy("spad[0x0]", "dram[0x0]", 512));
  EXPECT_EQ(durationOf(one, 0), 10u + 5 + 32);
  EXPECT_EQ(one.rowOpenings, 2u);
  EXPECT_EQ(one.rowHits, 6u);
  EXPECT_EQ(engine(one, "dma 0").stalls.at({Cause::Rows, static_cast<unsigned>(PortKind::Hbm)}), 10u);
  EXPECT_EQ(engine(one, "dma 0").stalls.at({Cause::Latency, static_cast<unsigned>(PortKind::Hbm)}), 5u);
  EXPECT_EQ(engine(one, "dma 0").busy, 32u);
  // The same page again is open; page 2 is another row of the same bank, page 1 is in another bank.
  EXPECT_EQ(durationOf(run(copy("spad[0x0]", "dram[0x0]", 512) + copy("spad[0x0]", "dram[0x0]", 512)), 1),
            5u + 32);
  EXPECT_EQ(durationOf(run(copy("spad[0x0]", "dram[0x0]", 512) + copy("spad[0x0]", "dram[0x400]", 512)), 1),
            7u + 10 + 5 + 32);
  EXPECT_EQ(durationOf(run(copy("spad[0x0]", "dram[0x0]", 512) + copy("spad[0x0]", "dram[0x200]", 512)), 1),
            10u + 5 + 32);
  // Bytes that lie in one channel move at its rate: 4 cycles a burst.
  const Report channel = run(copy("spad[0x0]", "dram[0x0]", 64, "", 4, 128, 64));
  EXPECT_EQ(durationOf(channel, 0), 10u + 5 + 16);
  EXPECT_EQ(channel.rowOpenings, 1u);
  EXPECT_EQ(channel.rowHits, 3u);
}

// Requests in flight hide the opening of the next row, if they are enough.
TEST_F(Contention, RequestsInFlight) {
  useSlowHbm();
  machine.memory.hbm->banks = 16;
  auto cycles = [&](int64_t outstanding) {
    machine.cores[0].dma.maxOutstanding = outstanding;
    return durationOf(run(copy("spad[0x0]", "dram[0x0]", 4096)), 0);
  };
  // 64 requests are 256 cycles ahead: eight pages in a row.
  EXPECT_EQ(cycles(64), 10u + 5 + 256);
  // Two are in flight for t_cl and a burst of 4 cycles: 128 bytes in 9 cycles. A request is made 9 cycles before its turn, and a row
  // that is open would be read 4 cycles too early.
  EXPECT_EQ(cycles(2), 15u + 8 * 36 + 7 * (10 - 4));
  // Four are in flight for 16 cycles at 16 bytes a cycle: 11 of the opening and the latency are hidden.
  EXPECT_EQ(cycles(4), 15u + 256);
  EXPECT_EQ(cycles(3), 15u + 256 + 7 * 3);
}

// Two channels that want rows of one bank in turn: each finds the row of the other.
TEST_F(Contention, WhoseRowWasOpen) {
  useSlowHbm();
  std::string program;
  for (int i = 0; i < 8; ++i) {
    program += copy("spad[0x0]", "dram[0x0]", 512, i == 0 ? "signal 0:1" : "wait 1:1 signal 0:1");
    program += copy("spad[0x1000]", "dram[0x400]", 512,
                    "channel 1 wait 0:1" + std::string(i == 7 ? "" : " signal 1:1"));
  }
  const Report report = run(program);
  EXPECT_EQ(report.rowOpenings, 32u);
  uint64_t conflicts = 0;
  for (const auto &[reason, cycles] : engine(report, "dma 0").stalls) {
    conflicts += reason.cause == Cause::Rows && reason.other.engine == 5 ? cycles : 0;
  }
  EXPECT_EQ(conflicts, 7 * 17u);
}

// Channels of DRAM have a rate: what four channels of DMA want of one is served one after the other, and no cycle is lost.
TEST_F(Contention, BytesOfTheDram) {
  machine.memory = {};
  machine.memory.ddr = {1 << 20, 1, 16, 0};
  std::string program;
  for (int i = 0; i < 4; ++i) {
    program +=
        copy("spad[" + std::to_string(4096 * i) + "]", "dram[0x0]", 1600, "channel " + std::to_string(i));
  }
  program = replaced(program, "spad[0]", "spad[0x0]");
  program = replaced(program, "spad[4096]", "spad[0x1000]");
  program = replaced(program, "spad[8192]", "spad[0x2000]");
  program = replaced(program, "spad[12288]", "spad[0x3000]");
  const Report report = run(program);
  EXPECT_EQ(report.slices.back().end - report.slices.front().start, 400u);
  EXPECT_EQ(report.traffic.read[static_cast<size_t>(PortKind::Ddr)], 6400u);
  EXPECT_EQ(report.traffic.written[static_cast<size_t>(PortKind::SpadWrites)], 6400u);
}

// Additions to a line that two rows share take rmw_cycles each, writes don't.
TEST_F(Contention, ReadModifyWrite) {
  machine.cores[0].acc->rmwCycles = 3;
  machine.cores[0].acc->widthBytes = 128;
  const std::string mode = "mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=STRIDE n=0 "
                           "m=0 a_slice=0 w_slice=0\n"
                           "mxu.weights from=spad[0x0] rows=16 columns=16\n";
  auto cycles = [&](const std::string &stride, const std::string &update) {
    const std::string stream =
        "mxu.stream from=spad[0x1000] to=acc[0x0] rows=40 update=" + update + " swap=yes\n";
    return durationOf(run(replaced(mode, "STRIDE", stride) + stream), 2) - 15 - 15 - 1;
  };
  EXPECT_EQ(cycles("64", "write"), 40u);
  EXPECT_EQ(cycles("64", "add"), 120u);
  EXPECT_EQ(cycles("128", "add"), 40u);
}

} // namespace

// Who gets nothing of a lane stands still until the others have ended; the end that was expected before is none.
TEST_F(Contention, AnAccessThatStandsStillEndsLater) {
  const Lanes quarter = {{4, 4, 4, 4}, 4, 16, true}, few = {{1, 1, 1, 1}, 1, 4, true},
              second = {{0, 15, 0, 0}, 15, 15, false}, both = {{8, 7}, 8, 15, false};
  Resource spad(PortKind::SpadReads), acc(PortKind::AccReads);
  ChipTime chip(machine, 0, false);
  auto begin = [&](uint32_t engine, double start, double duration, const Lanes &ofSpad, const Lanes *ofAcc) {
    SharedAccess access;
    access.owner = {0, engine, engine};
    access.duration = duration;
    access.claims.lanesOf(spad) = &ofSpad;
    if (ofAcc) {
      access.claims.lanesOf(acc) = ofAcc;
    }
    chip.begin(std::move(access), start);
  };
  begin(3, 0, 16, quarter, nullptr); // would end at 16
  // Two at 15 / 16 of their speed, for they meet in a bank of acc; all of the second bank of spad is theirs.
  begin(1, 3, 15, second, &both);
  begin(2, 3, 15, few, &both);
  std::map<uint32_t, double> ends;
  while (!chip.events.empty()) {
    const TimedEvent event = chip.events.top();
    chip.events.pop();
    chip.now = event.time;
    if (auto access = chip.finish(event)) {
      EXPECT_TRUE(ends.emplace(access->owner.engine, access->end).second) << access->owner.engine;
    }
  }
  ASSERT_EQ(ends.size(), 3u);
  EXPECT_DOUBLE_EQ(ends[1], 19);
  EXPECT_DOUBLE_EQ(ends[2], 19);
  EXPECT_DOUBLE_EQ(ends[3], 19 + 13);
}
