//===- AgreementTest.cpp - Events against cycles --------------------------------===//
//
// The simulator by events and the models that are exact to the cycle (runtime/Npu) share no code and no formula: the same tiles take the same time
// where nothing is shared, and nearly the same where the array and a DMA channel read the same banks, which an arbiter here gives out cycle by
// cycle.
//
//===----------------------------------------------------------------------===//
#include "Npu/TileWords.h"
#include "SimulationFixture.h"
#include "Workload.h"

#include <deque>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;
using cost::ArrayMode;
using cost::MatrixArray;

namespace {

class Agreement : public Simulation {
protected:
  /// A machine with that array, whose control unit and memories are in nobody's way.
  void useArray(const MatrixArray &array) {
    use("gemmini16");
    machine::NpuCore &core = machine.cores[0];
    machine::NpuMatrixUnit &unit = *core.mxu;
    unit.rows = array.rows;
    unit.cols = array.columns;
    unit.hopRegistersDown = array.hopRegistersDown;
    unit.hopRegistersAcross = array.hopRegistersAcross;
    unit.weightPortBytes = unit.activationPortBytes = 8;
    unit.weightLoad = array.mode == ArrayMode::WeightStationaryChain ? machine::NpuWeightLoad::ShiftChain
                                                                     : machine::NpuWeightLoad::RowAddressed;
    core.queueDepth = 1024;
    core.issueCycles = 1;
    core.semaphoreWakeCycles = 0;
    core.spad = {core.spad.bytes, 4, 8, 16, 1, 0};
    core.dma = {4, 8, 1024, 2000};
  }
  /// All entries are in the queues before the first starts: a fill takes its time before it lets them go.
  static std::string held() {
    return "dma.fill to=spad[0xfff0] bytes=8 count=1 to1=0 value=0 | channel 3 signal 0:1 signal 1:1\n";
  }
};

struct Tile {
  int64_t m, k;
};

std::string mode(const char *flow, int64_t aStride, int64_t wStride, const std::string &rest) {
  return std::string("mxu.mode mode=") + flow + " a=i8 w=i8 acc=i32 a_stride=" + std::to_string(aStride) +
         " w_stride=" + std::to_string(wStride) + " acc_stride=64 n=0 m=0 a_slice=0 w_slice=0" +
         (rest.empty() ? "" : " | " + rest) + "\n";
}

TEST_F(Agreement, OneEngineTakesTheSameTime) {
  const MatrixArray arrays[] = {
      {ArrayMode::WeightStationary, 8, 8, 1, 1},      {ArrayMode::WeightStationary, 4, 3, 1, 2},
      {ArrayMode::WeightStationary, 7, 5, 3, 2},      {ArrayMode::WeightStationaryChain, 8, 8, 1, 1},
      {ArrayMode::WeightStationaryChain, 5, 7, 2, 1}, {ArrayMode::OutputStationary, 8, 8, 1, 1},
      {ArrayMode::OutputStationary, 4, 3, 1, 2},      {ArrayMode::OutputStationary, 7, 5, 3, 2}};
  test::Random random(5);
  for (const MatrixArray &array : arrays) {
    useArray(array);
    const bool keepsOutputs = array.mode == ArrayMode::OutputStationary;
    for (int round = 0; round < 25; ++round) {
      Stimulus stimulus;
      std::string program = held() + mode(keepsOutputs ? "os" : "ws", 64, 8, "wait 0:1");
      const int64_t count = random.in(1, 12);
      for (int64_t i = 0; i < count; ++i) {
        const Tile tile = {random.in(1, keepsOutputs ? array.rows : 30),
                           random.in(1, keepsOutputs ? 40 : array.rows)};
        TileData data;
        data.tile = {tile.m, array.columns, tile.k};
        data.activations.resize(static_cast<size_t>(tile.m * tile.k), 1);
        data.weights.resize(static_cast<size_t>(tile.k * array.columns), 1);
        data.partials.resize(keepsOutputs ? 0 : static_cast<size_t>(tile.m * array.columns), 1);
        ASSERT_TRUE(appendTile(array, data, stimulus));
        const std::string columns = " columns=" + std::to_string(array.columns),
                          rows = " rows=" + std::to_string(tile.m);
        program += keepsOutputs
                       ? "mxu.multiply a=spad[0x1000] w=spad[0x0] depth=" + std::to_string(tile.k) + rows +
                             columns + " update=write\nmxu.drain to=acc[0x0]" + rows + columns +
                             " update=write\n"
                       : "mxu.weights from=spad[0x0] rows=" + std::to_string(tile.k) + columns +
                             "\nmxu.stream from=spad[0x1000] to=acc[0x0]" + rows + " update=write swap=yes\n";
      }
      program += "fence | wait 1:1\n";
      auto device = makeArray(array);
      ASSERT_TRUE(device);
      auto cycles = drive(**device, stimulus);
      ASSERT_TRUE(cycles) << cycles.error().message;
      const Report report = run(program);
      uint64_t first = ~uint64_t(0), last = 0;
      for (const Slice &slice : report.slices) {
        if (report.engines[slice.engine].name == "matrix" && slice.entry > 1) {
          first = std::min(first, slice.start);
          last = std::max(last, slice.end);
        }
      }
      EXPECT_EQ(last - first, cycles->cycles)
          << cost::name(array.mode) << " " << array.rows << " " << program;
      EXPECT_EQ(cyclesOf(engine(report, "matrix"), Cause::Shared), 0u);
    }
  }
}

//===-- Two engines ---------------------------------------------------------------===//

constexpr uint64_t kLineBytes = 8, kBanks = 4, kAhead = 4, kInFlight = 16;

struct TileJob {
  int64_t m, k;
  uint64_t weights, activations; ///< addresses
  int waitsFor = -1;             ///< a copy
};
struct CopyJob {
  uint64_t from, lines, stride;
  int waitsFor = -1; ///< a tile
};
struct Jobs {
  int64_t weightStride, activationStride;
  uint64_t setup;
  std::vector<TileJob> tiles;
  std::vector<CopyJob> copies;
};

Jobs jobsOf(uint64_t seed) {
  test::Random random(seed);
  const int64_t strides[] = {8, 16, 24, 32, 40};
  Jobs jobs;
  jobs.weightStride = strides[random.in(0, 4)];
  jobs.activationStride = strides[random.in(0, 4)];
  jobs.setup = static_cast<uint64_t>(random.in(0, 20));
  int nextTile = 0, nextCopy = 0; ///< the first that nobody waits for
  const int64_t count = random.in(12, 40);
  for (int64_t i = 0; i < count; ++i) {
    const bool waits = random.in(0, 2) == 0;
    if (random.in(0, 2) < 2) {
      TileJob tile = {random.in(1, 40), random.in(1, 8), static_cast<uint64_t>(random.in(0, 63)) * 8,
                      0x1000 + static_cast<uint64_t>(random.in(0, 63)) * 8};
      if (waits && nextCopy < static_cast<int>(jobs.copies.size())) {
        tile.waitsFor = nextCopy =
            static_cast<int>(random.in(nextCopy, static_cast<int64_t>(jobs.copies.size()) - 1));
        ++nextCopy;
      }
      jobs.tiles.push_back(tile);
    } else {
      CopyJob copy = {0x2000 + static_cast<uint64_t>(random.in(0, 63)) * 8,
                      static_cast<uint64_t>(random.in(4, 150)),
                      static_cast<uint64_t>(strides[random.in(0, 4)])};
      if (waits && nextTile < static_cast<int>(jobs.tiles.size())) {
        copy.waitsFor = nextTile =
            static_cast<int>(random.in(nextTile, static_cast<int64_t>(jobs.tiles.size()) - 1));
        ++nextTile;
      }
      jobs.copies.push_back(copy);
    }
  }
  return jobs;
}

/// Lines that are asked for, one a cycle, some ahead of their turn, and come from banks in any order.
struct Requests {
  uint64_t ahead;
  std::deque<std::pair<uint64_t, bool>> lines = {}; ///< bank, and whether it came
  uint64_t came = 0;

  bool mayAsk() const { return lines.size() < ahead; }
  bool wants(uint64_t bank) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const auto &line) { return line.first == bank && !line.second; });
  }
  void serve(uint64_t bank) {
    std::find_if(lines.begin(), lines.end(), [&](const auto &line) {
      return line.first == bank && !line.second;
    })->second = true;
    ++came;
  }
  bool isThere() const { return !lines.empty() && lines.front().second; }
};

/// Cycle by cycle: the model of the array, whose ports have a few words ahead, a channel that asks for a line a cycle and has some in flight, and an
/// arbiter for each bank, with one port, which serves whom it has not served for longest.
uint64_t countCycles(const Jobs &jobs, const MatrixArray &array) {
  auto device = makeArray(array);
  std::vector<Port> &ports = (*device)->ports;
  enum { Commands, Weights, Activations, Partials, Results };
  auto bank = [](uint64_t address) { return address / kLineBytes % kBanks; };
  std::vector<uint64_t> tileDone(jobs.tiles.size(), ~uint64_t(0)), copyDone(jobs.copies.size(), ~uint64_t(0));
  auto isDone = [](const std::vector<uint64_t> &done, int which, uint64_t cycle) {
    return which < 0 || done[static_cast<size_t>(which)] <= cycle;
  };
  size_t commands = 0, results = 0, copying = 0;
  int64_t result = 0;
  struct Place {
    size_t tile = 0;
    int64_t word = 0;
  };
  Place load, stream; ///< that are asked for next
  uint64_t line = 0, ready = 0,
           last = 0; ///< of the copy: lines that were asked for, and when the first may be
  bool hasBegun = false;
  Requests requests[3] = {{kAhead}, {kAhead}, {kInFlight}};
  std::array<std::array<uint64_t, 3>, kBanks> served = {}; ///< when each was last
  for (uint64_t cycle = 0; results < jobs.tiles.size() || copying < jobs.copies.size(); ++cycle) {
    if (cycle > 1000000) {
      return 0;
    }
    // Who asks for what.
    if (load.tile < jobs.tiles.size() && isDone(copyDone, jobs.tiles[load.tile].waitsFor, cycle) &&
        requests[0].mayAsk()) {
      const TileJob &tile = jobs.tiles[load.tile];
      requests[0].lines.push_back(
          {bank(tile.weights + static_cast<uint64_t>(load.word * jobs.weightStride)), false});
      load = load.word + 1 == tile.k ? Place{load.tile + 1, 0} : Place{load.tile, load.word + 1};
    }
    if (stream.tile < load.tile && requests[1].mayAsk()) {
      const TileJob &tile = jobs.tiles[stream.tile];
      requests[1].lines.push_back(
          {bank(tile.activations + static_cast<uint64_t>(stream.word * jobs.activationStride)), false});
      stream = stream.word + 1 == tile.m ? Place{stream.tile + 1, 0} : Place{stream.tile, stream.word + 1};
    }
    if (copying < jobs.copies.size() && !hasBegun && isDone(tileDone, jobs.copies[copying].waitsFor, cycle)) {
      hasBegun = true;
      ready = cycle + jobs.setup;
      line = requests[2].came = 0;
    }
    if (hasBegun && cycle >= ready && line < jobs.copies[copying].lines && requests[2].mayAsk()) {
      requests[2].lines.push_back(
          {bank(jobs.copies[copying].from + line++ * jobs.copies[copying].stride), false});
    }
    // What the banks give.
    for (uint64_t of = 0; of < kBanks; ++of) {
      size_t best = 3;
      for (size_t who = 0; who < 3; ++who) {
        if (requests[who].wants(of) && (best == 3 || served[of][who] < served[of][best])) {
          best = who;
        }
      }
      if (best < 3) {
        served[of][best] = cycle + 1;
        requests[best].serve(of);
      }
    }
    while (requests[2].isThere()) {
      requests[2].lines.pop_front();
    }
    ports[Commands].valid = commands < jobs.tiles.size();
    if (ports[Commands].valid) {
      const TileJob &tile = jobs.tiles[commands];
      ports[Commands].word = {static_cast<int32_t>(tile.m), static_cast<int32_t>(array.columns),
                              static_cast<int32_t>(tile.k)};
    }
    ports[Weights].valid = requests[0].isThere();
    ports[Activations].valid = ports[Partials].valid = requests[1].isThere();
    ports[Results].ready = true;
    (*device)->evaluate();
    commands += ports[Commands].moves();
    if (ports[Weights].moves()) {
      requests[0].lines.pop_front();
    }
    if (ports[Activations].moves()) {
      requests[1].lines.pop_front();
    }
    if (ports[Results].moves() && ++result == jobs.tiles[results].m) {
      result = 0;
      tileDone[results++] = last = cycle + 1;
    }
    if (hasBegun && requests[2].came == jobs.copies[copying].lines) {
      copyDone[copying++] = last = cycle + 1;
      hasBegun = false;
    }
    (*device)->clock();
  }
  return last;
}

std::string programOf(const Jobs &jobs) {
  std::vector<bool> tileSignals(jobs.tiles.size()), copySignals(jobs.copies.size());
  for (const TileJob &tile : jobs.tiles) {
    if (tile.waitsFor >= 0) {
      copySignals[static_cast<size_t>(tile.waitsFor)] = true;
    }
  }
  for (const CopyJob &copy : jobs.copies) {
    if (copy.waitsFor >= 0) {
      tileSignals[static_cast<size_t>(copy.waitsFor)] = true;
    }
  }
  auto hex = [](uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return std::string(text);
  };
  std::string program = mode("ws", jobs.activationStride, jobs.weightStride, "wait 0:1");
  for (size_t i = 0; i < jobs.tiles.size(); ++i) {
    const TileJob &tile = jobs.tiles[i];
    program += "mxu.weights from=spad[" + hex(tile.weights) + "] rows=" + std::to_string(tile.k) +
               " columns=8" + (tile.waitsFor >= 0 ? " | wait 3:1" : "") + "\nmxu.stream from=spad[" +
               hex(tile.activations) + "] to=acc[0x0] rows=" + std::to_string(tile.m) +
               " update=write swap=yes" + (tileSignals[i] ? " | signal 2:1" : "") + "\n";
  }
  bool isFirst = true;
  for (size_t i = 0; i < jobs.copies.size(); ++i) {
    const CopyJob &copy = jobs.copies[i];
    program += "dma.copy to=spad[0x8000] from=spad[" + hex(copy.from) +
               "] bytes=8 count=" + std::to_string(copy.lines) + " from1=" + std::to_string(copy.stride) +
               " to1=8 shaped=no" + (isFirst || copy.waitsFor >= 0 ? " |" : "") +
               (isFirst ? " wait 1:1" : "") + (copy.waitsFor >= 0 ? " wait 2:1" : "") +
               (copySignals[i] ? (isFirst || copy.waitsFor >= 0 ? " signal 3:1" : " | signal 3:1") : "") +
               "\n";
    isFirst = false;
  }
  return program + (isFirst ? "fence | wait 1:1\n" : "");
}

TEST_F(Agreement, TwoEnginesTakeNearlyTheSame) {
  const MatrixArray array = {ArrayMode::WeightStationary, 8, 8, 1, 1};
  double sum = 0;
  uint64_t shared = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    useArray(array);
    const Jobs jobs = jobsOf(seed);
    machine.cores[0].spad.readPorts = 1;
    machine.cores[0].dma.maxOutstanding = kInFlight;
    // What holds all others back has no set-up of theirs: it writes for as long as they need to come to their queues.
    machine.cores[0].dma.setupCycles = static_cast<int64_t>(jobs.setup);
    const uint64_t expected = countCycles(jobs, array);
    ASSERT_GT(expected, 0u);
    const Report report =
        run("dma.fill to=spad[0xf000] bytes=8 count=300 to1=0 value=0 | channel 3 signal 0:1 signal 1:1\n" +
            programOf(jobs));
    uint64_t first = 0, last = 0;
    for (const Slice &slice : report.slices) {
      if (slice.entry == 0) {
        first = slice.end;
      } else {
        last = std::max(last, slice.end);
      }
    }
    for (const EngineTime &time : report.engines) {
      shared += cyclesOf(time, Cause::Shared);
    }
    const double error = static_cast<double>(last - first) / static_cast<double>(expected) - 1;
    EXPECT_LE(std::abs(error), 0.05) << seed << ": " << last - first << " instead of " << expected;
    sum += std::abs(error);
  }
  EXPECT_LE(sum / 100, 0.01);
  EXPECT_GT(shared, 1000u);
}

} // namespace
