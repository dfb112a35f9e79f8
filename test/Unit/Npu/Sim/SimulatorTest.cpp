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

/// An mxu.mode, and what is computed in it for a tile: two entries, of which the second is the tile's start.
struct Mode {
  cost::MatrixArray array;
  std::string text;
  std::string tile(const cost::ArrayTile &tile) const {
    const std::string rows = " rows=" + std::to_string(tile.m),
                      columns = " columns=" + std::to_string(tile.n);
    switch (array.mode) {
    case cost::ArrayMode::BitSerial:
      return "mxu.multiply a=spad[0x1000] w=spad[0x0] depth=" + std::to_string(tile.k) + rows + columns +
             " update=write\nmxu.drain to=acc[0x0]" + rows + columns + " update=write\n";
    case cost::ArrayMode::TableLookup:
      return "mxu.tables from=spad[0x1000]" + rows + " depth=" + std::to_string(tile.k) +
             "\nmxu.lookup from=spad[0x0] to=acc[0x0]" + rows + columns + " update=write swap=yes\n";
    default:
      return "mxu.weights from=spad[0x0] rows=" + std::to_string(tile.k) + columns +
             "\nmxu.stream from=spad[0x1000] to=acc[0x0]" + rows + " update=write swap=yes\n";
    }
  }
};

/// `sizes`: n, m, and slices.
std::string modeText(const std::string &mode, const std::string &w, const std::string &sizes) {
  return "mxu.mode mode=" + mode + " a=i8 w=" + w + " acc=i32 a_stride=64 w_stride=32 acc_stride=256 " +
         sizes + "\n";
}

// Of every mode a tile alone, from the start of its weights, tables or pairs to its last sum, and equal tiles that follow each other.
TEST_F(Laws, EveryModeTakesWhatItsLawSays) {
  // Nobody is in the array's way.
  machine.cores[0].spad.readPorts = 2;
  machine.cores[0].spad.latencyCycles = 0;
  machine.cores[0].spad.widthBytes = 512;
  machine.cores[0].acc->widthBytes = 512;
  machine::NpuMatrixUnit &unit = *machine.cores[0].mxu;
  unit.hopRegistersDown = 2;
  unit.hopRegistersAcross = 3;
  unit.weightPortBytes = 8; // two words and more for each row of weights
  unit.activationPortBytes = 32;
  unit.modes.nm = {{2, 4}};
  unit.modes.dot = machine::NpuDotMode{24};
  unit.modes.bitserial = machine::NpuBitserialMode{3, 16};
  unit.modes.lut = machine::NpuLutMode{4, 8, 128, 32, true};
  const cost::ArrayTile tiles[] = {{1, 16, 16}, {5, 7, 12}, {16, 16, 4}, {13, 11, 8}};
  auto compare = [&](const Mode &mode) {
    for (cost::ArrayTile tile : tiles) {
      if (mode.array.mode == cost::ArrayMode::TableLookup) {
        tile.wBits = 4;
        tile.n *= 3;
      }
      const Report one = run(mode.text + mode.tile(tile));
      EXPECT_EQ(static_cast<int64_t>(one.slices[2].end - one.slices[1].start),
                cost::latency(mode.array, tile))
          << mode.text << tile.m << " " << tile.n << " " << tile.k;
      if (mode.array.mode == cost::ArrayMode::BitSerial) {
        continue; // the drain begins when the sums are there, not when the array would let it
      }
      std::string many = mode.text;
      for (int i = 0; i < 8; ++i) {
        many += mode.tile(tile);
      }
      std::vector<uint64_t> starts;
      for (const Slice &slice : run(many).slices) {
        if (slice.entry > 0 && slice.entry % 2 == 0) {
          starts.push_back(slice.start);
        }
      }
      ASSERT_EQ(starts.size(), 8u);
      // The control unit hands out one entry a cycle.
      EXPECT_EQ(static_cast<int64_t>(starts[7] - starts[6]),
                std::max<int64_t>(cost::interval(mode.array, tile, tile), 2))
          << mode.text << tile.m << " " << tile.n << " " << tile.k;
    }
  };
  const std::string none = "n=0 m=0 a_slice=0 w_slice=0";
  for (bool isChain : {false, true}) {
    unit.weightLoad = isChain ? machine::NpuWeightLoad::ShiftChain : machine::NpuWeightLoad::RowAddressed;
    cost::MatrixArray dense =
        array(isChain ? cost::ArrayMode::WeightStationaryChain : cost::ArrayMode::WeightStationary);
    dense.weightPort = 8;
    compare({dense, modeText("ws", "i8", none)});
    cost::MatrixArray kept = dense;
    kept.mode = isChain ? cost::ArrayMode::KeptWeightsChain : cost::ArrayMode::KeptWeights;
    kept.kept = 2;
    kept.group = 4;
    compare({kept, modeText("nm", "i8", "n=2 m=4 a_slice=0 w_slice=0")});
  }
  cost::MatrixArray dot{cost::ArrayMode::DotProduct, 16, 16};
  dot.weightPort = 8;
  dot.minimumStripe = 24;
  compare({dot, modeText("dot", "i8", none)});
  cost::MatrixArray serial = array(cost::ArrayMode::BitSerial);
  serial.aSlice = 3;
  serial.wSlice = 16;
  compare({serial, modeText("bitserial", "i8", "n=0 m=0 a_slice=3 w_slice=16")});
  for (int buffers : {1, 2}) {
    unit.modes.lut->doubleBuffered = buffers == 2;
    cost::MatrixArray lut{cost::ArrayMode::TableLookup, 16, 8};
    lut.tableGroup = 4;
    lut.tables = 8;
    lut.tableEntries = 2;
    lut.buffers = buffers;
    compare({lut, modeText("lut", "i4", "n=0 m=4 a_slice=0 w_slice=0")});
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
  EXPECT_GT(engine(few, "matrix").stalls.at({Cause::Semaphore, 1, {0, 4, 5}}), 32u); // for each tile
  EXPECT_GT(engine(many, "dma 0").stalls.at({Cause::Semaphore, 0, {0, 1, 6}}), many.cycles / 2);
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
  EXPECT_EQ(second.stalls.at({Cause::Semaphore, 1, {0, 4, 0}}), 43u);
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
