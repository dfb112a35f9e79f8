//===- SimulatorTest.cpp - Values and time of one core ------------------------===//
#include "Npu/Sim/Simulator.h"
#include "coopt/CostModel/MatrixArray.h"
#include "coopt/Machine/Machine.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr uint64_t kSizes[kSpaces] = {1 << 20, 1 << 16, 1 << 16, 1 << 14};

/// The memories of a core, filled with numbers of a seed.
struct Memories {
  std::array<Memory, kSpaces> all;
  MemoryMap map = {};

  explicit Memories(unsigned seed) {
    std::mt19937 random(seed);
    for (unsigned i = 0; i < kSpaces; ++i) {
      all[i] = *Memory::create(kSizes[i]);
      map[i] = &all[i];
      for (uint64_t byte = 0; byte < kSizes[i]; ++byte) {
        *all[i].at(byte) = static_cast<uint8_t>(random());
      }
    }
  }
  friend bool operator==(Memories &a, Memories &b) {
    for (unsigned i = 0; i < kSpaces; ++i) {
      if (std::memcmp(a.all[i].at(0), b.all[i].at(0), kSizes[i]) != 0) {
        return false;
      }
    }
    return true;
  }
};

class Simulation : public testing::Test {
protected:
  machine::NpuMachine machine = *machine::presetNpu("gemmini16")->npu();

  void SetUp() override {
    machine.cores[0].repeat = 1;
    machine.cores[0].spad.bytes = kSizes[static_cast<size_t>(Space::Spad)];
    machine.cores[0].acc->bytes = kSizes[static_cast<size_t>(Space::Acc)];
  }

  static Image imageOf(const std::string &body) {
    auto image = parse("image machine=0x0 features=0x0\nlocation 0 \"\"\ncore 0\n" + body + "\nhalt\n");
    EXPECT_TRUE(image) << image.error().message;
    return *image;
  }
  /// Simulates; values are those of the stream in its own order.
  Report run(const std::string &body, unsigned seed = 1) {
    const Image image = imageOf(body);
    Memories inOrder(seed), inTime(seed);
    Status status = runInOrder(image.cores[0], inOrder.map);
    EXPECT_TRUE(status) << status.error().message;
    auto report = simulate(machine, image, inTime.map);
    EXPECT_TRUE(report) << report.error().message;
    EXPECT_TRUE(inOrder == inTime);
    return report ? *report : Report();
  }
  static const EngineTime &engine(const Report &report, const std::string &name) {
    for (const EngineTime &engine : report.engines) {
      if (engine.name == name) {
        return engine;
      }
    }
    ADD_FAILURE() << "no engine " << name;
    return report.engines.front();
  }
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

// From the first word of weights to the last sum, and from tile to tile, as the law says that the RTL confirms.
TEST_F(Simulation, TilesTakeWhatTheirLawSays) {
  const cost::MatrixArray law = array(cost::ArrayMode::WeightStationary);
  for (int64_t m : {1, 5, 16, 40}) {
    for (int64_t k : {1, 7, 16}) {
      const Report one = run(kStationary + tile(m, k));
      const Slice &weights = one.slices[1], &stream = one.slices[2];
      EXPECT_EQ(static_cast<int64_t>(stream.end - weights.start), cost::latency(law, {m, 16, k}))
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
    for (int64_t k : {1, 30, 64}) {
      const std::string sizes = " rows=" + std::to_string(m) + " columns=16 update=write\n";
      const Report report =
          run(kOutput + "mxu.multiply a=spad[0x1000] w=spad[0x0] depth=" + std::to_string(k) + sizes +
              "mxu.drain to=acc[0x0]" + sizes);
      EXPECT_EQ(static_cast<int64_t>(report.slices[2].end - report.slices[1].start),
                cost::latency(output, {m, 16, k}));
    }
  }
}

const std::string kDoubleBuffered = R"(
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0 | signal 0:2
loop counter=s1 count=COUNT
  scalar to=s2 function=rem a=s1 b=none value=2
  scalar to=s3 function=mul a=s2 b=none value=256
  scalar to=s4 function=mul a=s1 b=none value=256
  dma.copy to=spad[0x0+s3] from=dram[0x0+s4] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 1:1
  mxu.weights from=spad[0x0+s3] rows=16 columns=16 | wait 1:1 signal 0:1
  mxu.stream from=spad[0x1000] to=acc[0x0] rows=ROWS update=add swap=yes
endloop
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0 | signal 2:1
dma.copy to=dram[0x8000] from=acc[0x0] bytes=1024 count=1 from1=0 to1=0 shaped=no | wait 0:2 wait 2:1
)";

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  return text.replace(text.find(from), from.size(), to);
}

// With few rows the memory decides, with many the array: what does not decide stands still for the other.
TEST_F(Simulation, WhoeverIsSlowerDecides) {
  auto program = [&](int rows) {
    return replaced(replaced(kDoubleBuffered, "COUNT", "32"), "ROWS", std::to_string(rows));
  };
  const Report few = run(program(1)), many = run(program(200));
  const EngineTime &dma = engine(few, "dma 0"), &matrix = engine(many, "matrix");
  EXPECT_GT(static_cast<double>(dma.busy), 0.9 * static_cast<double>(few.cycles));
  EXPECT_GT(static_cast<double>(matrix.busy), 0.9 * static_cast<double>(many.cycles));
  EXPECT_GT(engine(few, "matrix").stalls.at({Cause::Semaphore, 1}), 32 * 5u); // for each tile
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
  EXPECT_EQ(second.busy, 15u);
  EXPECT_EQ(second.stalls.at({Cause::NotHandedOut, 0}), 5u);
  EXPECT_EQ(second.stalls.at({Cause::Semaphore, 1}), 43u);
  EXPECT_EQ(second.stalls.at({Cause::Finished, 0}), 1u);
  EXPECT_EQ(engine(report, "control").stalls.at({Cause::Fence, 0}), 61u);
}

// Whatever the machine's numbers are, values are those of the stream's order, and every cycle has its cause (else there is an error).
TEST_F(Simulation, ValuesDoNotDependOnTime) {
  const std::string experts = R"(
dma.fill to=spad[0x2000] bytes=64 count=1 to1=0 value=0 | signal 3:1
dma.fill to=spad[0x2004] bytes=1 count=3 to1=12 value=9 | signal 3:1
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0 | signal 0:1
fence | wait 3:2
loop counter=s1 count=12
  scalar to=s2 function=mul a=s1 b=none value=4
  load to=s3 from=spad[0x2000+s2] type=i32 bound=32
  scalar to=s6 function=mul a=s1 b=none value=256
  scalar to=s7 function=lt a=s1 b=none value=7
  loop counter=s5 count=s3<=32
    dma.copy to=spad[0x0] from=dram[0x1000+s6] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 1:1
    mxu.weights from=spad[0x0] rows=16 columns=16 | wait 1:1
    mxu.stream from=spad[0x1000] to=acc[0x0] rows=s3<=32 update=add swap=yes | signal 0:1
  endloop
  dma.fill to=spad[0x4000+s6] bytes=16 count=1 to1=0 value=3 | channel 1 if s7
endloop
dma.copy to=dram[0x8000] from=acc[0x0] bytes=1024 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 4:1
vec.mode to=i8 a=i8 b=i8 c=i8 to_stride=64 a_stride=64 b_stride=64 c_stride=64 b_broadcast=none c_broadcast=none
vec.map function=add to=spad[0xc000] a=spad[0x1000] b=spad[0x3000] c=spad[0x0] rows=8 columns=64 | wait 4:1
)";
  machine = *machine::presetNpu("edge1")->npu();
  machine.cores[0].repeat = 1;
  machine.cores[0].spad.bytes = kSizes[static_cast<size_t>(Space::Spad)];
  machine.cores[0].acc->bytes = kSizes[static_cast<size_t>(Space::Acc)];
  machine.memory.l2->bytes = kSizes[static_cast<size_t>(Space::L2)];
  std::mt19937 random(3);
  for (unsigned seed = 0; seed < 30; ++seed) {
    machine::NpuCore &core = machine.cores[0];
    core.queueDepth = 2 + random() % 15;
    core.issueCycles = 1 + random() % 9;
    core.semaphoreWakeCycles = random() % 20;
    core.dma.setupCycles = random() % 200;
    core.mxu->weightPortBytes = int64_t(1) << (random() % 6);
    core.vec->lanes = int64_t(1) << (random() % 7);
    const Report report = run(experts, seed);
    EXPECT_GT(report.cycles, 100u);
    run(replaced(replaced(kDoubleBuffered, "COUNT", std::to_string(1 + random() % 9)), "ROWS",
                 std::to_string(1 + random() % 40)),
        seed);
  }
}

TEST_F(Simulation, WhatIsRefused) {
  Memories memories(1);
  auto errorOf = [&](const Image &image) {
    auto report = simulate(machine, image, memories.map);
    return report ? std::string() : report.error().message;
  };
  EXPECT_EQ(errorOf(imageOf("dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | wait 1:1")),
            "core 0, entry 1 (halt): the stream signals semaphore 1 1 times less than it waits for it");
  EXPECT_EQ(errorOf(*parse("image machine=0x0 features=0x0\ncore 0\nhalt\ncore 1\nhalt\n")),
            "expected the code of one core, got that of 2");
  std::memset(memories.all[static_cast<size_t>(Space::Spad)].at(0), 9, 4);
  EXPECT_EQ(errorOf(imageOf("load to=s1 from=spad[0x0] type=i8 bound=3")),
            "entry 0 (load): from: got 9, expected 0 .. 3");
}

} // namespace
