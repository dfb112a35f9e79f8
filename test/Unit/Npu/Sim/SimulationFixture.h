//===- SimulationFixture.h - Small machines, and programs as text --------------===//
#ifndef COOPT_TEST_UNIT_NPU_SIM_SIMULATIONFIXTURE_H
#define COOPT_TEST_UNIT_NPU_SIM_SIMULATIONFIXTURE_H

#include "Npu/Sim/Simulator.h"
#include "coopt/Machine/Machine.h"
#include "coopt/NpuIsa/Slice.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace coopt::npu::test {

constexpr uint64_t kSizes[kSpaces] = {1 << 20, 1 << 16, 1 << 16, 1 << 14};

/// The memories of some cores, filled with numbers of a seed; DRAM and L2 are shared.
struct Memories {
  std::vector<std::array<Memory, kSpaces>> all;
  std::vector<MemoryMap> maps;

  explicit Memories(unsigned seed, size_t cores = 1) : all(cores) {
    std::mt19937 random(seed);
    for (size_t core = 0; core < cores; ++core) {
      MemoryMap map = {};
      for (unsigned i = 0; i < kSpaces; ++i) {
        const bool isShared = i < 2 && core > 0;
        all[core][i] = *Memory::create(isShared ? 0 : kSizes[i]);
        map[i] = isShared ? &all[0][i] : &all[core][i];
        for (uint64_t byte = 0; byte < all[core][i].size(); byte += 4) {
          const auto four = static_cast<uint32_t>(random());
          std::memcpy(all[core][i].at(byte), &four, 4);
        }
      }
      maps.push_back(map);
    }
  }
  friend bool operator==(Memories &a, Memories &b) {
    for (size_t core = 0; core < a.all.size(); ++core) {
      for (unsigned i = 0; i < kSpaces; ++i) {
        if (std::memcmp(a.all[core][i].at(0), b.all[core][i].at(0), a.all[core][i].size()) != 0) {
          return false;
        }
      }
    }
    return true;
  }
};

class Simulation : public testing::Test {
protected:
  machine::NpuMachine machine = *machine::presetNpu("gemmini16")->npu();
  Image image;

  void use(const char *preset, int64_t cores = 1) {
    machine = *machine::presetNpu(preset)->npu();
    machine.cores[0].repeat = cores;
    machine.cores[0].spad.bytes = kSizes[static_cast<size_t>(Space::Spad)];
    machine.cores[0].acc->bytes = kSizes[static_cast<size_t>(Space::Acc)];
    if (machine.memory.l2) {
      machine.memory.l2->bytes = kSizes[static_cast<size_t>(Space::L2)];
    }
  }
  void SetUp() override { use("gemmini16"); }

  static Image imageOf(const std::string &text) {
    auto parsed =
        parse("image machine=0x0 features=0x0\nlocation 0 \"\"\nlocation 1 \"layers.0/up\"\n" + text);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message) << "\n" << text;
    return parsed ? *parsed : Image();
  }
  static Image oneCore(const std::string &body) { return imageOf("core 0\n" + body + "\nhalt\n"); }

  /// Simulates; values are those of the stream in its own order.
  Report run(const std::string &body, unsigned seed = 1) {
    image = oneCore(body);
    Memories inOrder(seed), inTime(seed);
    Status status = runInOrder(image.cores[0], inOrder.maps[0]);
    EXPECT_TRUE(status) << (status ? "" : status.error().message);
    auto report = simulate(machine, image, inTime.maps, everything());
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    EXPECT_TRUE(inOrder == inTime);
    return report ? std::move(*report) : Report();
  }
  /// All that a run can tell.
  static RunOptions everything() {
    RunOptions options;
    options.isRecorded = options.isTraced = true;
    return options;
  }
  static const EngineTime &engine(const Report &report, const std::string &name, uint32_t core = 0) {
    static const EngineTime none;
    for (const EngineTime &engine : report.engines) {
      if (engine.name == name && engine.core == core) {
        return engine;
      }
    }
    ADD_FAILURE() << "no engine " << name;
    return none;
  }
  /// Cycles of a cause, whatever it names.
  static uint64_t cyclesOf(const EngineTime &engine, Cause cause) {
    uint64_t sum = 0;
    for (const auto &[reason, cycles] : engine.stalls) {
      sum += reason.cause == cause ? cycles : 0;
    }
    return sum;
  }
};

inline std::string copy(const std::string &to, const std::string &from, uint64_t bytes,
                        const std::string &rest = "", uint64_t count = 1, uint64_t from1 = 0,
                        uint64_t to1 = 0) {
  return "dma.copy to=" + to + " from=" + from + " bytes=" + std::to_string(bytes) +
         " count=" + std::to_string(count) + " from1=" + std::to_string(from1) +
         " to1=" + std::to_string(to1) + " shaped=no" + (rest.empty() ? "" : " | " + rest) + "\n";
}

inline std::string replaced(std::string text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// Tiles of weights come through two slots while the array computes; then the sums go to DRAM.
inline std::string doubleBuffered(int count, int rows) {
  const std::string mode =
      "mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0";
  return mode + " | signal 0:2\nloop counter=s1 count=" + std::to_string(count) + R"(
  scalar to=s2 function=rem a=s1 b=none value=2
  scalar to=s3 function=mul a=s2 b=none value=256
  scalar to=s4 function=mul a=s1 b=none value=256
  dma.copy to=spad[0x0+s3] from=dram[0x0+s4] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 1:1 at 1
  mxu.weights from=spad[0x0+s3] rows=16 columns=16 | wait 1:1 signal 0:1 at 1
  mxu.stream from=spad[0x1000] to=acc[0x0] rows=)" +
         std::to_string(rows) + " update=add swap=yes | at 1\nendloop\n" + mode + R"( | signal 2:1
dma.copy to=dram[0x8000] from=acc[0x0] bytes=1024 count=1 from1=0 to1=0 shaped=no | wait 0:2 wait 2:1
)";
}

/// Experts with as many tokens as a list says, predicates, several channels, the vector engine.
inline const char *const kExperts = R"(
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
dma.gather to=spad[0x6000] from=dram[0x2000] indices=spad[0x2000] count=12 bytes=100 from1=4096 rows=40 | signal 5:1
vec.mode to=i8 a=i8 b=i8 c=i8 to_stride=64 a_stride=64 b_stride=64 c_stride=64 b_broadcast=none c_broadcast=none
vec.map function=add to=spad[0xc000] a=spad[0x1000] b=spad[0x3000] c=spad[0x0] rows=8 columns=64 | wait 4:1
fence | wait 5:1
)";

/// Numbers of the machine that no value depends on.
inline void shake(machine::NpuCore &core, std::mt19937 &random) {
  core.queueDepth = 2 + random() % 15;
  core.issueCycles = 1 + random() % 9;
  core.semaphoreWakeCycles = random() % 20;
  core.dma.setupCycles = random() % 200;
  core.dma.maxOutstanding = 1 + random() % 20;
  core.spad.latencyCycles = random() % 9;
  core.spad.banks = int64_t(1) << (random() % 5);
  core.acc->rmwCycles = 1 + random() % 4;
  core.mxu->weightPortBytes = int64_t(1) << (random() % 6);
  core.vec->lanes = int64_t(1) << (random() % 7);
}

} // namespace coopt::npu::test

#endif // COOPT_TEST_UNIT_NPU_SIM_SIMULATIONFIXTURE_H
