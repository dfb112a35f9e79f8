//===- SimulatorTest.cpp - Values and time of one core ------------------------===//
#include "SimulationFixture.h"
#include "coopt/CostModel/MatrixArray.h"

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class Laws : public Simulation {
protected:
  cost::MatrixArray array(cost::ArrayMode mode) const {
    const machine::NpuMatrixUnit &unit = *machine.cores[0].mxu;
    return {mode, unit.rows, unit.cols, *unit.hopRegistersDown, *unit.hopRegistersAcross};
  }
};

std::string tile(int64_t m, int64_t k) {
  return "mxu.weights from=spad[0x0] rows=" + std::to_string(k) +
         " columns=16\nmxu.stream from=spad[0x1000] to=acc[0x0] rows=" + std::to_string(m) +
         " update=write swap=yes\n";
}
const std::string kStationary =
    "mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0\n";
const std::string kOutput =
    "mxu.mode mode=os a=i8 w=i8 acc=i32 a_stride=64 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0\n";

// From the first word of weights to the last sum, and from tile to tile, as the law says that the RTL confirms; words come from the
// scratchpad a little after they are asked for, and weights and activations have a port each.
TEST_F(Laws, TilesTakeWhatTheirLawSays) {
  machine.cores[0].spad.readPorts = 2;
  const int64_t asked = machine.cores[0].spad.latencyCycles;
  const cost::MatrixArray law = array(cost::ArrayMode::WeightStationary);
  for (int64_t m : {1, 5, 16, 40}) {
    for (int64_t k : {1, 7, 16}) {
      const Report one = run(kStationary + tile(m, k));
      const Slice &weights = one.slices[1], &stream = one.slices[2];
      EXPECT_EQ(static_cast<int64_t>(stream.end - weights.start), cost::latency(law, {m, 16, k}) + asked)
          << m << " " << k;
      std::string many = kStationary;
      for (int i = 0; i < 6; ++i) {
        many += tile(m, k);
      }
      const Report six = run(many);
      std::vector<uint64_t> starts;
      for (const Slice &slice : six.slices) {
        if (slice.entry > 0 && slice.entry % 2 == 0) {
          starts.push_back(slice.start);
        }
      }
      ASSERT_EQ(starts.size(), 6u);
      for (size_t i = 3; i < 6;
           ++i) { // those before may wait for the control unit, which hands out one entry a cycle
        EXPECT_EQ(static_cast<int64_t>(starts[i] - starts[i - 1]),
                  std::max<int64_t>(cost::interval(law, {m, 16, k}, {m, 16, k}), 2))
            << m << " " << k;
      }
    }
  }
  const cost::MatrixArray output = array(cost::ArrayMode::OutputStationary);
  for (int64_t m : {1, 9, 16}) {
    for (int64_t k : {16, 30, 64}) { // fewer are not read by rows as fast as they are needed
      const std::string sizes = " rows=" + std::to_string(m) + " columns=16 update=write\n";
      const Report report =
          run(kOutput + "mxu.multiply a=spad[0x1000] w=spad[0x0] depth=" + std::to_string(k) + sizes +
              "mxu.drain to=acc[0x0]" + sizes);
      EXPECT_EQ(static_cast<int64_t>(report.slices[2].end - report.slices[1].start),
                cost::latency(output, {m, 16, k}) + asked);
    }
  }
}

// With few rows the memory decides, with many the array: what does not decide stands still for the other.
TEST_F(Simulation, WhoeverIsSlowerDecides) {
  const Report few = run(doubleBuffered(32, 1)), many = run(doubleBuffered(32, 200));
  const EngineTime &dma = engine(few, "dma 0"), &matrix = engine(many, "matrix");
  uint64_t moves = dma.busy;
  for (const auto &[reason, cycles] : dma.stalls) {
    moves += reason.cause == Cause::Latency || reason.cause == Cause::Rows ? cycles : 0;
  }
  EXPECT_GT(static_cast<double>(moves), 0.9 * static_cast<double>(few.cycles));
  EXPECT_GT(static_cast<double>(matrix.busy), 0.9 * static_cast<double>(many.cycles));
  EXPECT_GT(engine(few, "matrix").stalls.at({Cause::Semaphore, 1}), 32u); // for each tile
  EXPECT_GT(engine(many, "dma 0").stalls.at({Cause::Semaphore, 0}), many.cycles / 2);
}

// Each copy: set-up, the memories' latencies, bytes over the narrowest of channel and memories.
TEST_F(Simulation, CopiesByHand) {
  machine.cores[0].dma = {2, 8, 16, 10};
  machine.cores[0].issueCycles = 3;
  machine.cores[0].semaphoreWakeCycles = 5;
  machine.cores[0].spad.latencyCycles = 4;
  const Report report = run(
      "dma.copy to=spad[0x100] from=spad[0x0] bytes=100 count=2 from1=100 to1=100 shaped=no | signal 1:1\n"
      "dma.copy to=spad[0x400] from=spad[0x100] bytes=8 count=1 from1=0 to1=0 shaped=no | channel 1 wait "
      "1:1");
  ASSERT_EQ(report.slices.size(), 2u);
  // Handed out in cycle 0, at the engine 1 + 3 cycles later; 10 + 4 + 200 / 8.
  EXPECT_EQ(report.slices[0].start, 4u);
  EXPECT_EQ(report.slices[0].end, 4u + 39u);
  EXPECT_EQ(report.slices[1].start, 4u + 39u + 5u);
  EXPECT_EQ(report.slices[1].end, 48u + 15u);
  EXPECT_EQ(report.cycles, 63u + 1u); // halt, once all is done
  const EngineTime &second = engine(report, "dma 1");
  EXPECT_EQ(second.busy, 11u);
  EXPECT_EQ(second.stalls.at({Cause::Latency, static_cast<unsigned>(PortKind::SpadReads)}), 4u);
  EXPECT_EQ(second.stalls.at({Cause::NotHandedOut, 0}), 5u);
  EXPECT_EQ(second.stalls.at({Cause::Semaphore, 1}), 43u);
  EXPECT_EQ(second.stalls.at({Cause::Finished, 0}), 1u);
  EXPECT_EQ(engine(report, "control").stalls.at({Cause::Fence, 0}), 61u);
}

// Whatever the machine's numbers are, values are those of the stream's order, and every cycle has its cause (else there is an error).
TEST_F(Simulation, ValuesDoNotDependOnTime) {
  use("edge1");
  std::mt19937 random(3);
  for (unsigned seed = 0; seed < 30; ++seed) {
    shake(machine.cores[0], random);
    EXPECT_GT(run(kExperts, seed).cycles, 100u);
    run(doubleBuffered(1 + static_cast<int>(random() % 9), 1 + static_cast<int>(random() % 40)), seed);
  }
}

TEST_F(Simulation, WhatIsRefused) {
  Memories memories(1);
  auto errorOf = [&](const Image &image) {
    auto report = simulate(machine, image, memories.maps);
    return report ? std::string() : report.error().message;
  };
  EXPECT_EQ(errorOf(oneCore("dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | wait 1:1")),
            "core 0, entry 1 (halt): the stream signals semaphore 1 1 times less than it waits for it");
  EXPECT_EQ(errorOf(*parse("image machine=0x0 features=0x0\ncore 0\nhalt\ncore 1\nhalt\n")),
            "expected the code of 1 to 1 cores, got that of 2");
  std::memset(memories.all[0][static_cast<size_t>(Space::Spad)].at(0), 9, 4);
  EXPECT_EQ(errorOf(oneCore("load to=s1 from=spad[0x0] type=i8 bound=3")),
            "core 0, entry 0 (load): from: got 9, expected 0 .. 3");
}

} // namespace
